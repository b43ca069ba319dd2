# SPDX-License-Identifier: Apache-2.0
"""What is asked for at the box: done once, recorded, answered; what leaves no trace is undone."""

import asyncio
import json
import uuid

import pytest

from edge.model.verdict import Mode
from edge.modes import STOP, is_stopped, read_modes
from edge.report.command.act import switches
from edge.report.command.local import (
    LIFE_S,
    MOST_AT_ONCE,
    MOST_OCTETS,
    Local,
    Request,
    Requests,
    answer_of,
    leave,
    withdraw,
)

NOW_S = 1_795_600_000
ENFORCE = {"trunk": "intl", "mode": "enforce"}
OBSERVE = {"trunk": "intl", "mode": "observe"}


class Minutes:
    """An audit log that may refuse."""

    def __init__(self):
        self.kept = []
        self.takes = self.has_room = True

    def record(self, fields):
        if self.takes:
            self.kept.append(dict(fields))
        return self.takes

    def room(self):
        return self.has_room


class Desk:
    """A box and who stands before it."""

    def __init__(self, folder):
        self.modes, self.stop = folder / "modes.json", folder / STOP
        self.folder = folder / "requests"
        self.minutes = Minutes()
        self.hints: list[int] = []
        actions = switches(self.modes, {"intl"}, lambda: self.hints.append(1))
        self.local = Local(actions, self.minutes)

    def requests(self):
        return Requests(self.folder, self.local, lambda: NOW_S * 10**9)

    def do(self, act, args, **more):
        return self.local.do(request(act, args, **more), NOW_S)


def request(act, args, *, at_s=NOW_S, reason="", id_=""):
    return Request(id_ or str(uuid.uuid4()), act, args, "asel", at_s, reason)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_what_is_done_is_recorded_as_of_who_stood_there(desk):
    result = desk.do("mode", ENFORCE, reason="a week\nof reports")
    assert (result.state, result.text, result.data) == ("done", "intl is in enforce", {})
    assert read_modes(desk.modes) == {"intl": Mode.ENFORCE}
    assert desk.minutes.kept == [{
        "act": "mode", "by": ("local", "asel"), "command": "", "state": "done",
        "text": "intl is in enforce; a week of reports",
    }]  # fmt: skip
    assert desk.hints == [1]


@pytest.mark.parametrize(
    ("act", "args", "why"),
    [
        ("mode", {"trunk": "x", "mode": "enforce"}, "unknown-trunk"),
        ("mode", {"trunk": "intl"}, "bad-args"),
        ("enforcement", {"on": "perhaps"}, "bad-args"),
        ("restart", {"process": "core"}, "unknown-kind"),
    ],
)
def test_what_cannot_be_is_refused_and_recorded(desk, act, args, why):
    result = desk.do(act, args)
    assert (result.state, result.data["why"]) == ("refused", why)
    assert [one["state"] for one in desk.minutes.kept] == ["refused"]
    assert not desk.modes.exists()


@pytest.mark.parametrize("at_s", [NOW_S - LIFE_S - 1, NOW_S + LIFE_S + 1])
def test_what_was_asked_long_ago_is_not_done(desk, at_s):
    assert desk.do("mode", ENFORCE, at_s=at_s).state == "expired"
    assert not desk.modes.exists()


def test_more_is_stopped_only_where_the_log_has_room(desk):
    desk.do("enforcement", {"on": False})
    desk.minutes.has_room = False
    assert desk.do("mode", ENFORCE).data["why"] == "no-room"
    assert desk.do("enforcement", {"on": True}).data["why"] == "no-room"
    assert desk.do("mode", OBSERVE).state == "done"
    assert (read_modes(desk.modes), is_stopped(desk.stop)) == ({"intl": Mode.OBSERVE}, True)


