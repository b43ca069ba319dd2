# SPDX-License-Identifier: Apache-2.0
"""E1 probes on a serial port: the records of E1TAP/1."""
