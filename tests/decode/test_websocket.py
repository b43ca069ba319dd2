# SPDX-License-Identifier: Apache-2.0
"""Frames of RFC 6455, written here by its section 5.2, whole and in pieces."""

import pytest
from hypothesis import given, strategies as st

from edge.decode.websocket import MAX_MESSAGE, WebSocketFramer

SHAKEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def frame(
    data: bytes, opcode: int = 1, *, last: bool = True, key: bytes = b"", rsv: int = 0
) -> bytes:
    first = (0x80 if last else 0) | rsv | opcode
    mask = 0x80 if key else 0
    size = len(data)
    if size < 126:
        head = bytes([first, mask | size])
    elif size < 65536:
        head = bytes([first, mask | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, mask | 127]) + size.to_bytes(8, "big")
    masked = bytes(octet ^ key[at % 4] for at, octet in enumerate(data)) if key else data
    return head + key + masked


STREAMS = {
    "plain": (frame(b"hello"), [b"hello"]),
    "empty": (frame(b""), [b""]),
    "masked": (frame(b"hello", key=b"\x11\x22\x33\x44"), [b"hello"]),
    "RFC 6455 5.7, masked Hello": (bytes.fromhex("818537fa213d7f9f4d5158"), [b"Hello"]),
    "two in one": (frame(b"a") + frame(b"b", 2), [b"a", b"b"]),
    "in frames, a ping between": (
        frame(b"he", last=False) + frame(b"p", 9) + frame(b"llo", 0), [b"hello"],
    ),
    "16-bit length": (frame(b"x" * 300, key=b"abcd"), [b"x" * 300]),
    "64-bit length": (frame(b"y" * 70_000), [b"y" * 70_000]),
    "compressed is not opened": (frame(b"zip", rsv=0x40) + frame(b"ok"), [b"ok"]),
    "a new message ends one without end": (frame(b"lost", last=False) + frame(b"ok"), [b"ok"]),
}  # fmt: skip


@pytest.mark.parametrize(("octets", "messages"), STREAMS.values(), ids=STREAMS.keys())
@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_frames(octets: bytes, messages: list[bytes], size: int) -> None:
    framer, stream = WebSocketFramer(), SHAKEN + octets
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [message for piece in pieces for message in framer.feed(piece)] == messages


def test_compressed_frames_are_counted() -> None:
    framer = WebSocketFramer()
    framer.feed(SHAKEN + frame(b"zip", rsv=0x40))
    assert framer.compressed == 1


def test_too_long_a_message_is_dropped() -> None:
    framer = WebSocketFramer()
    assert framer.feed(SHAKEN + frame(bytes(MAX_MESSAGE + 1))) == []
    assert framer.held == 0


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_octets_are_bounded(pieces: list[bytes]) -> None:
    framer = WebSocketFramer()
    for piece in [SHAKEN, *pieces * 10]:
        framer.feed(piece)
        assert framer.held <= 2 * MAX_MESSAGE + 300
