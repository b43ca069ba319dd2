# SPDX-License-Identifier: Apache-2.0
"""Who calls many people and is no fraud."""

import pytest

from edge.detect.allowed import PATTERNS, Allowed, Caller, allowed_by
from edge.detect.sketch import mixed
from edge.detect.stats import NS, Kind, Stats


def stats(callers: int, mean_s: int, **counts: int) -> Stats:
    some = Stats(Kind.SOURCE, "x", 0, 0)
    given_ = {"attempts": 100, "ended": 100, "answered": 60, "short": 8, "abandoned": 20}
    for name, value in (given_ | counts).items():
        setattr(some, name, value)
    some.talk_ns = some.answered * mean_s * NS
    for number in range(callers):
        some.callers.add(mixed(number, 1))
    return some


@pytest.mark.parametrize(
    ("some", "name"),
    [
        (stats(3, 90), "bank"),
        (stats(3, 30), "clinic"),
        (stats(12, 30), "delivery"),
        (stats(2, 20, answered=58, short=14), "clinic"),
        (stats(3, 90, short=30), ""),
        (stats(3, 90, stepped=30), ""),
        (stats(60, 90), ""),
        (stats(3, 90, abandoned=60, answered=30), ""),
        (stats(12, 5), ""),
        (stats(3, 90, answered=0), ""),
    ],
    ids=["bank", "clinic", "delivery", "reminders", "hung up on", "in sequence", "rotates",
         "given up", "over at once", "nobody answers"],
)  # fmt: skip
def test_a_pattern(some: Stats, name: str) -> None:
    assert allowed_by(some) == name


def test_patterns_have_names_of_their_own() -> None:
    assert len({pattern.name for pattern in PATTERNS}) == len(PATTERNS)


def test_a_number_alone_is_shown_by_anybody() -> None:
    bank = Allowed([
        Caller("bank", frozenset({"77172000001"}), media=frozenset({"198.51.100.7"})),
        Caller("school", ranges=("7717201",), media=frozenset({"198.51.100.8"})),
    ])  # fmt: skip
    assert bank.knows("77172000001", "198.51.100.7")
    assert not bank.knows("77172000001", "203.0.113.9")
    assert not bank.knows("77172000002", "198.51.100.7")
    assert not bank.knows("77172000001", "198.51.100.8")
    assert bank.key(Kind.MEDIA, "198.51.100.7")
    assert bank.key(Kind.MEDIA, "intl 192.0.2.20 198.51.100.8")
    assert not bank.key(Kind.SOURCE, "198.51.100.7")


def test_a_range_without_an_address() -> None:
    school = Allowed([Caller("school", ranges=("7717200",))])
    assert school.knows("77172000001", "198.51.100.7")
    assert not school.knows("447700900123", "198.51.100.7")
    assert not Allowed().knows("", "")


def test_an_address_alone_is_known_whatever_number_it_shows() -> None:
    clinic = Allowed([Caller("clinic", media=frozenset({"198.51.100.7"}))])
    assert clinic.knows("447700900123", "198.51.100.7")
    assert not clinic.knows("447700900123", "198.51.100.8")
    assert not Allowed([Caller("nobody")]).knows("447700900123", "198.51.100.7")
