# SPDX-License-Identifier: Apache-2.0
"""An hour on the rig: all processes under mixed traffic, with the faults of the rig in turn."""
