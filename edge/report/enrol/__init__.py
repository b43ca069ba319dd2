# SPDX-License-Identifier: Apache-2.0
"""How a box enters the fleet over MQTT, renews its certificate and its page's, says farewell."""
