# SPDX-License-Identifier: Apache-2.0
"""Qalqan Edge: hears trunk signalling, decides calls, has fraud stopped before it rings."""

__version__ = "0.1.0"
