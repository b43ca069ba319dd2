# SPDX-License-Identifier: Apache-2.0
"""Certificate, connection, the broker's refusals, what waits."""

import pytest

from edge import counters
from edge.doctor import hub
from edge.trust.identity import Standing
from tests.doctor.bed import Bed, lines

NOW_S = 1_800_000_000
DAY = 86_400


@pytest.mark.parametrize(
    ("begins", "ends", "level"),
    [(-10, 80, "ok"), (-70, 20, "warn"), (-90, -1, "fail"), (1, 80, "fail")],
)
def test_the_certificate(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, begins: int, ends: int, level: str
) -> None:
    patient = bed.patient()
    standing = Standing("bench", "", "", "", NOW_S + begins * DAY, NOW_S + ends * DAY)
    monkeypatch.setattr("edge.trust.identity.Identity.standing", lambda _self: standing)
    patient.moments._now_ns = lambda: NOW_S * 10**9
    assert lines(hub.certificate(patient)) == [("certificate", level)]


def test_there_is_no_certificate_or_none_is_needed(bed: Bed) -> None:
    assert lines(hub.certificate(bed.patient())) == [("certificate", "fail")]
    bed.more = "tls = false\n"
    assert lines(hub.certificate(bed.patient())) == []


@pytest.mark.parametrize(
    ("connected", "online", "level"), [(0, 0, "fail"), (1, 0, "fail"), (1, 1, "ok")]
)
def test_the_hub(bed: Bed, connected: int, online: int, level: str) -> None:
    bed.say("uplink", counters.HUB_CONNECTED, connected)
    bed.say("uplink", counters.HUB_ONLINE, online)
    assert lines(hub.hub(bed.patient("uplink"))) == [("hub", level)]


def test_a_box_that_stands_alone(bed: Bed) -> None:
    bed.toml = bed.toml.partition("[hub]")[0]
    patient = bed.patient()
    found = [lines(check(patient)) for check in (hub.hub, hub.rights, hub.outbox)]
    assert found == [[("hub", "ok")], [], []]


@pytest.mark.parametrize(("reason", "level"), [("0x00", "ok"), ("0x10", "ok"), ("0x87", "fail")])
def test_what_the_broker_lets_this_box_say(bed: Bed, reason: str, level: str) -> None:
    bed.say("uplink", counters.HUB_PUBACKS, 3, reason)
    bed.say("uplink", counters.HUB_PUBACKS, 1, "other")
    assert lines(hub.rights(bed.patient("uplink"))) == [("broker", level)]


@pytest.mark.parametrize(
    ("oldest_s", "dropped", "level"), [(1, 0, "ok"), (7200, 0, "warn"), (1, 2, "warn")]
)
def test_what_waits(bed: Bed, oldest_s: int, dropped: int, level: str) -> None:
    bed.say("core", counters.OUTBOX_EVENTS, 5, "call")
    bed.say("core", counters.OUTBOX_OLDEST, oldest_s, "call")
    bed.say("uplink", counters.OUTBOX_DROPPED, dropped, "call", "quota")
    assert lines(hub.outbox(bed.patient("core", "uplink"))) == [("outbox", level)]