def test_what_leaves_no_trace_is_taken_back_if_it_stops_more(desk):
    desk.minutes.takes = False
    result = desk.do("mode", ENFORCE)
    assert (result.state, result.data) == ("failed", {"recorded": False})
    assert read_modes(desk.modes) == {"intl": Mode.OBSERVE}
    stopped = desk.do("enforcement", {"on": False})
    assert (stopped.state, stopped.data) == ("done", {"recorded": False})
    assert is_stopped(desk.stop)
    assert desk.do("enforcement", {"on": True}).state == "failed"
    assert is_stopped(desk.stop)
    assert desk.do("mode", {"trunk": "x", "mode": "enforce"}).state == "refused"


def test_a_disk_that_refuses_is_a_failure(desk):
    desk.modes.mkdir()
    assert desk.do("mode", ENFORCE).state == "failed"
    assert [one["state"] for one in desk.minutes.kept] == ["failed"]


# The folder -------------------------------------------------------------------


def test_a_request_is_done_once_and_answered(desk):
    requests, asked = desk.requests(), request("mode", ENFORCE)
    leave(desk.folder, asked)
    assert requests.look() == 1
    assert requests.look() == 0
    result = answer_of(desk.folder, asked.id)
    assert (result.id, result.state) == (asked.id, "done")
    assert answer_of(desk.folder, asked.id) is None
    assert list(desk.folder.iterdir()) == []
    assert len(desk.minutes.kept) == 1


def test_what_was_withdrawn_is_not_done(desk):
    requests, asked = desk.requests(), request("mode", ENFORCE)
    leave(desk.folder, asked)
    assert withdraw(desk.folder, asked.id)
    assert requests.look() == 0
    assert desk.minutes.kept == []
    assert not withdraw(desk.folder, asked.id)


def test_one_that_a_killed_process_had_taken_is_finished_and_its_answers_are_gone(desk):
    asked, old = request("mode", ENFORCE), request("mode", ENFORCE, at_s=NOW_S - 3600)
    for one in (asked, old):
        leave(desk.folder, one)
        (desk.folder / f"{one.id}.json").rename(desk.folder / f"{one.id}.taken")
        assert not withdraw(desk.folder, one.id)
    (desk.folder / f"{uuid.uuid4()}.answer").write_text("{}")
    requests = desk.requests()
    assert requests.look() == 2
    assert answer_of(desk.folder, asked.id).state == "done"
    assert answer_of(desk.folder, old.id).state == "expired"
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[]", b'{"id": 1}', b"\xff", b"{" * 100_000, b" " * (MOST_OCTETS + 1)]
)
def test_what_is_no_request_is_put_away(desk, octets):
    requests = desk.requests()
    (desk.folder / "x.json").write_bytes(octets)
    requests.look()
    assert list(desk.folder.iterdir()) == []
    assert desk.minutes.kept == []


def test_a_request_under_another_name_is_none(desk):
    requests, asked = desk.requests(), request("mode", ENFORCE)
    leave(desk.folder, asked)
    (desk.folder / f"{asked.id}.json").rename(desk.folder / "other.json")
    requests.look()
    assert desk.minutes.kept == []


def test_a_flood_is_done_in_turns(desk):
    requests = desk.requests()
    for _ in range(MOST_AT_ONCE + 5):
        leave(desk.folder, request("mode", OBSERVE))
    assert [requests.look(), requests.look(), requests.look()] == [MOST_AT_ONCE, 5, 0]


def test_no_answer_is_read_from_a_half(desk):
    desk.requests()
    (desk.folder / "a.answer").write_text(json.dumps({"id": "a"}))
    assert answer_of(desk.folder, "a") is None


@pytest.mark.asyncio
async def test_a_hint_is_enough(desk):
    requests, asked = desk.requests(), request("mode", ENFORCE)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(requests.forever())
        await asyncio.sleep(0)
        leave(desk.folder, asked)
        requests.look_now()
        while not desk.minutes.kept:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        task.cancel()
    assert read_modes(desk.modes) == {"intl": Mode.ENFORCE}
