# SPDX-License-Identifier: Apache-2.0
"""URIs and addresses, taken apart as a phone does."""

import pytest
from hypothesis import given, strategies as st

from edge.decode.sip.uri import (
    COMPILED,
    Uri,
    parse_address,
    parse_uri,
    plain_uri,
    read_any_uri,
    split_list,
    tag_of,
)

URIS = {
    "sip:+77172000001@192.0.2.1": ("sip", "+77172000001", "192.0.2.1", 0, ""),
    "SIPS:anna@h.example:5061;lr": ("sips", "anna", "h.example", 5061, ";lr"),
    "sip:192.0.2.1:5080": ("sip", "", "192.0.2.1", 5080, ""),
    "sip:a@[2001:db8::1]:5060;x": ("sip", "a", "2001:db8::1", 5060, ";x"),
    "sip:a@[2001:db8::1]": ("sip", "a", "2001:db8::1", 0, ""),
    "sip:a@[2001:db8::1": ("sip", "a", "2001:db8::1", 0, ""),
    "sip:a:secret@h": ("sip", "a", "h", 0, ""),
    "sip:a@h:99999": ("sip", "a", "h", 99999, ""),
    "sip:a@h:999999": ("sip", "a", "h", 0, ""),
    "sip:a@h:٣": ("sip", "a", "h", 0, ""),
    "sip:a@h?subject=x": ("sip", "a", "h", 0, "?subject=x"),
    "sip:h?to=a%40b": ("sip", "", "h", 0, "?to=a%40b"),
    "sip:+7;phone-context=x@h": ("sip", "+7;phone-context=x", "h", 0, ""),
    "tel:+7-717-200-0001;isub=1": ("tel", "+7-717-200-0001;isub=1", "", 0, ""),
    "urn:service:sos": ("urn", "", "", 0, "service:sos"),
    "+77172000001@h": ("", "+77172000001", "h", 0, ""),
    "77172000001:x@h": ("", "77172000001", "h", 0, ""),
    "": ("", "", "", 0, ""),
    "sip:": ("sip", "", "", 0, ""),
    "@": ("", "", "", 0, ""),
}


@pytest.mark.parametrize(("raw", "parts"), URIS.items(), ids=URIS)
def test_parse_uri(raw: str, parts: tuple[str, str, str, int, str]) -> None:
    for octets in (f" {raw} ".encode(), raw.encode()):
        uri = parse_uri(octets)
        assert (uri.scheme, uri.user, uri.host, uri.port, uri.parameters) == parts
        assert uri.raw == raw


PIECES_OF_URIS = st.sampled_from(
    ["sip:", "sips:", "a", "+7717", "@", ":", ":5060", ":123456", ";", ";x=y", "h.example",
     "192.0.2.1", "[::1]", "?", ">", "%40", " ", "é", "\x7f", "\x00", "SIP:", "1"]
)  # fmt: skip


@pytest.mark.skipif(not COMPILED, reason="built without a C compiler: no second way")
@given(st.lists(PIECES_OF_URIS, max_size=7).map("".join))
def test_a_plain_uri_is_read_as_any_other(tail: str) -> None:
    for raw in (tail, f"sip:{tail}", f"sip:{tail}@h.example"):
        plain = plain_uri(raw.encode())
        assert plain is None or Uri(*plain) == read_any_uri(raw.encode())


@pytest.mark.skipif(not COMPILED, reason="built without a C compiler: no second way")
def test_uris_as_phones_and_exchanges_write_them_are_plain() -> None:
    for raw, parts in URIS.items():
        is_plain = raw.startswith("sip:") and parts[2].isascii() and len(raw) > len("sip:")
        odd = "[" in raw or "?" in raw or "secret" in raw or "999999" in raw or not raw.isascii()
        assert (plain_uri(raw.encode()) is not None) is (is_plain and not odd), raw


@pytest.mark.parametrize(
    ("raw", "digits"),
    [
        ("sip:%2B7717%32000001@h", "+77172000001"),
        ("sip:+77172000001;npdi;rn=1@h", "+77172000001"),
        ("tel:+7-717;ext=5", "+7-717"),
        ("sip:%ff%fe@h", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ("sip:%zz@h", "%zz"),
    ],
)
def test_digits(raw: str, digits: str) -> None:
    assert parse_uri(raw.encode()).digits() == digits


ADDRESSES = {
    '"Bank" <sip:1@h>;tag=t': ("Bank", "1", {"tag": "t"}),
    "<sip:1@h;tag=no>;tag=yes;TAG=late": ("", "1", {"tag": "yes"}),
    "Two Words <sip:1@h>": ("Two Words", "1", {}),
    "Al, Inc. <sip:1@h>": ("Al, Inc.", "1", {}),
    '"a \\"b\\" \\\\" <sip:1@h>': ('a "b" \\', "1", {}),
    '"<sip:2@evil>" <sip:1@h>': ("<sip:2@evil>", "1", {}),
    'Foo "bar" <sip:1@h>;x=<sip:2@evil>': ('Foo "bar"', "1", {"x": "<sip:2@evil>"}),
    'Foo "<sip:2@evil>" <sip:1@h>': ('Foo "<sip:2@evil>"', "1", {}),
    '"never closes <sip:1@h>;tag=t': ("", "1", {"tag": "t"}),
    "<sip:1@h": ("", "1", {}),
    "sip:1@h;tag=t": ("", "1", {"tag": "t"}),
    '<sip:1@h> ; a = "x;y\\"z" ;b; c=': ("", "1", {"a": 'x;y"z', "b": "", "c": ""}),
    "": ("", "", {}),
    '"': ("", "", {}),
    "<>": ("", "", {}),
    '"" <sip:1@h>': ("", "1", {}),
}


@pytest.mark.parametrize(("value", "parts"), ADDRESSES.items(), ids=ADDRESSES)
def test_parse_address(value: str, parts: tuple[str, str, dict[str, str]]) -> None:
    address = parse_address(value.encode())
    assert (address.display, address.uri.user, address.parameters) == parts


@given(st.lists(st.sampled_from(["<", ">", '"', ";", "sip:a@h", "tag=x", " ", "\\", "é", ","])))
def test_an_address_that_begins_with_its_uri_is_read_as_any_other(pieces: list[str]) -> None:
    octets = b"<" + "".join(pieces).encode()
    assert parse_address(octets) == parse_address(b" " + octets)


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        (b"a", [b"a"]),
        (b" a , b,, c ", [b"a", b"b", b"c"]),
        (b'"x,y" <sip:1,2@h>, b', [b'"x,y" <sip:1,2@h>', b"b"]),
        (b'"never, closes', [b'"never, closes']),
        (b"<never, closes", [b"<never, closes"]),
        (b",", []),
        (b"", [b""]),
    ],
)
def test_split_list(value: bytes, elements: list[bytes]) -> None:
    assert split_list(value) == elements


PIECES = [
    "<sip:a@h",
    "sip:a@h",
    ">",
    ";tag=t1",
    ";x=y",
    ' "q',
    '"',
    '"n" ',
    "; TAG = t2",
    ";lr",
    "\\",
]


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_tag_of_finds_what_taking_all_apart_finds(value: str) -> None:
    """The quick way and the thorough one must agree, else one call would be followed as two."""
    octets = value.encode()
    assert tag_of(octets).decode() == parse_address(octets).parameters.get("tag", "")
