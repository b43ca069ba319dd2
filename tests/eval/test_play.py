# SPDX-License-Identifier: Apache-2.0
"""A made-up region is the same for a seed, is read by the decoders, and is told apart."""

import random
from collections import Counter

import pytest

from edge.model.event import TrunkClass
from edge.model.number import Kind
from hil.eval import fraud, people, scene
from hil.eval.__main__ import MOST_TOUCHED, MOST_UNTIL, SEEDS, is_short, merged, summary, table
from hil.eval.play import Region, Run, day_of, everything, released
from hil.eval.scene import Made


def made(kind: str, day: int = 6, seed: int = 9) -> Made:
    return next(one for one in day_of(everything(seed), day, seed) if one.who == kind)


KINDS = ("resident", "roamer", "office", "bank", "cloud", "rotation", "border", "wangiri-e1")


def test_a_day_is_the_same_for_a_seed_and_no_other() -> None:
    def day(seed: int) -> list[tuple]:
        return [one[:1] + one[4:] for one in day_of(people.everybody(seed), 0, seed)]

    assert day(5) == day(5)
    assert day(5) != day(6)


def test_tuning_and_held_out_seeds_are_disjoint() -> None:
    assert not set(SEEDS["tuning"]) & set(SEEDS["held-out"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_what_is_read(kind: str) -> None:
    one = made(kind)
    offer = Region(1).offer(one)
    assert offer.calling.number.e164 == one.calling
    assert offer.called.number.e164 == one.called
    assert offer.trunk.kind is TrunkClass(one.place.trunk)
    end = released(offer, one)
    assert end.answered == bool(one.course.talk_s)
    assert end.at >= offer.at


def test_every_kind_of_caller_and_campaign_calls() -> None:
    heard = Counter(one.who for one in day_of(everything(3), 6, 3))
    assert heard.keys() >= {"resident", "roamer", "office", "bank", "clinic", "delivery", "school",
                            "taxi", "cloud"}  # fmt: skip
    assert heard.keys() >= {centre.kind for centre in fraud.centres(3)}


def test_numbers_belong_to_nobody() -> None:
    rng = random.Random(1)
    for _ in range(500):
        number = scene.foreign(rng)
        assert number.startswith(("33", "44", "1")) and len(number) in {11, 12}  # noqa: PT018
    offer = Region(1).offer(made("roamer"))
    assert offer.calling.number.kind is Kind.MOBILE


@pytest.mark.slow
def test_a_short_run_finds_campaigns_and_touches_nobody_else() -> None:
    run = Run(17)
    played = run.play(3)
    said = summary([played])
    assert said["honest_touched_of_10000"] <= MOST_TOUCHED
    assert said["until_found_median"] <= 2 * MOST_UNTIL  # of few; `make eval` takes many
    assert said["campaigns_found"] >= 5
    text = table(said)
    assert "honest calls touched" in text
    assert text.count("\n") > len(played.classes)
    assert merged([played, played])["bank"].calls == 2 * played.classes["bank"].calls
    for campaign in played.detector.campaigns:
        for clue in campaign.dossier.lines():
            assert all(one.record and one.frame for one in clue.evidence)


@pytest.mark.parametrize(
    ("touched", "until", "short"),
    [
        (MOST_TOUCHED, MOST_UNTIL, False),
        (MOST_TOUCHED + 0.1, MOST_UNTIL, True),
        (0.0, MOST_UNTIL + 1, True),
        (0.0, None, True),
    ],
)
def test_a_target_that_is_missed_is_said(touched: float, until: float | None, short: bool) -> None:
    assert is_short({"honest_touched_of_10000": touched, "until_found_median": until}) is short
