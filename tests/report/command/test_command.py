# SPDX-License-Identifier: Apache-2.0
"""Commands are kept, done, recorded and answered in this order, and never done twice."""

import uuid

import pytest

from edge.errors import ConfigError
from edge.model.verdict import Mode
from edge.modes import read_modes
from edge.report.command.act import Outcome, UpdateArgs
from edge.report.command.register import KEPT_S
from edge.report.command.signed import Vouched, by_sides
from edge.report.kinds import ActEvent
from edge.report.message import Result
from tests.report.orders import BOTH, Site, why
from tests.trust.centre import DAY, NOW

ENFORCE = {"trunk": "intl", "mode": "enforce"}
OBSERVE = {"trunk": "intl", "mode": "observe"}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


# Once -------------------------------------------------------------------------------------------


def test_the_same_command_gets_the_same_answer_and_acts_once(site):
    payload = site.order("restart", {"process": "core"}, by=("operator",))
    first = site.take(payload)
    for now_s in (NOW, NOW + 1, NOW + 3 * DAY, 1):
        assert site.take(payload, now_s) == first
    site.close()
    site.start()
    assert site.take(payload) == first
    assert site.done == ["core"]
    assert site.states() == ["done"]


def test_an_expired_command_stays_so_when_the_clock_is_set_back(site):
    payload = site.order("update", life=60)
    assert site.take(payload, NOW + 61).state == "expired"
    assert site.take(payload, NOW).state == "expired"
    assert site.done == []


def test_another_body_under_a_known_id_is_refused(site):
    id_ = str(uuid.uuid4())
    assert site.take(site.order("mode", OBSERVE, id=id_)).state == "done"
    other = site.order("mode", ENFORCE, id=id_)
    assert why(site.take(other)) == ("refused", "other-body")
    assert read_modes(site.modes) == {"intl": Mode.OBSERVE}


def test_a_result_is_forgotten_after_seven_days_and_the_command_is_not(site):
    payload = site.order("restart", {"process": "core"}, life=KEPT_S)
    assert site.take(payload).state == "done"
    assert site.take(payload, NOW + KEPT_S).state == "done"
    for now_s in (NOW + KEPT_S + 1, NOW + 1):
        assert site.take(payload, now_s).state == "expired"
    assert site.done == ["core"]


def test_an_old_command_is_not_done_after_its_id_was_let_go(site, monkeypatch):
    monkeypatch.setattr("edge.report.command.register.MOST_KEPT", 3)
    payload = site.order("restart", {"process": "core"}, life=KEPT_S)
    assert site.take(payload).state == "done"
    for second in range(1, 6):
        site.take(site.order("update", issued=NOW + second))
    assert why(site.take(payload)) == ("refused", "forgotten")
    assert site.done.count("core") == 1


# Order of things --------------------------------------------------------------------------------


class Watching:
    """An action that looks at what is on disk while it acts."""

    args = UpdateArgs
    changes = True

    def __init__(self):
        self.saw = []
        self.site = None
        self.error = None

    def allowed(self, args, vouched: Vouched):
        return by_sides(vouched, 2)

    def act(self, args, job):
        self.saw.append((self.site.register.known(job.id).result, list(self.site.said)))
        if self.error:
            raise self.error
        return Outcome("seen")

    finish = act


@pytest.fixture
def watching(site):
    action = Watching()
    action.site = site
    site.more = {"update": action}
    site.close()
    site.start()
    return action


def test_kept_before_done_and_recorded_before_answered(site, watching):
    result = site.take(site.order("update"))
    assert watching.saw == [(None, [])]
    assert (result.text, site.states()) == ("seen", ["done"])
    assert site.register.known(result.id).recorded


def test_what_fails_is_answered_as_failed(site, watching):
    watching.error = ConfigError("no such thing")
    assert site.take(site.order("update")).state == "failed"
    watching.error = OSError(28, "No space left on device")
    result = site.take(site.order("update"))
    assert (result.state, "No space" in result.text) == ("failed", True)
    assert site.states() == ["failed", "failed"]


def test_without_room_in_the_audit_log_nothing_is_changed(site, watching):
    site.room = False
    payload = site.order("update")
    assert why(site.take(payload)) == ("refused", "no-room")
    assert watching.saw == []
    assert site.take(site.order("explain", {"call": "1-1"})).state == "done"
    site.room = True
    assert site.take(payload).state == "refused", "answered once, answered so for good"
    assert watching.saw == []
    assert site.states()[0] == "refused", "recorded as soon as there was room"


def test_what_was_done_is_not_answered_before_it_is_recorded(site, watching):
    def lose_room(fields):
        site.room = False
        return Site.record(site, fields)

    site.record = lose_room
    site.close()
    site.start()
    payload = site.order("update")
    assert site.take(payload) is None
    assert site.take(payload) is None
    del site.record
    site.room = True
    site.commands._audit = site.commands._audit._replace(record=site.record)
    [result] = site.commands.untold(NOW)
    assert (result.state, site.states()) == ("done", ["done"])
    assert site.take(payload) == result
    assert len(watching.saw) == 1


def test_with_a_full_disk_only_questions_are_answered(site):
    [(pages,)] = site.register._db.execute("PRAGMA page_count")
    site.register._db.execute(f"PRAGMA max_page_count = {pages}")
    results = (site.take(site.order("mode", OBSERVE, note="x" * 3000)) for _ in range(200))
    assert why(next(one for one in results if one.state != "done")) == ("refused", "no-room")
    site.modes.unlink()
    assert why(site.take(site.order("mode", OBSERVE, note="x" * 3000)))[1] == "no-room"
    assert not site.modes.exists()
    assert site.take(site.order("explain", {"call": "1-1"})).data["records"]


def test_answers_wait_until_they_are_told(site):
    one, two = (site.take(site.order("update")) for _ in range(2))
    assert site.commands.untold(NOW) == [one, two]
    site.commands.told(one)
    site.close()
    site.start()
    assert site.commands.untold(NOW) == [two]


def test_every_act_is_an_event_of_the_contract(site):
    site.take(site.order("update"))
    site.take(site.block())
    site.take(site.order("update", by=()))
    site.take(b"")
    moment = {"seq": 1, "at": 1, "mono": 1, "boot": "b", "clock": "synced", "kind": "act"}
    events = [ActEvent(**moment, **fields) for fields in site.said]
    assert [event.state for event in events] == ["done", "done", "refused", "refused"]
    assert [len(event.by) for event in events] == [2, 2, 0, 0]
    assert events[0].by == tuple(sorted(site.keys[side].public_key.keyid for side in BOTH))


def test_results_are_answers_of_the_contract(site):
    for payload in (site.order("update"), site.order("update", by=()), site.order("x")):
        result = site.take(payload)
        assert Result.model_validate_json(result.model_dump_json()) == result
