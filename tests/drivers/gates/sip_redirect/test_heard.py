# SPDX-License-Identifier: Apache-2.0
"""`X-Heard`: which call a switch asks about that makes one of its own; and what cannot be read."""

import pytest
from hypothesis import given, strategies as st

from drivers.gates.sip_redirect.heard import Heard, read_heard

GOOD = b'peer=198.51.100.10;call="1-2345@198.51.100.10";tag="17";cseq=1'


@pytest.mark.parametrize(("value", "heard"), [
    (GOOD, Heard(bytes((198, 51, 100, 10)), b"1-2345@198.51.100.10", b"17", b"1 INVITE")),
    (b" " + GOOD + b" ", Heard(bytes((198, 51, 100, 10)), b"1-2345@198.51.100.10", b"17",
                               b"1 INVITE")),
    (b'peer=2001:db8::1;call="a";tag="";cseq=7', Heard(
        bytes.fromhex("20010db8000000000000000000000001"), b"a", b"", b"7 INVITE")),
    (b'peer=[2001:db8::1];call="a";tag="";cseq=7', Heard(
        bytes.fromhex("20010db8000000000000000000000001"), b"a", b"", b"7 INVITE")),
    (b"", None),
    (b"peer=198.51.100.10", None),
    (GOOD + b";more=1", None),
    (GOOD.replace(b"198.51.100.10;", b"198.51.100.999;"), None),
    (GOOD.replace(b"198.51.100.10;", b"switch.example;"), None),
    (GOOD.replace(b'"17"', b"17"), None),
    (GOOD.replace(b"cseq=1", b"cseq="), None),
    (GOOD.replace(b"cseq=1", b"cseq=12345678901"), None),
    (GOOD.replace(b"1-2345", b'1"2345'), None),
    (b" " * 1000 + GOOD, None),
])  # fmt: skip
def test_a_value_says_a_call_or_nothing(value: bytes, heard: Heard | None) -> None:
    assert read_heard(value) == heard


@given(st.binary(max_size=2000))
def test_whatever_it_is_nothing_raises(value: bytes) -> None:
    read_heard(value)
    read_heard(GOOD[: len(value) % len(GOOD)] + value)
