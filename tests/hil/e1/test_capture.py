# SPDX-License-Identifier: Apache-2.0
"""The generator's captures are captures."""

from edge.decode.pcapfile import CaptureReader
from hil.e1.capture import MTP2, pcap


def test_frames_are_read_back() -> None:
    units = CaptureReader("t").feed(pcap(MTP2, [b"abc", b"", b"\xff" * 60]))
    assert [(unit.link, unit.data) for unit in units] == [
        (140, b"abc"),
        (140, b""),
        (140, b"\xff" * 60),
    ]
    assert [unit.at % 10**9 for unit in units] == [0, 20_000_000, 40_000_000]
