# SPDX-License-Identifier: Apache-2.0
"""Drivers that are asked before a call goes on; each offers one that opens an `edge.ports.Gate`."""
