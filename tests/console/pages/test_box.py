# SPDX-License-Identifier: Apache-2.0
"""*Box* says what the doctor finds, and how the software stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import counters
from edge.console.pages import box
from edge.console.people import Role
from edge.counting import Numbers
from edge.doctor.finding import fail
from edge.moment import Moments
from edge.seen.readings import Meter, Recorder
from edge.update.state import Folder, State, Update
from tests.console.logged import logged
from tests.console.site_house import Site, as_of_now, furnish, shown
from tests.console.test_certificate import ENDS, write


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
    assert text.count('<code lang="en">&lt;b&gt;44770*******</code>') == 1
    assert "cannot be used: the machine says why" in text
    assert "900123" not in text


@pytest.mark.parametrize(("language", "said"), [
    ("en", "cannot be used: the file is damaged x: is damaged"),
    ("ru", "использовать нельзя: файл повреждён x: is damaged"),
    ("kk", "пайдалануға болмайды: файл бүлінген x: is damaged"),
])  # fmt: skip
def test_of_an_error_its_kind_is_told_and_its_words_are_kept(
    own: Site, language: str, said: str
) -> None:
    seen = fail("list:fraud", "cannot be used: {why}", "tell the centre", why="x: is damaged")
    box.DOCTOR._found = own.desk.now_s(), [seen]
    assert said in own.signed_in(Role.ENGINEER, language).get("/box").words


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
    assert '<code lang="en">&lt;i&gt;why</code>' in answer.text


@pytest.mark.parametrize(("language", "state", "why", "said"), [
    ("en", State.CONFIRMED, "", "Why all was well all was well"),
    ("ru", State.CONFIRMED, "", "Почему всё в порядке all was well"),
    ("kk", State.FAILED, "no-space", "Неге дискіде орын жоқ all was well"),
    ("ru", State.FAILED, "freeze", "Почему срок подписанного истёк all was well"),
])  # fmt: skip
def test_why_an_update_stands_so_is_told_by_its_kind(
    own: Site, language: str, state: State, why: str, said: str
) -> None:
    update = Update("spring", "1.0", "1.1", state, why=why, text="all was well")
    Folder(own.desk.places.update).keep(update)
    assert said in own.signed_in(Role.ENGINEER, language).get("/box").words


# Certificates -----------------------------------------------------------------


def test_without_any_it_is_said(own: Site) -> None:
    words = own.signed_in(Role.ENGINEER).get("/box").words
    assert "There is none, or the hub is not configured." in words
    assert "There is none: the page is shown to this machine alone." in words


def test_those_of_the_page_and_towards_the_hub_are_told(own: Site, tmp_path: Path) -> None:
    desk, path = own.desk, write(tmp_path / "page.crt", "box.example", called="<b>box")
    table = desk.config.page.model_copy(update={"certificate": path, "key": path})
    desk.config = desk.config.model_copy(update={"page": table})
    desk.wall_s = lambda: int(ENDS.timestamp()) - 3 * 86_400 - 60
    numbers = Numbers()
    numbers[counters.CERTIFICATE_END].of().value = ENDS.timestamp() - 4 * 86_400
    Recorder(desk.places.run, Meter("uplink", numbers, Moments())).write()
    answer = own.signed_in(Role.VIEWER).get("/box")
    assert "&lt;b&gt;box" in answer.text
    assert "Names box.example Issued by" in answer.words
    assert "Ends 31 Jan 2027, 17:00:00 Days left 3" in answer.words
    assert "Issued to astana-bench Ended 27 Jan 2027, 17:00:00" in answer.words


# The log ----------------------------------------------------------------------


@pytest.fixture
def logging(own: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    lines = ("core", "error", "<img src=x> of +447700900123"), ("uplink", "info", "renewed")
    monkeypatch.setattr(box, "LOGS", logged(tmp_path, *lines))
    return own


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.VIEWER])
def test_lines_of_the_log_are_text(logging: Site, role: Role) -> None:
    answer = logging.signed_in(role).get("/box")
    assert "<code>&lt;img src=x&gt; of +447700900123</code>" in answer.text
    assert "25 Nov 2026, 14:46:40 core error <img src=x>" in answer.words
    assert "uplink message renewed" in answer.words


def test_a_viewer_sees_them_without_numbers(logging: Site) -> None:
    text = logging.signed_in(Role.VIEWER).get("/box").text
    assert "of +44770*******" in text
    assert "900123" not in text


def test_who_looks_chooses_a_level(logging: Site) -> None:
    text = logging.signed_in(Role.ENGINEER, "ru").get("/box?process=core&level=error").text
    assert "renewed" not in text
    assert '<option value="core" selected>' in text
    assert '<option value="error" selected>' in text


def test_what_is_none_of_the_choices_changes_nothing(logging: Site) -> None:
    answer = logging.signed_in(Role.ENGINEER).get("/box?process=%3Cb%3E--file&level=%00")
    assert answer.status == 200
    assert "renewed" in answer.text
    assert "<b>--file" not in answer.text


def test_where_there_is_no_journal_it_is_said(
    own: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "LOGS", logged(tmp_path))
    words = own.signed_in(Role.ENGINEER, "ru").get("/box").words
    assert "Журнал systemd здесь прочитать нельзя." in words
