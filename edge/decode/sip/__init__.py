# SPDX-License-Identifier: Apache-2.0
"""SIP (RFC 3261) as a tap hears it: lenient, lazy, and never raising."""
