# SPDX-License-Identifier: Apache-2.0
"""Has a legacy exchange stop calls: its command port, on a serial line."""
