# SPDX-License-Identifier: Apache-2.0
"""From a unit to the messages in it; what carries none is counted by kind."""

from pathlib import Path
from struct import pack

from hypothesis import given, strategies as st

from edge.decode.signalling import Signalling
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit

E1 = Path(__file__).parents[1] / "vectors" / "e1"
BYE = b"BYE sip:1@h SIP/2.0\r\nCall-ID: c1\r\nContent-Length: 0\r\n\r\n"


def udp(payload: bytes, port: int = 5060) -> Unit:
    """Wrap a payload in IPv4 and UDP, by RFC 791 and RFC 768."""
    datagram = pack("!HHHH", 5060, port, 8 + len(payload), 0) + payload
    addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2])
    header = pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0) + addresses
    return Unit("t", LinkType.IPV4, 0, header + datagram)


def test_messages_with_their_unit_and_flow() -> None:
    unit = udp(BYE + BYE)
    found = Signalling().feed(unit)
    assert [(one.type, one.call) for one in found] == [("BYE", "c1"), ("BYE", "c1")]
    assert found[0].unit is unit
    assert found[0].flow.text() == "192.0.2.1:5060 > 192.0.2.2:5060 udp"


def test_port_numbers_are_not_believed() -> None:
    decoder = Signalling()
    assert len(decoder.feed(udp(BYE, port=40_000))) == 1
    assert decoder.feed(udp(b"\x80\x00speech")) == []


def test_what_carries_no_signalling_is_counted_by_kind() -> None:
    decoder = Signalling()
    for payload in (b"\r\n\r\n", b"\x00\x00\x00\x00", b"", b"\x80\x00speech"):
        assert decoder.feed(udp(payload)) == []
    assert decoder.others() == {"keep-alive": 3, "udp without sip": 1}
    assert decoder.losses() == {}


def test_a_lie_in_the_header_is_evidence() -> None:
    (found,) = Signalling().feed(Unit("t", LinkType.IPV4, 0, udp(BYE).data[:25]))
    assert isinstance(found, Malformed)
    assert (found.layer, found.unit.tap) == ("ipv4", "t")


@given(st.sampled_from(LinkType), st.binary(max_size=200))
def test_any_octets_are_counted_once(link: LinkType, octets: bytes) -> None:
    decoder = Signalling()
    for found in decoder.feed(Unit("t", link, 0, octets)):
        assert found.unit
    assert sum(decoder.became.values()) == 1
