# SPDX-License-Identifier: Apache-2.0
"""The box itself: interfaces, their state and their own counters."""
