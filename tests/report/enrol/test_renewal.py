# SPDX-License-Identifier: Apache-2.0
"""A certificate is asked for in time, and no answer but the right one is taken."""

import pytest

from edge.report import topic
from edge.report.enrol.renewal import EVERY_S, Renewal
from tests.hil.hub.boxes import NOW, NS, Box, Hub

YEAR = 365 * 86_400
DUE = NOW + YEAR * 2 // 3


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.store.close()


@pytest.fixture
def box(tmp_path, hub):
    box = Box(tmp_path / "identity")
    box.enrol(hub)
    return box


def answered(hub, asked, now_s):
    _, node, rest = topic.split(asked.topic)
    (answer,) = hub.renewals.take(node, rest, asked.payload, now_s * NS)
    assert answer.topic == topic.down("astana-1", topic.RENEWED)
    return answer.payload


def test_nothing_is_asked_before_it_is_due(box):
    renewal = Renewal(box.identity)
    assert renewal.due(NOW, 0.0) is None
    assert renewal.due(DUE - 3601, 60.0) is None
    assert renewal.due(DUE, 61.0) is None
    assert renewal.due(DUE, 120.0) is not None


def test_a_damaged_certificate_does_not_end_the_process_that_speaks_with_it(box):
    (box.identity.folder / "certificate.pem").write_text("torn")
    renewal = Renewal(box.identity)
    assert renewal.due(DUE, 0.0) is None
    assert "certificate.pem: unreadable" in renewal.refused
    assert not renewal.take(b'{"certificate":"torn"}', DUE)


def test_a_box_is_renewed_and_does_not_ask_again(hub, box):
    renewal = Renewal(box.identity)
    asked = renewal.due(DUE, 5.0)
    assert asked.topic == "qalqan/v1/up/astana-1/renew"
    assert renewal.take(answered(hub, asked, DUE), DUE)
    assert box.identity.standing().ends_s == DUE + YEAR
    assert renewal.due(DUE, 5.0 + EVERY_S) is None
    assert renewal.refused == ""


def test_without_an_answer_it_asks_once_an_hour(hub, box):
    renewal = Renewal(box.identity)
    lost = renewal.due(DUE, 5.0)
    assert renewal.due(DUE, 5.0 + EVERY_S - 1) is None
    again = renewal.due(DUE + EVERY_S, 5.0 + EVERY_S)
    first = answered(hub, lost, DUE)
    assert renewal.take(answered(hub, again, DUE + EVERY_S), DUE + EVERY_S)
    # The answer that was thought lost arrives after all: it is the same, and takes nothing away.
    assert not renewal.take(first, DUE + EVERY_S)
    assert renewal.refused.startswith("expired")
    assert box.identity.standing().ends_s == DUE + YEAR


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"certificate":"torn"}'])
def test_what_is_no_certificate_is_named_and_changes_nothing(box, payload):
    renewal, before = Renewal(box.identity), box.identity.standing()
    assert not renewal.take(payload, DUE)
    assert renewal.refused
    assert box.identity.standing() == before
