# SPDX-License-Identifier: Apache-2.0
"""Calls go in as they are heard; campaigns come out, and honest callers are left alone."""

import pytest

from edge.detect.allowed import Allowed, Caller
from edge.detect.campaign import End
from edge.detect.detector import Detector, Suspicion, is_local
from edge.detect.stats import Kind
from edge.model.event import CallReleased
from hil.e1.calls import Call, Number, iam
from tests.detect.box import (
    ABROAD,
    AT,
    NS,
    OFFERS,
    centre,
    message,
    octets,
    offer,
    over,
    seized,
)


def play(
    detector: Detector, count: int, *, numbers: int = 1000, bad: float = 0.6, first: int = 1,
    **more: str,
) -> list[Suspicion]:  # fmt: skip
    """Make calls of one device, a minute apart; return which were suspected."""
    found = []
    for number, (one, end) in enumerate(
        centre(count, numbers=numbers, bad=bad, first=first, **more), first
    ):
        if suspicion := detector.offered(one):
            found.append(suspicion)
            detector.note(suspicion, f"r{number}", number)
        detector.released(end)
    return found


def test_a_centre_is_found_within_thirty_calls_and_told_with_its_evidence() -> None:
    detector = Detector()
    found = play(detector, 60)
    assert len(found) >= 30
    (campaign,) = detector.campaigns
    assert {reason.code for reason in campaign.reasons} >= {"rotation", "short"}
    lines = campaign.dossier.lines(hours=campaign.hours)
    assert {"media", "ingress-peer", "fingerprint", "trunk", "hours"} <= {c.kind for c in lines}
    assert all(one.record for clue in lines for one in clue.evidence)


@pytest.mark.parametrize(
    ("numbers", "bad"), [(2, 0.1), (2, 0.25), (20, 0.1), (1000, 0.1)],
    ids=["bank", "collector", "couriers", "carrier"],
)  # fmt: skip
def test_an_honest_caller_of_many_is_none(numbers: int, bad: float) -> None:
    detector = Detector()
    assert play(detector, 500, numbers=numbers, bad=bad) == []
    assert len(detector.campaigns) == 0


BANK = Allowed([Caller("bank", ranges=("447700900",), media=frozenset({"198.51.100.7"}))])


def test_whom_the_centre_knows_is_never_suspected() -> None:
    detector = Detector(allowed=BANK)
    assert play(detector, 100) == []
    assert play(Detector(allowed=Allowed([Caller("other", ranges=("33",))])), 100)


def test_another_device_at_the_same_place_belongs_to_it() -> None:
    detector = Detector()
    play(detector, 60)
    (campaign,) = detector.campaigns
    other = offer(900, AT + 900 * 60 * NS, extra="User-Agent: another\n")
    suspicion = detector.offered(other)
    assert suspicion is not None
    assert suspicion.campaign is campaign


def test_a_known_device_elsewhere_is_found_sooner() -> None:
    fresh, warned = Detector(), Detector()
    play(warned, 60)
    alone = len(play(fresh, 60, first=500, media="203.0.113.77", host="203.0.113.77"))
    again = len(play(warned, 60, first=500, media="203.0.113.77", host="203.0.113.77"))
    assert again >= alone
    assert again >= 25


def test_the_same_program_used_by_an_honest_caller_is_not_suspected() -> None:
    detector = Detector()
    play(detector, 60)
    honest = play(detector, 300, first=500, numbers=2, bad=0.1, media="203.0.113.77",
                  host="203.0.113.77")  # fmt: skip
    assert honest == []


def test_one_that_turns_honest_is_withdrawn() -> None:
    detector = Detector()
    play(detector, 40)
    assert len(detector.campaigns) == 1
    play(detector, 500, first=100, bad=0.02)
    assert len(detector.campaigns) == 0
    assert detector.campaigns.withdrawn == 1


