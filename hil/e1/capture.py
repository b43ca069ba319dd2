# SPDX-License-Identifier: Apache-2.0
"""Frames to a pcap file, as other tools write one: MTP2 (link type 140) or LAPD (203)."""

import struct
from collections.abc import Iterable

MTP2, LAPD = 140, 203
START_S = 1_700_000_000
APART_US = 20_000


def pcap(link: int, frames: Iterable[bytes]) -> bytes:
    """Return a capture of frames without check sequence, 20 ms apart."""
    found = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)]
    for n, octets in enumerate(frames):
        seconds, micros = divmod(n * APART_US, 1_000_000)
        head = struct.pack("<IIII", START_S + seconds, micros, len(octets), len(octets))
        found += [head, octets]
    return b"".join(found)
