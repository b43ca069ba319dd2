# SPDX-License-Identifier: Apache-2.0
"""What a gate asks is decided as if a tap had heard it, and once."""

from pathlib import Path

import pytest

from edge.call.trunks import Trunks
from edge.config import parse
from edge.decode.signalling import Signalling
from edge.enforce.rulings import Rulings
from edge.intake.asked import Asked
from edge.judging import Judging, build
from edge.model.answer import GO_ON, Answer
from edge.model.event import CallOffered
from edge.model.message import Malformed, Message
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Verdict
from edge.pipeline import Decided
from edge.settings.keys import Part
from hil.e1.calls import Call, Number, q931_frames
from tests.call.sip_talk import write
from tests.enforce.talk import OFFERS, called_from, message
from tests.verdict.calls import NOW

BLOCK = Answer(Action.BLOCK, 603, "Decline")
SPOOFED, HONEST = "+77172009131", "+447700900777"
CONFIG = """\
[node]
name = "bench"
[tap.mirror]
driver = "memory"
[trunk.intl]
class = "international"
taps = ["mirror"]
mode = "enforce"
"""
SOON = 1_000


def judging(folder: Path) -> Judging:
    """A house whose trunk is heard by a tap and asks at a gate."""
    config = parse(CONFIG, folder / "edge.toml")
    part = Part(driver="observe", settings=config.tap["mirror"].settings)
    trunk = config.trunk["intl"].model_copy(update={"gates": ("sbc",)})
    whole = config.model_copy(update={"gate": {"sbc": part}, "trunk": {"intl": trunk}})
    return build(whole, lambda _: None)


class Desk:
    """Where a gate's questions end up."""

    def __init__(self, engine: Rulings, trunks: Trunks) -> None:
        self.taken: list[Decided] = []
        ticks = iter(range(0, 10**9, 700))
        clocks = (lambda: NOW + SOON, lambda: next(ticks))
        self.asked = Asked(trunks, OFFERS.offer, engine, clocks)

    def take(self, decided: Decided) -> Answer:
        self.taken.append(decided)
        return BLOCK

    def ask(self, asked: Message) -> Answer:
        return self.asked.decide(asked, self.take)


def desk(folder: Path) -> tuple[Desk, Judging]:
    built = judging(folder)
    return Desk(built.rulings, built.asked._trunks), built


@pytest.mark.parametrize(("caller", "action"), [(SPOOFED, Action.BLOCK), (HONEST, Action.ALLOW)])
def test_an_invite_is_decided_as_a_tap_would_have_it(
    caller: str, action: Action, tmp_path: Path
) -> None:
    one, _ = desk(tmp_path)
    asked = message(called_from(caller), tap="sbc")
    assert one.ask(asked) is BLOCK  # whatever the words are, they are those of `take`
    (found,) = one.taken
    assert (found.offer.trunk.name, found.offer.attempt, found.offer.at) == ("intl", 1, NOW)
    assert found.offer.message is asked
    assert (found.verdict.action, found.took_ns) == (action, 700)


def test_the_trunk_is_known_by_its_gate(tmp_path: Path) -> None:
    one, _ = desk(tmp_path)
    one.ask(message(called_from(SPOOFED), tap="elsewhere"))
    assert one.taken[0].offer.trunk.name == "unknown"
    assert not one.taken[0].verdict.acts


@pytest.mark.parametrize("method", ["OPTIONS", "BYE", "CANCEL", "REGISTER", "180", "603"])
def test_of_anything_but_an_invite_it_goes_on(method: str, tmp_path: Path) -> None:
    one, _ = desk(tmp_path)
    assert one.ask(message(called_from(SPOOFED, write(method)), tap="sbc")) is GO_ON
    assert one.taken == []


def test_of_no_sip_it_goes_on(tmp_path: Path) -> None:
    one, _ = desk(tmp_path)
    (step, *_) = q931_frames([Call(Number("77172009131"), Number("77172000001"))])
    (setup,) = Signalling().feed(Unit("sbc", LinkType.LAPD, NOW, step.octets, channel="1:16"))
    assert not isinstance(setup, Malformed)
    assert one.ask(setup) is GO_ON
    assert one.taken == []


def test_a_gate_and_a_tap_share_one_verdict(tmp_path: Path) -> None:
    one, built = desk(tmp_path)
    one.ask(message(called_from(SPOOFED), tap="sbc"))
    heard = message(called_from(SPOOFED, write("INVITE", via=("p", "a"))), tap="mirror")
    (event,) = built.pipeline.tracker.feed(heard)
    assert isinstance(event, CallOffered)
    verdict: Verdict = built.pipeline.engine.decide(event, NOW + SOON)
    assert verdict is one.taken[0].verdict
    assert len(built.rulings) == 1


def test_a_question_that_waited_too_long_goes_on(tmp_path: Path) -> None:
    """A late verdict is to allow: the switch has given up on us."""
    one, _ = desk(tmp_path)
    one.ask(message(called_from(SPOOFED), NOW - 10**9, tap="sbc"))
    assert (one.taken[0].verdict.rule, one.taken[0].verdict.acts) == ("guardrail.late", False)


def test_the_house_reads_its_own_clocks(tmp_path: Path) -> None:
    """As `build` wires it: an INVITE of January is late by months."""
    taken: list[Decided] = []

    def take(decided: Decided) -> Answer:
        taken.append(decided)
        return GO_ON

    built = judging(tmp_path)
    assert built.asked.decide(message(called_from(SPOOFED), tap="sbc"), take) is GO_ON
    assert taken[0].verdict.rule == "guardrail.late"
    assert taken[0].took_ns > 0