def test_one_ring_on_circuits_is_found_by_its_range_alone() -> None:
    detector, suspected = Detector(), 0
    for number in range(40):
        at = AT + number * 60 * NS
        called = Number(f"771729{number * 977 % 100_000:05}")
        one = seized(iam(Call(Number(f"441632960{number:03}"), called)), at=at)
        suspected += detector.offered(one) is not None
        detector.released(over(one, 2.0, 0.0, "calling"))
        honest = seized(iam(Call(Number(f"331990{number % 7}0123"), called)), at=at + 30 * NS)
        assert detector.offered(honest) is None
        detector.released(over(honest, 10.0, 120.0, "called"))
    assert suspected >= 20


@pytest.mark.parametrize(
    ("address", "local"),
    [("10.1.2.3", True), ("192.168.0.9", True), ("100.64.0.1", True), ("fd00::1", True),
     ("0.1.2.3", True), ("pbx", True), ("203.0.113.7", False), ("2001:db8::1", False)],
)  # fmt: skip
def test_which_addresses_others_may_have(address: str, local) -> None:
    assert is_local(address) is local


def test_the_same_private_address_behind_two_peers_is_two_places() -> None:
    detector = Detector()
    for number, peer in enumerate((b"\xc0\x00\x02\x14", b"\xc0\x00\x02\x15")):
        raw = octets(number, media="192.168.1.5")
        detector.offered(OFFERS.offer(message(raw, source=peer), ABROAD, 1))
    places = [stats.value for stats in detector.behaviour.each(Kind.MEDIA)]
    assert places == ["intl 192.0.2.20 192.168.1.5", "intl 192.0.2.21 192.168.1.5"]
    assert len(list(detector.behaviour.each(Kind.SOURCE))) == 2
    assert len(list(detector.behaviour.each(Kind.DEVICE))) == 1


def test_a_key_of_a_forgotten_campaign_is_judged_again() -> None:
    detector = Detector()
    play(detector, 60)
    (campaign,) = detector.campaigns
    detector.campaigns._forget(campaign, End.CROWDED)
    assert play(detector, 60, first=500)
    assert len(detector.campaigns) == 1


def test_ends_are_counted_whatever_they_are() -> None:
    detector = Detector()
    ends = (("486", "called", 486, 0), ("REL 17", "called", 0, 17), ("CANCEL", "calling", 0, 0),
            ("idle", "us", 0, 0))  # fmt: skip
    for number, (cause, by, status, q850) in enumerate(ends):
        one = offer(number)
        detector.offered(one)
        detector.released(CallReleased(AT + NS, one.call, 1, cause, by, False, 0, status, q850))
    (media,) = detector.behaviour.each(Kind.MEDIA)
    assert (media.attempts, media.live, media.busy, media.abandoned, media.forgotten) == (
        4,
        0,
        2,
        1,
        1,
    )
    detector.released(CallReleased(AT, "unheard of", 1, "BYE", "calling", True, NS))
    assert detector.behaviour.unknown == 1


def test_a_campaign_that_is_stopped_stays_one() -> None:
    detector = Detector()
    play(detector, 40)
    (campaign,) = detector.campaigns
    (media,) = detector.behaviour.each(Kind.MEDIA)
    ended = media.ended
    for number in range(100, 500):
        one = offer(number, AT + number * 60 * NS, calling=f"+447700900{number:03}")
        assert detector.offered(one)
        detector.stopped(one)
        detector.released(over(one, 0.1, 0.0, "called"))
    assert list(detector.campaigns) == [campaign]
    assert (media.ended, media.live, media.forgotten) == (ended, 0, 400)
    assert detector.behaviour.unknown == 400


def test_time_frees_everything() -> None:
    detector = Detector()
    play(detector, 60)
    bounds = detector.behaviour.bounds
    detector.expire(AT + 61 * 60 * NS + bounds.idle_ns)
    assert len(detector.behaviour) == 0
    assert detector.behaviour.up == 0
    assert detector.expire(AT + 100 * 24 * 3600 * NS)
    assert len(detector.campaigns) == 0
