# SPDX-License-Identifier: Apache-2.0
"""What belongs together is one campaign, under an id that stays."""

from edge.detect.campaign import (
    DAY_NS,
    IDLE_NS,
    LEAST_PURE,
    MOST,
    Campaign,
    Campaigns,
    End,
    id_of,
)
from edge.detect.score import ROTATION, SEQUENTIAL, SHORT, Reason, Score
from edge.detect.stats import Kind, Stats

DAY = 20_418 * DAY_NS
SURE = Score(0.9, (Reason(ROTATION.code, {"callers": 20, "attempts": 24}, 1.0),
                   Reason(SHORT.code, {"short": 9, "answered": 12}, 1.0)))  # fmt: skip
STEPS = Score(0.95, (Reason(SEQUENTIAL.code, {"stepped": 20, "attempts": 24}, 1.0),))


def key(kind: Kind, value: str, at: int = DAY, attempts: int = 24, called: int = 0) -> Stats:
    some = Stats(kind, value, at, at)
    some.attempts, some.last_called = attempts, called
    return some


def call(source: str, device: str, media: str, peer: str = "p", called: int = 0) -> list[Stats]:
    """Return the keys of a call."""
    return [
        key(Kind.DEVICE, device), key(Kind.SOURCE, source, called=called), key(Kind.MEDIA, media),
        key(Kind.RANGE, "44770090"), key(Kind.PEER, peer),
    ]  # fmt: skip


def found(campaigns: Campaigns, keys: list[Stats], score: Score = SURE, at: int = DAY) -> Campaign:
    return campaigns.found(keys[1], score, keys, at)


def test_one_begins_and_its_calls_belong_to_it() -> None:
    campaigns = Campaigns()
    one = found(campaigns, call("s", "d", "m"))
    assert campaigns.of([(Kind.DEVICE, "d"), (Kind.SOURCE, "s")]) is one
    assert campaigns.of([(Kind.DEVICE, "d"), (Kind.SOURCE, "other")]) is None
    assert campaigns.get(one.id) is one
    assert campaigns.uses("d")
    assert not campaigns.uses("other")


def test_the_id_stays_when_counting_begins_anew_on_the_same_day() -> None:
    first = found(Campaigns(), call("s", "d", "m"))
    again = call("s", "d", "m")
    again[1].first += DAY_NS // 2
    assert found(Campaigns(), again).id == first.id == id_of(Kind.SOURCE, "s", DAY)
    assert id_of(Kind.SOURCE, "s", DAY + DAY_NS) != first.id
    assert id_of(Kind.SOURCE, "t", DAY) != first.id


def test_a_key_that_is_counted_anew_stays_a_member_once() -> None:
    campaigns = Campaigns()
    one = found(campaigns, call("s", "d", "m"))
    again = call("s", "d", "m")
    assert found(campaigns, again) is one
    assert one.members == [(Kind.SOURCE, "s")]
    assert again[1].campaign == one.id
    assert one.id in campaigns
    assert "c0" not in campaigns


def test_a_media_address_a_device_behind_a_peer_or_a_dialled_block_join() -> None:
    campaigns = Campaigns()
    one = found(campaigns, call("s1", "d1", "m1"))
    assert found(campaigns, call("s2", "d2", "m1")) is one
    assert found(campaigns, call("s3", "d1", "m3")) is one
    other = found(campaigns, call("s4", "d4", "m4", called=77172001001), STEPS)
    assert other is not one
    assert found(campaigns, call("s5", "d5", "m5", "q", called=77172001777), STEPS) is other
    assert len(campaigns) == 2


def test_a_device_alone_joins_nothing() -> None:
    campaigns = Campaigns()
    one = found(campaigns, call("s1", "asterisk", "m1", "p1"))
    assert found(campaigns, call("s2", "asterisk", "m2", "p2")) is not one


def test_the_surer_score_is_told() -> None:
    campaigns = Campaigns()
    one = found(campaigns, call("s1", "d1", "m1"), SURE)
    found(campaigns, call("s2", "d2", "m1"), STEPS)
    assert (one.score, one.reasons) == (STEPS.value, STEPS.reasons)


def test_an_address_becomes_a_member_when_nearly_all_its_calls_are() -> None:
    campaigns = Campaigns()
    keys = call("s", "d", "m")
    one = found(campaigns, keys)
    media = keys[2]
    media.attempts, media.touched = LEAST_PURE, LEAST_PURE // 2
    campaigns.spread(one, keys)
    assert campaigns.of([(Kind.MEDIA, "m")]) is None
    media.touched = LEAST_PURE
    campaigns.spread(one, keys)
    assert campaigns.of([(Kind.MEDIA, "m")]) is one


def test_one_that_turns_out_to_be_none_is_withdrawn() -> None:
    campaigns = Campaigns()
    keys = call("s", "d", "m")
    one = found(campaigns, keys)
    campaigns.drop(keys[1])
    campaigns.drop(keys[1])
    assert (len(campaigns), campaigns.withdrawn, keys[1].campaign) == (0, 1, "")
    assert campaigns.of([(Kind.SOURCE, "s")]) is None
    assert campaigns.get(one.id) is None
    assert not campaigns.uses("d")


def test_the_silent_are_forgotten_and_the_oldest_go_when_there_are_too_many() -> None:
    campaigns = Campaigns()
    one = found(campaigns, call("s", "d", "m"))
    campaigns.touch(one, DAY + DAY_NS, (1, 1, 1), None)
    assert campaigns.expire(DAY + IDLE_NS) == []
    assert campaigns.expire(DAY + DAY_NS + IDLE_NS) == [one]
    for number in range(MOST + 5):
        name = str(number)
        found(campaigns, call(name, name, name, name))
    assert len(campaigns) == MOST
    assert campaigns.of([(Kind.SOURCE, "0")]) is None


def test_a_verdict_is_told_why() -> None:
    one = found(Campaigns(), call("s", "d", "m"))
    assert dict(one.facts()) == {
        "campaign": one.id,
        "score": "0.90",
        "reason_rotation": "One source showed 20 numbers in 24 calls.",
        "reason_short": "9 of 12 answered calls were over within 10 seconds.",
    }


def test_how_each_came_to_its_end_is_told_once() -> None:
    campaigns = Campaigns()
    keys = call("s", "d", "m")
    honest = found(campaigns, keys)
    campaigns.drop(keys[1])
    silent = found(campaigns, call("t", "e", "n"))
    campaigns.expire(DAY + IDLE_NS)
    assert campaigns.ended() == [(honest, End.WITHDRAWN), (silent, End.SILENT)]
    assert campaigns.ended() == []
    for number in range(2 * MOST + 1):
        name = str(number)
        found(campaigns, call(name, name, name, name))
    ended = campaigns.ended()
    assert {why for _, why in ended} == {End.CROWDED}
    assert len(ended) == MOST  # bounded, if nobody asks


def test_one_of_before_a_restart_joins_as_it_did() -> None:
    before, after = Campaigns(), Campaigns()
    one = found(before, call("s1", "d1", "m1"))
    after.restore(one)
    assert after.of([(Kind.SOURCE, "s1")]) is one
    assert after.uses("d1")
    assert found(after, call("s2", "d2", "m1")) is one
    assert found(after, call("s3", "d1", "m3")) is one
    after._forget(one, End.WITHDRAWN)
    assert not after._members
    assert not after._links
