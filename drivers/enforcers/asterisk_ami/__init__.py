# SPDX-License-Identifier: Apache-2.0
"""Has an Asterisk stop calls: its manager interface (AMI) over TCP."""
