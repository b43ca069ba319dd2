# SPDX-License-Identifier: Apache-2.0
"""Drivers that hear: one module each, offering a `DRIVER` that opens an `edge.ports.Tap`."""
