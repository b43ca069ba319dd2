# SPDX-License-Identifier: Apache-2.0
"""Counters that known products got wrong: never negative, never shared, freed, bounded."""

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.detect.behaviour import Behaviour, Bounds, Up
from edge.detect.stats import HOUR_NS, KINDS, NS, Ended, Kind, Stats
from tests.detect.test_stats import ended, seen

BOUNDS = Bounds(keys=6, calls=12, idle_ns=HOUR_NS, age_ns=24 * HOUR_NS)


def keys(*values: str) -> tuple[tuple[Kind, str], ...]:
    return tuple(zip(Kind, values, strict=False))


class Life(RuleBasedStateMachine):
    """Calls come and end in any order, of any keys; a plain model counts beside."""

    def __init__(self) -> None:
        super().__init__()
        self.behaviour = Behaviour(BOUNDS)
        self.now = 0
        self.up: dict[tuple[str, int], tuple[Stats, ...]] = {}
        self.ever: dict[int, Stats] = {}
        self.offers: dict[int, int] = {}
        self.touched = 0

    @rule(call=st.integers(0, 20), values=st.tuples(*[st.sampled_from("abcdefgh")] * 5))
    def offer(self, call, values) -> None:
        self.now += NS
        name = (str(call), 1)
        if name not in self.up and len(self.up) >= BOUNDS.calls:
            self.up.pop(next(iter(self.up)))
        self.up.pop(name, None)
        found = self.behaviour.offered(name, keys(*values), seen(self.now))
        self.up[name] = found
        for stats in found:
            self.ever[id(stats)] = stats
            self.offers[id(stats)] = self.offers.get(id(stats), 0) + 1

    @rule(
        call=st.integers(0, 25),
        talk_s=st.sampled_from([0, 0, 3, 60]),
        by_calling=st.booleans(),
        busy=st.booleans(),
        heard=st.booleans(),
    )
    def end(self, call, talk_s, by_calling, busy, heard) -> None:
        self.now += NS
        name = (str(call), 1)
        unknown = self.behaviour.unknown
        how = ended(self.now, talk_s, by_calling, busy=busy, heard=heard)
        found = self.behaviour.ended(name, how)
        assert found == self.up.pop(name, ())
        assert self.behaviour.unknown == unknown + (not found)

    @rule(hours=st.integers(0, 3))
    def wait(self, hours) -> None:
        self.now += hours * HOUR_NS
        self.behaviour.expire(self.now)

    @rule()
    def compact(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("edge.call.compact.LEAST", 0)
            self.behaviour.compact()

    @invariant()
    def live_is_what_is_up(self) -> None:
        up = [stats for found in self.up.values() for stats in found]
        assert self.behaviour.up == len(self.up)
        for stats in self.ever.values():
            assert stats.live == sum(one is stats for one in up)

    @invariant()
    def every_call_is_counted_once_and_no_count_is_negative(self) -> None:
        for name, stats in self.ever.items():
            assert stats.attempts == self.offers[name] == sum(stats.hours)
            assert stats.live + stats.ended + stats.forgotten == stats.attempts
            assert 0 <= stats.answered + stats.busy + stats.abandoned <= stats.ended
            assert 0 <= stats.short <= stats.answered
            assert min(stats.talk_ns, stats.rung_ns, stats.stepped, stats.live) >= 0
            assert len(stats.callees) <= stats.attempts

    @invariant()
    def nothing_grows_beyond_its_bounds(self) -> None:
        assert self.behaviour.up <= BOUNDS.calls
        for kind in Kind:
            known = list(self.behaviour.each(kind))
            assert len(known) <= BOUNDS.keys
            assert all(stats.kind is kind for stats in known)
            assert [stats.last for stats in known] == sorted(stats.last for stats in known)


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase


def test_each_key_has_counts_of_its_own() -> None:
    behaviour = Behaviour()
    same = keys("x", "x", "x", "x", "x")
    one = behaviour.offered(("1", 1), same, seen())
    other = behaviour.offered(("2", 1), keys("y", "x", "x", "x", "x"), seen())
    assert len({id(stats) for stats in one}) == 5
    assert one[1:] == other[1:]
    assert (one[0].attempts, other[0].attempts, one[1].attempts) == (1, 1, 2)


@pytest.mark.parametrize(
    ("how", "counted"),
    [
        (ended(talk_s=60, by_calling=False), "answered"),
        (ended(talk_s=3), "short"),
        (ended(), "abandoned"),
        (ended(by_calling=False, busy=True), "busy"),
        (ended(heard=False), "forgotten"),
    ],
    ids=["answered", "short", "cancel", "busy", "silence"],
)
def test_every_end_frees_the_call_and_is_counted(how: Ended, counted: str) -> None:
    behaviour = Behaviour()
    (stats,) = behaviour.offered(("1", 1), keys("x"), seen())
    assert (stats.live, behaviour.up) == (1, 1)
    behaviour.ended(("1", 1), how)
    behaviour.ended(("1", 1), how)  # said again, as a repeated BYE would
    assert (stats.live, behaviour.up, getattr(stats, counted)) == (0, 0, 1)
    assert stats.ended + stats.forgotten == 1


def test_a_key_is_forgotten_when_it_is_silent_but_not_while_it_has_calls() -> None:
    behaviour = Behaviour(BOUNDS)
    behaviour.offered(("1", 1), keys("x"), seen())
    assert behaviour.expire(HOUR_NS) == 0
    behaviour.ended(("1", 1), ended(HOUR_NS))
    assert behaviour.expire(2 * HOUR_NS) == 1
    assert behaviour.get(Kind.DEVICE, "x") is None


def test_the_longest_silent_goes_first_and_those_of_campaigns_last() -> None:
    behaviour = Behaviour(BOUNDS)
    for number in range(BOUNDS.keys):
        (stats,) = behaviour.offered((str(number), 1), keys(str(number)), seen(number))
        behaviour.ended((str(number), 1), ended())
        stats.campaign = "c1" if number < 2 else ""
    behaviour.offered(("new", 1), keys("new"), seen(99))
    assert behaviour.get(Kind.DEVICE, "2") is None
    assert behaviour.get(Kind.DEVICE, "0")
    assert behaviour.get(Kind.DEVICE, "1")
    assert behaviour.evicted == 1


def test_a_key_is_counted_anew_after_its_time() -> None:
    behaviour = Behaviour(BOUNDS)
    (old,) = behaviour.offered(("1", 1), keys("x"), seen(0))
    old.campaign = "c1"
    (new,) = behaviour.offered(("2", 1), keys("x"), seen(24 * HOUR_NS))
    assert (old.attempts, new.attempts, new.campaign) == (1, 1, "c1")
    behaviour.ended(("1", 1), ended())
    assert (old.live, new.live) == (0, 1)


def test_a_call_may_be_counted_under_a_key_of_each_kind() -> None:
    keys = tuple(Stats(kind, str(kind), 0, 0) for kind in KINDS)
    assert Up(0, *keys).stats == keys
    assert Up(0, *keys[1:]).stats == keys[1:]
