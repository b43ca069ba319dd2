# SPDX-License-Identifier: Apache-2.0
"""Octets to messages. Pure: no file, no socket, no clock; a decoder never raises on what it hears.

A packet goes `pcapfile` -> `chain` (link, ip, transport, tunnel) -> `sip`; what cannot be read on
the way is a `Malformed`, what is not ours is counted.
"""
