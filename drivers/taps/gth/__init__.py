# SPDX-License-Identifier: Apache-2.0
"""Corelatus GTH: signalling of E1 and SDH probes over TCP."""
