# SPDX-License-Identifier: Apache-2.0
"""Drivers that are told; each module offers a `DRIVER` that opens an `edge.ports.Enforcer`."""
