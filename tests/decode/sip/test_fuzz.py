# SPDX-License-Identifier: Apache-2.0
"""Whatever is on the wire: never an exception, never much time, never much memory."""

import time
from ipaddress import ip_network
from random import Random

import pytest

from edge.call.sip import SipCalls
from edge.call.sip_offer import SipOffers
from edge.call.trunks import TrunkRule, Trunks
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.head import COMPILED, read_any, scan
from edge.decode.sip.message import SipMessage
from edge.model.event import UNKNOWN_TRUNK, CallOffered, Trunk, TrunkClass
from edge.model.message import Flow
from edge.model.unit import Unit
from edge.numbering.normalise import home_of
from tests.decode.sip.mutate import giants, messages, mutated

COUNT = 100_000
LIMIT = 500
MOST_CPU_S = 1.0
"For one message; a real one takes some ten microseconds, a quadratic reading of 64 KiB minutes."

ABROAD = TrunkRule(Trunk("intl", TrunkClass.INTERNATIONAL), peers=(ip_network("198.51.100.0/24"),))
FLOWS = [Flow(bytes((198, 51, at, 1)), bytes(4), 5060, 5060, "udp") for at in (100, 101)]


class Listener:
    """Hears datagrams, and asks every message everything it can say."""

    def __init__(self) -> None:
        offers = SipOffers({}, home_of(UNKNOWN_TRUNK))
        trunks = Trunks([ABROAD])
        self.calls = SipCalls(trunks, offers.offer, LIMIT, 300 * 10**9, 3600 * 10**9)
        self.heard = self.offered = 0

    def hear(self, octets: bytes, at: int = 0) -> None:
        flow = FLOWS[self.heard % 2]
        self.heard += 1
        found = read_datagram(Unit("t", 1, at, octets), flow, octets)
        for one in found:
            if isinstance(one, SipMessage):
                ask_everything(one)
                events = self.calls.feed(one)
                self.offered += sum(isinstance(event, CallOffered) for event in events)
        self.calls.expire(at)


def ask_everything(message: SipMessage) -> None:
    """Read every property, call every method that takes nothing."""
    for name in dir(SipMessage):
        if not name.startswith("_"):
            said = getattr(message, name)
            if callable(said) and name in {"fields", "facts"}:
                said()
    for header in ("p-asserted-identity", "diversion", "contact", "via"):
        message.addresses(header)


@pytest.mark.slow
def test_a_hundred_thousand_mutated_messages() -> None:
    random, good, listener = Random(7172), messages(), Listener()
    for number in range(COUNT):
        junk = random.randbytes(random.randint(0, 400))
        octets = mutated(random, good) if number % 5 else junk
        listener.hear(octets, number * 10**7)
        assert len(listener.calls) <= LIMIT
    assert listener.offered > COUNT / 20  # the mutations leave enough to be worth it


@pytest.mark.skipif(not COMPILED, reason="built without a C compiler: no second way")
def test_the_compiled_scan_reads_mutated_messages_as_the_general_way_does() -> None:
    random, good, scanned = Random(603), messages(), 0
    for _ in range(20_000):
        octets = mutated(random, good)
        if plain := scan(octets, 0):
            assert plain == read_any(octets, 0)
            scanned += 1
    assert scanned > 2000


@pytest.mark.parametrize("octets", [pytest.param(octets, id=name) for name, octets in giants()])
def test_a_giant_costs_little_time(octets: bytes) -> None:
    listener = Listener()
    began = time.process_time()
    listener.hear(octets)
    assert time.process_time() - began < MOST_CPU_S
