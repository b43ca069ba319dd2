# SPDX-License-Identifier: Apache-2.0
"""What is blocked: entries, look-up, and how a list reaches this box."""
