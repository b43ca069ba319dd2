# SPDX-License-Identifier: Apache-2.0
"""The conversation with the hub: what is sent when, on which connection. MQTT is in `session`."""
