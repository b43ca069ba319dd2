# SPDX-License-Identifier: Apache-2.0
"""What can be seen of a box: its numbers, its latest calls, its trunks, and all at a glance."""
