# SPDX-License-Identifier: Apache-2.0
"""Trunks as they stand: mode in force, numbers while `core` runs, what evidence says of them."""

from pathlib import Path

from edge import counters
from edge.config import Config, parse
from edge.counting import Numbers
from edge.evidence.journal import Journal
from edge.model.verdict import Mode
from edge.modes import stop, write_modes
from edge.moment import Moments
from edge.places import places_of
from edge.seen.readings import Meter, Recorder
from edge.seen.trunk_look import reports, running_now, standings
from tests.evidence.box import decided

TEXT = '[node]\nname = "a"\n[trunk.intl]\nclass = "international"\n[trunk.city]\nclass = "local"\n'


def config(folder: Path) -> Config:
    return parse(TEXT, folder / "edge.toml")


def modes(box: Config, complaints: list[str]) -> dict[str, tuple[Mode, bool]]:
    return {one.trunk: (one.mode, one.stopped_all) for one in standings(box, complaints.append)}


def test_the_mode_in_force_is_the_one_that_was_set(tmp_path: Path) -> None:
    box, complaints = config(tmp_path), list[str]()
    places = places_of(box)
    assert modes(box, complaints) == {
        "intl": (Mode.OBSERVE, False), "city": (Mode.OBSERVE, False),
    }  # fmt: skip
    places.state.mkdir()
    write_modes(places.modes, {"intl": Mode.ENFORCE})
    assert modes(box, complaints)["intl"] == (Mode.ENFORCE, False)
    stop(places.stop, "test")
    assert modes(box, complaints)["intl"] == (Mode.OBSERVE, True)
    places.modes.write_text("{")
    assert modes(box, complaints)["intl"] == (Mode.OBSERVE, True)
    assert len(complaints) == 1


def test_numbers_are_those_of_a_core_that_runs(tmp_path: Path) -> None:
    box = config(tmp_path)
    assert running_now(box, "intl") is None
    numbers = Numbers()
    numbers[counters.CALLS_OFFERED]["intl",].value = 7
    Recorder(places_of(box).run, Meter("core", numbers, Moments())).write()
    now = running_now(box, "intl")
    assert now is not None
    assert now.calls == 7


def test_evidence_is_counted_of_the_trunks_that_are_asked_for(tmp_path: Path) -> None:
    box = config(tmp_path)
    assert [found.calls for found in reports(box, ["intl"], 0.0)] == [0]
    journal = Journal(places_of(box).evidence)
    one = decided(1)
    journal.keep(one)
    journal.close()
    name = one.offer.trunk.name
    assert [(found.trunk, found.calls) for found in reports(box, [name, "city"], 0.0)] == [
        (name, 1), ("city", 0),
    ]  # fmt: skip
    assert [found.calls for found in reports(box, [name], 4e9)] == [0]
