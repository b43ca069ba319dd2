# SPDX-License-Identifier: Apache-2.0
"""*A call*: why, in the reader's words; what was heard; the evidence; hostile words are text."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from edge.console.people import Role
from edge.evidence.bundle import unpack
from edge.evidence.journal import Journal
from edge.evidence.shelf import lines
from edge.model.number import Number, Party
from edge.model.outcome import Outcome, Result
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Reason
from edge.pipeline import Decided
from tests.call.sip_talk import write
from tests.console.site_house import SPOOFED, Site, call_path, furnish, shown
from tests.decode.test_signalling import udp
from tests.evidence.box import decided

HOSTILE = '"><script>alert(1)</script>\x1b[31m'


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        yield site


def test_a_newcomer_learns_why_in_any_language(site: Site) -> None:
    for language, why in (
        ("en", "A Kazakh fixed number calls from abroad, and nobody redirected the call."),
        ("ru", "Вызов с казахстанского стационарного номера пришёл из-за рубежа"),
        ("kk", "Қазақстандық стационар нөмірден қоңырау шетелден келді"),
    ):
        words = site.signed_in(Role.OPERATOR, language).get(call_path(SPOOFED)).words
        assert why in words
        assert "+77172009131" in words


def test_what_became_of_it_stands_below_with_the_messages(own: Site) -> None:
    journal = Journal(own.desk.places.evidence)
    unit = udp(write("603"))
    kept = journal.keep(decided(1, udp(write("INVITE"))))
    outcome = Outcome(2, Result.STOPPED, "c1", 1, "intl", kept.record, "switch", "done", "603", 7)
    journal.settle(outcome, "stopped", (unit,))
    journal.close()
    answer = own.signed_in(Role.OPERATOR).get(call_path(kept.record))
    for said in ("stopped before it rang ( 603 )", "Legal basis AST-1", "List version 7"):
        assert said in answer.words
    assert '<svg class="ladder"' in answer.text
    assert answer.text.count("<path ") == 2


def test_words_of_the_wire_are_text(own: Site) -> None:
    one = decided(1)
    party = Party("calling", Number(HOSTILE), display=HOSTILE)
    offer = replace(one.offer, call=HOSTILE, calling=party)
    reason = Reason("list.calling", HOSTILE, ((HOSTILE, HOSTILE),))
    verdict = replace(one.verdict, reasons=(reason,), category=HOSTILE, legal_basis=HOSTILE)
    journal = Journal(own.desk.places.evidence)
    kept = journal.keep(Decided(offer, verdict, 1))
    end = Outcome(2, Result.LEAKED, HOSTILE, 1, "intl", kept.record, HOSTILE, HOSTILE, HOSTILE, 7)
    journal.settle(end, HOSTILE, (Unit("t", LinkType.IPV4, 1, HOSTILE.encode(), 1),))
    journal.close()
    browser = own.signed_in(Role.OPERATOR)
    for path in (
        call_path(kept.record),
        call_path(HOSTILE),
        f"/list?number={quote(HOSTILE)}",
    ):
        answer = browser.get(path)
        assert answer.status == 200
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert" in answer.text


def test_calls_that_were_let_through_are_not_there(site: Site) -> None:
    words = site.signed_in(Role.PROSECUTOR).get(call_path("nobody@nowhere")).words
    assert "Nothing is kept of this call" in words


def test_evidence_is_handed_out_and_that_is_recorded(own: Site) -> None:
    journal = Journal(own.desk.places.evidence)
    kept = journal.keep(decided(1))
    journal.close()
    answer = own.signed_in(Role.PROSECUTOR).get(f"/call/evidence?id={kept.record}")
    assert answer.status == 200
    assert answer.headers["content-disposition"].endswith(f'"evidence-{kept.record}.tar"')
    assert f"{kept.record}/frames.pcapng" in unpack(answer.octets)
    acts = [json.loads(line.octets) for line in lines(own.desk.places.acts)]
    assert [act["text"] for act in acts] == [f"took the evidence of {kept.record}"]
    assert acts[0]["by"][1].startswith("some-prosecutor by ")


def test_evidence_of_nothing_is_none(site: Site) -> None:
    assert site.signed_in(Role.OPERATOR).get("/call/evidence?id=x").status == 404


def test_damaged_frames_leave_the_reasons(own: Site) -> None:
    journal = Journal(own.desk.places.evidence)
    kept = journal.keep(decided(1))
    journal.close()
    for path in own.desk.places.evidence.rglob("frames.pcapng"):
        path.unlink()
    answer = own.signed_in(Role.OPERATOR).get(call_path(kept.record))
    assert "A calling number is listed." in answer.words
    assert "<svg" not in answer.text
