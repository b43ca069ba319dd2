# SPDX-License-Identifier: Apache-2.0
"""Live capture on a mirror port, by Linux AF_PACKET."""
