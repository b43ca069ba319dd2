# SPDX-License-Identifier: Apache-2.0
"""Calls that are told into the mirror port: whole, each its own, counted by kind; time is given."""

from collections import Counter

import pytest

from hil.hour.play import (
    ENDS,
    FLOOD,
    FLOOD_S,
    MARK,
    MOST_AT_ONCE,
    SHARES,
    Counts,
    Player,
    counted,
    write as write_counts,
)
from hil.region.tables import ABROAD2, HELP, LISTED, SPOOFED
from hil.region.watch import Message, read

RATE, LASTS_S, LONGEST_S = 30, 100, 80


class Cable:
    """Takes frames, until it is pulled."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.is_out = False

    def send(self, frame: bytes) -> bool:
        if self.is_out:
            return False
        message = read(frame, len(self.heard))
        assert message is not None
        assert int.from_bytes(frame[16:18]) == len(frame) - 14, "length of the datagram (RFC 791)"
        assert int.from_bytes(frame[38:40]) == len(frame) - 34, "and of what is in it (RFC 768)"
        self.heard.append(message)
        return True


def played(rate: float, seconds: int) -> tuple[Cable, Player]:
    cable = Cable()
    player = Player(rate, cable.send)
    for tenth in range(10 * seconds + 1):
        player.step(tenth / 10)
    return cable, player


@pytest.fixture(scope="module")
def hour() -> tuple[Cable, Player]:
    return played(RATE, LASTS_S)


def by_call(cable: Cable) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for one in cable.heard:
        found.setdefault(one.call, []).append(one)
    return found


def test_so_many_calls_begin_and_each_is_counted_once(hour):
    cable, player = hour
    assert len(by_call(cable)) == RATE * LASTS_S
    assert sum(player.counts.calls.values()) == RATE * LASTS_S
    assert set(player.counts.calls) == set(SHARES)
    assert (player.counts.frames, player.counts.uncarried) == (len(cable.heard), 0)


def test_calls_are_whole_and_end_in_every_way(hour):
    ways: Counter[str] = Counter()
    for messages in list(by_call(hour[0]).values())[: RATE * (LASTS_S - LONGEST_S)]:
        labels = [one.label.split()[0] for one in messages]
        ways[" ".join(labels)] += 1
        tags = {one.source == ABROAD2 for one in messages}
        assert tags == {True, False}, "both sides speak"
    assert set(ways) == {
        "INVITE 100 180 200 ACK BYE 200", "INVITE 100 486 ACK",
        "INVITE 100 180 CANCEL 200 487 ACK",
    }  # fmt: skip
    assert sum(ENDS.values()) == 100


def test_numbers_are_those_of_their_kind(hour):
    cable, player = hour
    callers = Counter(one.calling for one in cable.heard if one.label == "INVITE")
    called = Counter(one.called for one in cable.heard if one.label == "INVITE")
    kinds = player.counts.calls
    assert callers[LISTED] == kinds["listed"] + kinds["help of a listed"]
    assert sum(n for who, n in callers.items() if who.startswith(SPOOFED[:6])) == kinds["spoofed"]
    assert called[HELP] == kinds["help"] + kinds["help of a listed"]
    assert all(who.startswith("7600") for who in called if who != HELP)
    assert not any(MARK.decode() in one.call for one in cable.heard)


def test_what_the_cable_does_not_take_is_counted_apart():
    cable = Cable()
    player = Player(10, cable.send)
    player.step(1)
    cable.is_out = True
    player.step(1.1)
    assert (player.counts.frames, player.counts.uncarried) == (10, 10 + 1)
    assert len(cable.heard) == 10, "the INVITEs; then 10 answers and one more INVITE had no cable"


def test_after_a_stall_calls_are_made_up_for_bit_by_bit():
    cable = Cable()
    player = Player(1000, cable.send)
    player.step(10)
    assert len(by_call(cable)) == MOST_AT_ONCE
    for number in range(19):
        player.step(10 + number / 1000)
    assert len(by_call(cable)) == 1000 * 10


def test_a_flood_is_of_invites_alone_and_ends():
    cable, player = played(10, 1)
    player.flood(1.0)
    for tenth in range(10, 101):
        player.step(tenth / 10)
        player.step(tenth / 10 + 0.05)
    kinds = dict(player.counts.calls)
    assert kinds.pop("flood") == FLOOD * FLOOD_S
    assert sum(kinds.values()) == 10 * 10, "people call as often as before"
    alone = [one for one in by_call(cable).values() if len(one) == 1]
    assert len(alone) >= FLOOD * FLOOD_S


def test_counts_are_read_by_others_as_they_were_written(tmp_path):
    path = tmp_path / "counts.json"
    assert counted(path) == Counts({})
    counts = Counts({"honest": 7}, 40, 2)
    write_counts(path, counts)
    assert counted(path) == counts
