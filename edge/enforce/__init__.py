# SPDX-License-Identifier: Apache-2.0
"""Stopping a call: from a verdict that acts to what is said to the network about it."""
