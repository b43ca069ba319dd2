# SPDX-License-Identifier: Apache-2.0
"""Q.931 call control on a D channel, over LAPD or IUA.

`codes` are the tables, `framing` cuts a message into elements, `number` and `element` read them,
`message` is the message, `segment` joins what was sent in parts.
"""
