# SPDX-License-Identifier: Apache-2.0
"""Names of headers, and octets as text."""

import pytest

from edge.decode.sip import grammar
from edge.decode.sip.grammar import COMPACT, Names, text


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        (b"From", b"from"),
        (b"fROM \t", b"from"),
        (b"f", b"from"),
        (b"I", b"call-id"),
        (b" V ", b"via"),
        (b"X-Own", b"x-own"),
        (b"", b""),
    ],
)
def test_names(spelled: bytes, name: bytes) -> None:
    names = Names()
    assert [names[spelled], names[spelled]] == [name, name]


def test_compact_forms_are_those_of_the_registry() -> None:
    """IANA registry of SIP header fields, column "compact", as read in 2026."""
    registry = "accept-contact referred-by content-type request-disposition content-encoding from"
    registry += " call-id reject-contact supported content-length contact identity-info event"
    registry += " refer-to subject to allow-events via session-expires identity"
    assert [name.decode() for _, name in sorted(COMPACT.items())] == registry.split()
    assert b"".join(sorted(COMPACT)) == b"abcdefijklmnorstuvxy"


def test_a_sender_that_invents_names_does_not_make_us_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grammar, "MAX_NAMES", 10)
    names = Names()
    for number in range(100):
        assert names[b"X-%d" % number] == b"x-%d" % number
    assert names[b"y" * 65] == b"y" * 65
    assert len(names) == 10


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        ("Әсел №1".encode(), "Әсел №1"),
        ("Müller".encode("latin-1"), "Müller"),
        (b"\xc3", "Ã"),
        (b"\xed\xa0\x80", "í\xa0\x80"),
        (b"", ""),
    ],
)
def test_text_reads_anything(octets: bytes, read: str) -> None:
    assert text(octets) == read
