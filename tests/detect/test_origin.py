# SPDX-License-Identifier: Apache-2.0
"""Every line of a dossier stands on calls, and each call on a frame."""

from hypothesis import given, strategies as st

from edge.detect import clues
from edge.detect.countries import Place
from edge.detect.origin import (
    MOST_EVIDENCE,
    MOST_VALUES,
    Dossier,
    Evidence,
    Hours,
    hours_of,
)
from edge.model.unit import Unit


class Here:
    """A table with one address."""

    def find(self, address: str) -> Place | None:
        return Place("FR", "AS64500 EXAMPLE") if address == "203.0.113.50" else None


def evidence(number: int) -> Evidence:
    return Evidence.of(
        f"call-{number}", 1, Unit("tap", 1, number, b"", number), f"r{number}", number
    )


def test_a_line_leads_to_its_calls() -> None:
    dossier = Dossier()
    for number in range(10):
        said = [(clues.MEDIA, "203.0.113.50"), (clues.DEVICE, "Dialler" if number < 5 else "Other")]
        dossier.note(said, evidence(number))
    media, *devices = dossier.lines(Here())
    assert (media.kind, media.value, media.place) == (
        "media",
        "203.0.113.50",
        "FR, AS64500 EXAMPLE",
    )
    assert (media.calls, media.first, media.last, media.trust) == (10, 0, 9, "claimed")
    assert media.confidence == clues.MEDIA.confidence
    assert [one.record for one in media.evidence] == ["r0", "r7", "r8", "r9"]
    assert [one.frame for one in media.evidence] == [0, 7, 8, 9]
    assert {clue.confidence for clue in devices} == {round(clues.DEVICE.confidence * 0.75, 3)}


@given(st.lists(st.tuples(st.sampled_from(clues.KINDS), st.integers(0, 200)), max_size=400))
def test_it_is_bounded_and_every_line_has_evidence(said) -> None:
    dossier = Dossier()
    for number, (kind, value) in enumerate(said):
        dossier.note([(kind, str(value))], evidence(number))
    lines = dossier.lines()
    by_kind: dict[str, int] = {}
    for clue in lines:
        by_kind[clue.kind] = by_kind.get(clue.kind, 0) + 1
        assert 0 < len(clue.evidence) <= MOST_EVIDENCE
        assert all(one.call and one.record for one in clue.evidence)
        assert 0 < clue.confidence < 1
    assert max(by_kind.values(), default=0) <= MOST_VALUES
    assert [c.confidence for c in lines] == sorted((c.confidence for c in lines), reverse=True)


def test_what_is_heard_most_stays() -> None:
    dossier = Dossier()
    for number in range(50):
        dossier.note([(clues.CIC, "5"), (clues.CIC, str(100 + number))], evidence(number))
    values = {clue.value for clue in dossier.lines()}
    assert "5" in values
    assert len(values) == MOST_VALUES


def test_hours_of_an_office() -> None:
    hours = [0] * 24
    for hour in range(6, 15):
        hours[hour] = 20
    assert hours_of(hours) == Hours(6, 15, 1.0, 3)
    assert hours_of([1] * 24) is None
    night = [0] * 24
    for hour in (*range(20, 24), *range(5)):
        night[hour] = 9
    found = hours_of(night)
    assert found == Hours(20, 5, 1.0, -11)
    assert found.text() == "20:00 to 05:00 UTC, office hours at UTC-11"


def test_the_hours_stand_on_the_calls_of_the_trunk() -> None:
    dossier = Dossier()
    for number in range(60):
        dossier.note([(clues.TRUNK, "intl")], evidence(number))
    hours = [0] * 24
    hours[9] = 60
    (line,) = [clue for clue in dossier.lines(hours=hours) if clue.kind == "hours"]
    assert line.evidence
    assert line.calls == 60
