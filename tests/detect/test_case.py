# SPDX-License-Identifier: Apache-2.0
"""A campaign is filed whole, comes back as it was, and is known by what other regions see too."""

import msgspec
import pytest

from edge.detect.campaign import Campaign
from edge.detect.case import Case, Mark, Member, campaign_of, case_of
from edge.detect.countries import Nowhere
from edge.detect.detector import Detector
from tests.detect.box import centre

WHOSE = "Identity: e30.eyJvcmlnaWQiOiIxMjMifQ.c2ln;info=<https://sign.example/c.pem>\n"
KEY = "s1|a|b"


def found(extra: str = "") -> Campaign:
    detector = Detector()
    for number, (one, end) in enumerate(centre(80, extra=extra)):
        if suspicion := detector.offered(one):
            detector.note(suspicion, f"r{number}", number)
        detector.released(end)
    (campaign,) = detector.campaigns
    return campaign


def test_it_comes_back_from_its_file_as_it_was() -> None:
    before = case_of(found(extra=WHOSE), Nowhere())
    assert before.lines
    octets = msgspec.json.encode(before)
    again = campaign_of(msgspec.json.decode(octets, type=Case))
    after = case_of(again, Nowhere())
    assert after == before
    assert [one.text() for one in after.reasons] == [one.text() for one in before.reasons]


def test_after_a_restart_its_dossier_goes_on() -> None:
    again = campaign_of(case_of(found(), Nowhere()))
    calls = again.dossier.calls
    detector = Detector()
    detector.campaigns.restore(again)
    for one, end in centre(10, first=500):
        suspicion = detector.offered(one)
        assert suspicion is not None
        assert suspicion.campaign is again
        detector.note(suspicion, "r", 1)
        detector.released(end)
    after = case_of(again, Nowhere())
    assert after.noted == calls + 10
    (trunk,) = [line for line in after.lines if line.kind == "trunk"]
    assert trunk.calls == calls + 10
    assert trunk.evidence[0].record != "r"  # the first call stays


def test_it_counts_no_fewer_numbers_after_a_restart() -> None:
    before = case_of(found(), Nowhere())
    assert before.callers > 20
    assert before.callees > 20
    after = case_of(campaign_of(before), Nowhere())
    assert (after.callers, after.callees) == (before.callers, before.callees)


@pytest.mark.parametrize(
    ("member", "marks"),
    [
        (Member("device", KEY), [Mark("key", KEY)]),
        (Member("source", f"203.0.113.7 {KEY}"), [Mark("key", KEY), Mark("media", "203.0.113.7")]),
        (Member("source", f"intl 192.0.2.20 10.1.2.3 {KEY}"), [Mark("key", KEY)]),
        (Member("media", "203.0.113.7"), [Mark("media", "203.0.113.7")]),
        (Member("media", "intl 192.0.2.20 10.1.2.3"), []),
        (Member("range", "intl 4400 447700900"), []),
    ],
)
def test_by_what_it_is_known_elsewhere(member: Member, marks: list[Mark]) -> None:
    case = msgspec.structs.replace(case_of(found(), Nowhere()), members=(member,), lines=())
    assert case.marks() == marks


def test_what_the_signer_tells_apart_is_a_mark() -> None:
    assert Mark("origid", "123") in case_of(found(extra=WHOSE), Nowhere()).marks()


def test_what_a_later_version_filed_is_no_kind_of_ours() -> None:
    case = case_of(found(), Nowhere())
    with pytest.raises(KeyError):
        campaign_of(msgspec.structs.replace(case, members=(Member("planet", "x"),)))
