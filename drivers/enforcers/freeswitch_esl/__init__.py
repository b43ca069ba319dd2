# SPDX-License-Identifier: Apache-2.0
"""FreeSWITCH: told over its event socket to end or to redirect a call that came in."""
