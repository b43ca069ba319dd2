# SPDX-License-Identifier: Apache-2.0
"""A SIP redirect server: a switch asks it where a call goes, before the call goes there."""
