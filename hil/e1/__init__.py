# SPDX-License-Identifier: Apache-2.0
"""The E1 side of the rig: calls as bits on timeslots, and a probe that hears them."""
