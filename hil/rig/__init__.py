# SPDX-License-Identifier: Apache-2.0
"""What stands around a box on the bench: its hub, and what is played to its taps."""
