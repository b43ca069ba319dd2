# SPDX-License-Identifier: Apache-2.0
"""What the register keeps, forgets and never forgets."""

import os

import pytest

from edge.report.command import register as module
from edge.report.command.register import (
    CONFIG_VERSION,
    FLOOR,
    KEPT_S,
    Pending,
    Register,
    Row,
    Unwritten,
)

NOW = 1_900_000_000
TRIAL = Pending("t", 3, b"old", "sha", 300)


def row(id_, **fields):
    made = Row(id_, f"digest of {id_}", "mode", '{"v": 1}', "k1 k2", NOW, 0, None, 0)
    return made._replace(**fields)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "register.sqlite"


@pytest.fixture
def register(path):
    made = Register(path, NOW)
    yield made
    made.close()


def reopened(register, path):
    register.close()
    return Register(path, NOW)


def test_a_command_is_kept_with_what_became_of_it(register, path):
    assert register.known("a") is None
    register.take(row("a"), NOW)
    assert register.unfinished() == [row("a")]
    register = reopened(register, path)
    assert register.known("a") == row("a")
    register.done("a", '{"x": 1}', recorded=False)
    assert register.unfinished() == []
    assert register.unrecorded() == [register.known("a")]
    assert register.untold(9) == [], "not before it is recorded"
    register.recorded("a")
    assert register.unrecorded() == []
    assert register.untold(9) == ['{"x": 1}']
    register.told("a")
    assert register.untold(9) == []
    register.close()


def test_an_id_is_taken_once(register):
    register.take(row("a"), NOW)
    with pytest.raises(Unwritten):
        register.take(row("a"), NOW)


def test_tries_are_counted(register):
    register.take(row("a"), NOW)
    register.tried("a")
    register.tried("a")
    assert register.known("a").tries == 2


def test_results_go_after_seven_days_and_ids_stay(register):
    register.take(row("a"), NOW)
    register.take(row("b"), NOW)
    register.done("a", "result", recorded=False)
    register.forget(NOW + KEPT_S)
    assert register.known("a").result == "result"
    register.forget(NOW + KEPT_S + 1)
    known = register.known("a")
    assert (known.result, known.body, known.digest) == ("", "", "digest of a")
    assert register.unrecorded() == register.untold(9) == []
    assert register.known("b").body, "what is not done is not forgotten"


def test_what_is_let_go_of_raises_the_floor(register, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    for number, id_ in enumerate("abcd"):
        register.take(row(id_, issued=NOW + number), NOW)
        register.done(id_, "result", recorded=True)
    register.forget(NOW)
    assert [register.known(id_) is None for id_ in "abcd"] == [True, True, False, False]
    assert register.number(FLOOR) == NOW + 1


def test_numbers_only_rise(register, path):
    register.raise_to(CONFIG_VERSION, 5)
    register.raise_to(CONFIG_VERSION, 4)
    register = reopened(register, path)
    assert register.number(CONFIG_VERSION) == 5
    register.close()


def test_a_trial_and_its_command_end_as_one(register, path):
    register.take(row("t", kind="config"), NOW)
    register.begin_trial(TRIAL)
    assert register.number(CONFIG_VERSION) == 3
    with pytest.raises(Unwritten):
        register.begin_trial(TRIAL)
    register.start_trial("boot", 12.5)
    register = reopened(register, path)
    assert register.trial() == TRIAL._replace(boot="boot", until_s=12.5, starts=1)
    register.end_trial("result")
    assert register.trial() is None
    assert register.known("t").result == "result"
    register.end_trial("another")
    assert register.known("t").result == "result"
    register.close()


def test_a_damaged_file_is_put_aside_and_nothing_older_is_taken(register, path):
    register.take(row("a"), NOW)
    register.close()
    path.write_bytes(b"no database at all, whatever else it may be" * 100)
    os.utime(path, (NOW + 60, NOW + 60))
    register = Register(path, NOW)
    assert "not a database" in register.damaged
    assert register.known("a") is None
    assert register.number(FLOOR) == NOW + 60, "it was written then, whatever the clock says"
    assert list(path.parent.glob("*.damaged*"))
    register.close()
    register = Register(path, NOW)
    assert not register.damaged
    register.close()


def test_a_damaged_page_is_found_at_the_start(register, path):
    for number in range(50):
        register.take(row(str(number), body="x" * 1000), NOW)
    register.close()
    octets = bytearray(path.read_bytes())
    octets[8192:12288] = os.urandom(4096)
    path.write_bytes(octets)
    register = Register(path, NOW)
    assert register.damaged
    register.close()


def test_a_full_disk_is_no_damage(register, path):
    [(pages,)] = register._db.execute("PRAGMA page_count")
    register._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unwritten, match="full"):
        register.take(row("a", body="x" * 10_000), NOW)
    assert register.known("a") is None
    register = reopened(register, path)
    register.take(row("a"), NOW)
    assert not register.damaged
    register.close()
