# SPDX-License-Identifier: Apache-2.0
"""*Box* says what the doctor finds, and how the software stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.console.pages import box
from edge.console.people import Role
from edge.doctor.finding import fail
from edge.update.state import Folder, State, Update
from tests.console.site_house import Site, as_of_now, furnish, shown


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(box, "DOCTOR", box.Doctor())
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        yield site


def test_what_the_doctor_finds_stands_there_with_how_it_is_mended(own: Site) -> None:
    as_of_now(own.desk.config)
    words = own.signed_in(Role.ENGINEER).get("/box").words
    assert "process core well runs" in words
    assert "tap mirror" in words
    assert "core: 0." in words
    assert "There was none." in words


@pytest.mark.parametrize(("language", "said"), [
    ("ru", "процесс core в порядке работает, "), ("ru", "списки обратить внимание не настроены"),
    ("ru", "укажите список в [hub] lists"), ("kk", "процесс core дұрыс жұмыс істеп тұр, "),
    ("kk", "тізімдер назар аудару керек бапталмаған"),
])  # fmt: skip
def test_the_doctor_is_heard_in_the_language_of_who_asks(
    own: Site, language: str, said: str
) -> None:
    as_of_now(own.desk.config)
    assert said in own.signed_in(Role.ENGINEER, language).get("/box").words


def test_numbers_in_what_the_doctor_saw_are_not_for_a_viewer(own: Site) -> None:
    seen = fail("list:fraud", "cannot be used: {why}", "see {why}", why="<b>447700900123")
    box.DOCTOR._found = own.desk.now_s(), [seen]
    text = own.signed_in(Role.VIEWER).get("/box").text
    assert text.count("cannot be used: &lt;b&gt;44770*******") == 1
    assert "900123" not in text


def test_what_the_page_may_not_examine_it_does_not(own: Site) -> None:
    found = {one.check for one in box.Doctor().findings(own.desk)}
    assert not found & {"disk", "units", "certificate"}
    assert "hub" in found


def test_it_is_examined_anew_only_after_a_while(own: Site) -> None:
    doctor = box.Doctor()
    assert doctor.findings(own.desk) is doctor.findings(own.desk)


def test_an_update_is_told(own: Site) -> None:
    Folder(own.desk.places.update).keep(
        Update("spring", "1.0", "1.1", State.PROBATION, slot_from="A", slot="B", text="<i>why")
    )
    answer = own.signed_in(Role.ENGINEER, "ru").get("/box")
    assert "1.0 → 1.1" in answer.words
    assert "на испытании" in answer.words
    assert "&lt;i&gt;why" in answer.text
