# SPDX-License-Identifier: Apache-2.0
"""Both ways of reading a head agree: the compiled scan of plain ones, and the general way."""

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from edge.decode.chain import Chain
from edge.decode.pcapfile import CaptureReader
from edge.decode.sip.grammar import NAMES
from edge.decode.sip.head import (
    ABSENT,
    COMPILED,
    NO_NUMBER,
    branches,
    branches_of,
    headers,
    headers_of,
    lines_of,
    read_any,
    read_head,
    scan,
    start_type,
    target,
    target_of,
)
from edge.decode.sip.uri import branch_of, split_list
from edge.decode.transport import Datagram
from edge.model.unit import Unit

VECTORS = Path(__file__).parents[2] / "vectors" / "sip"

needs_scan = pytest.mark.skipif(not COMPILED, reason="built without a C compiler: no second way")


def heard() -> list[bytes]:
    """Return the datagrams of all captures and of the torture set, each once."""
    found = [path.read_bytes() for path in sorted((VECTORS / "torture").glob("*.sip"))]
    for path in sorted(VECTORS.glob("*.pcap")):
        chain = Chain()
        for unit in CaptureReader("t").feed(path.read_bytes()):
            if isinstance(unit, Unit):
                found += [one.data for one in chain.feed(unit) if isinstance(one, Datagram)]
    return list(dict.fromkeys(found))


HEARD = heard()


@needs_scan
def test_headers_of_plain_messages_are_found_alike() -> None:
    found = 0
    for data in HEARD:
        head = data.partition(b"\r\n\r\n")[0]
        plain = headers(head, NAMES)
        assert plain is None or plain == headers_of(lines_of(head))
        found += plain is not None
    assert found > len(HEARD) * 0.9


@needs_scan
def test_plain_messages_are_scanned_and_read_alike() -> None:
    scanned = 0
    for data in HEARD:
        if plain := scan(data, 0):
            assert plain == read_any(data, 0)
            scanned += 1
    assert scanned > len(HEARD) * 0.9  # what real software writes is plain


START = [
    "INVITE", "SIP/2.0", "200", " ", " ", "\t", "\r\n", "\n", "<", ">", "sip:a@h", "\x7f", "é",
]  # fmt: skip


@needs_scan
@given(st.lists(st.sampled_from(START), max_size=8).map("".join))
def test_the_request_uri_of_a_plain_start_line_is_found_as_of_any_other(text: str) -> None:
    for head in (text, f"INVITE {text} SIP/2.0\r\nTo: b", f"INVITE sip:b SIP/2.0\r\n{text}"):
        octets = head.encode()
        if (plain := target(octets)) is not None:
            line = lines_of(octets)[0]
            assert (plain, start_type(line).isalpha()) == (target_of(line), True)


@needs_scan
def test_the_request_uris_that_real_software_writes_are_found_plain() -> None:
    found = {target(data) for data in HEARD}
    assert len(found - {None}) > 1
    requests = [data for data in HEARD if start_type(data.partition(b"\r\n")[0]).isalpha()]
    assert sum(target(data) is not None for data in requests) > len(requests) * 0.9
    assert not any(target(data) for data in HEARD if data.startswith(b"SIP/"))


PLAIN = b"""INVITE sip:a@b SIP/2.0
Via: SIP/2.0/UDP h;branch=z9hG4bKa, SIP/2.0/UDP i;branch=z9hG4bKb
From: "A > B" <sip:+77172000001@x>;x=y;tag=one
t: <sip:b@b>
Call-ID: c@h
CSeq: 1 INVITE
l: 4

body""".replace(b"\n", b"\r\n")

PIECES = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b" ", b"\t", b";tag=x", b";TAG=y", b";", b",", b"<", b">", b'"', b"\\",
     b":", b"\x00", b"\x0b", b"Via: SIP/2.0/TCP q ; branch = w", b"\r\nf: <sip:x@y>;tag=two",
     b"\xff", b"\r\nCall-ID : z", b"\r\nContent-Length: -1", b"\r\n\r\n", b"SIP/2.0", b"  ",
     b"\r\nCSEQ:  7   ACK "]
)  # fmt: skip


@needs_scan
@given(st.lists(st.tuples(st.integers(0, len(PLAIN)), PIECES), max_size=4), st.integers(0, 3))
def test_a_spoilt_message_is_read_alike_or_left_to_the_general_way(
    edits: list[tuple[int, bytes]], cut: int
) -> None:
    data = PLAIN
    for at, piece in edits:
        data = data[:at] + piece + data[at + cut :]
    if plain := scan(data, 0):
        head = data[: plain[1]]
        assert plain == read_any(data, 0)
        assert headers(head, NAMES) in (None, headers_of(lines_of(head)))
        chain = headers_of(lines_of(head)).get(b"via", [])
        assert branches(chain) in (None, hop_by_hop(chain))


def hop_by_hop(chain: list[bytes]) -> tuple[bytes, ...]:
    return tuple(branch_of(hop) for via in chain for hop in split_list(via))


def test_the_branches_of_a_chain_are_those_of_its_hops() -> None:
    chains = [headers_of(lines_of(data)).get(b"via", []) for data in HEARD]
    assert [branches_of(chain) for chain in chains] == [hop_by_hop(chain) for chain in chains]
    assert {len(branches_of(chain)) for chain in chains} >= {1, 2}


@given(st.binary(max_size=300), st.integers(0, 20))
def test_any_octets_are_a_head_or_none(data: bytes, start: int) -> None:
    head = read_head(data, min(start, len(data)))
    assert head is None or head[1] <= len(data)


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (b"Content-Length: 12", 12),
        (b"l:3", 3),
        (b"Content-Length: twelve", NO_NUMBER),
        (b"Content-Length: -1", NO_NUMBER),
        (b"Content-Length: 9999999999", NO_NUMBER),
        (b"Content-Length", ABSENT),
        (b"Subject: none", ABSENT),
    ],
)
def test_content_length(line: bytes, length: int) -> None:
    data = b"OPTIONS sip:a SIP/2.0\r\n" + line + b"\r\n\r\n"
    head = read_any(data, 0)
    assert head is not None
    assert head.length == length


def test_the_first_of_a_repeated_header_counts() -> None:
    lines = lines_of(b"X y SIP/2.0\r\ni: one\r\nCall-ID: two\r\nno colon\r\nVia: a\r\nv: b")
    assert headers_of(lines) == {b"call-id": [b"one", b"two"], b"via": [b"a", b"b"]}


def test_folded_lines_are_joined_and_others_kept() -> None:
    assert lines_of(b"a\r\nb: c\r\n  d\r\n\te\nf: g") == [b"a", b"b: c d e", b"f: g"]


def test_a_head_is_found_behind_another_message() -> None:
    second = next(islice((m for m in HEARD if m.startswith(b"SIP/2.0")), 1))
    head = read_head(PLAIN + second, len(PLAIN))
    assert head is not None
    assert head[0] == second[8:11].decode()
