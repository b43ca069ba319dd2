# SPDX-License-Identifier: Apache-2.0
"""The demo: a broker, the hub, an appliance beside a trunk, on this machine."""
