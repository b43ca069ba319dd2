# SPDX-License-Identifier: Apache-2.0
"""osmo-e1d: timeslots of an Osmocom e1-tracer or icE1usb."""
