# SPDX-License-Identifier: Apache-2.0
"""ISUP (Q.763) with the Russian profile (ISUP-R), also as a SIP-I body.

`codes` and `layout` are the tables, `number` and `parameter` the contents, `message` the message,
`segment` joins what was sent in two parts.
"""
