# SPDX-License-Identifier: Apache-2.0
"""Kamailio: told by JSON-RPC to reject a call that waits, or to end one that was answered."""
