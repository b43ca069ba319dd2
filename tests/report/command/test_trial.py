# SPDX-License-Identifier: Apache-2.0
"""A configuration on trial: won when the hub is reached, taken back when it is not."""

import asyncio
import os
from contextlib import suppress

import pytest
from typing_extensions import override

from edge.config import load
from edge.errors import ConfigError
from edge.report.command.register import CONFIG_VERSION, Unwritten
from edge.report.command.signed import Why
from edge.report.command.trial import MOST_STARTS, Configure, Trial, tried, usable_config
from tests.report.orders import Site, why

OLD = """
[node]
name = "astana-1"

[trunk.intl]
class = "international"

[hub]
dead_man_s = 60
"""
NEW = OLD.replace("international", "mobile").replace("60", "3600")
BOOT, LATER = "a", "b"


class Box(Site):
    """A box whose configuration may be changed; a life each for `start`."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.path = folder / "edge.toml"
        self.path.write_text(OLD)
        self.version = 0
        super().__init__(folder)

    @override
    def actions(self):
        self.config = usable_config(self.path, self.register)
        now = tried(self.path, self.config)
        configure = Configure(now, self.register, self.doer("restart"))
        return {**super().actions(), "config": configure}

    def trial(self, boot=BOOT, now_s=1000.0):
        return Trial(self.path, self.register, boot, now_s)

    def send(self, text=NEW, **more):
        self.version += 1
        return self.order("config", {"toml": text, "version": self.version}, **more)

    def again(self):
        self.close()
        self.start()

    def results(self):
        return {result.id: result for result in self.commands.untold(self.now_s)}

    now_s = 1_900_000_000


@pytest.fixture
def box(tmp_path):
    made = Box(tmp_path)
    yield made
    made.close()


def result_of(box):
    [result] = box.commands.untold(box.now_s)
    return result.state, result.text


def test_it_is_in_place_and_not_answered_before_the_hub_is_reached(box):
    payload = box.send()
    assert box.take(payload) is None
    assert box.path.read_text() == NEW
    assert box.path.with_name("edge.toml.before").read_text() == OLD
    assert box.done == []
    box.commands.follow_up()
    assert box.done == ["restart"]
    assert box.take(payload) is None, "the same, while it is on trial"
    assert not box.trial().runs or box.register.trial(), "nothing is won without a restart"
    box.again()
    trial = box.trial()
    assert (trial.runs, trial.left_s) == (True, 60.0), "as long as the old one said"
    trial.reached()
    state, text = result_of(box)
    assert (state, "version" not in text, "hub was reached" in text) == ("done", True, True)
    assert box.said[-1]["act"] == "config"
    assert box.take(payload).state == "done"
    box.again()
    assert not box.trial().runs
    assert load(box.path) == box.config


@pytest.mark.asyncio
async def test_without_the_hub_the_old_one_returns(box):
    payload = box.send()
    box.take(payload)
    box.again()
    trial = box.trial()
    trial.left_s = 0.001
    await asyncio.wait_for(trial.watch(box.doer("restart")), 10)
    assert box.done == ["restart"]
    assert box.path.read_text() == OLD
    assert not trial.runs
    box.again()
    state, text = result_of(box)
    assert (state, text[:10]) == ("failed", "taken back")
    assert box.take(payload).state == "failed", "and is not tried again"
    assert box.path.read_text() == OLD


@pytest.mark.asyncio
async def test_once_won_nothing_is_watched(box):
    box.take(box.send())
    box.again()
    trial = box.trial()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(trial.watch(box.doer("restart")))
        await asyncio.sleep(0)
        trial.reached()
        await asyncio.wait_for(watching, 10)
    trial.give_up()
    assert (box.done, box.path.read_text()) == ([], NEW)
    await box.trial().watch(box.doer("restart"))


def test_a_process_that_is_started_again_and_again_gains_no_time(box):
    box.take(box.send())
    box.again()
    assert box.trial(now_s=1000.0).left_s == 60.0
    assert box.trial(now_s=1050.0).left_s == 10.0
    assert box.trial(now_s=2000.0).left_s == 0.0
    assert box.trial(LATER, now_s=5.0).left_s == 60.0, "another start of the machine"
    trials = [box.trial(LATER, now_s=6.0) for _ in range(MOST_STARTS)]
    assert trials[-1].left_s == 0.0, "it may be what ends it"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[node", "edge.toml"),
        (NEW.replace("class", "clas"), "did you mean 'class'"),
        (NEW.replace("astana-1", "astana-2"), "node.name stays astana-1"),
        (NEW.replace('-1"', '-1"\nstate_dir = "x"'), "node.state_dir stays"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_touched(box, text, reason):
    result = box.take(box.send(text))
    assert why(result) == ("refused", Why.BAD_CONFIG.value)
    assert reason in result.text
    assert box.path.read_text() == OLD
    assert [path.name for path in box.folder.glob("edge.toml*")] == ["edge.toml"]


def test_both_sides_must_sign(box):
    assert why(box.take(box.send(by=("engineer",)))) == ("refused", "one-side-only")


def test_an_older_version_that_comes_late_is_refused(box):
    late = box.order("config", {"toml": OLD, "version": 1})
    box.version = 1
    assert box.take(box.send(OLD)).text == "configuration 2 is in force already"
    assert why(box.take(late)) == ("refused", "old-version")
    assert box.register.number(CONFIG_VERSION) == 2


def test_one_trial_at_a_time(box):
    box.take(box.send())
    other = NEW.replace("mobile", "national")
    assert why(box.take(box.send(other))) == ("refused", "on-trial")
    assert box.path.read_text() == NEW


def test_what_does_not_load_gives_way_at_once(box, monkeypatch):
    """A driver may be missing that was there when it was checked."""
    payload = box.send()
    box.take(payload)
    real = load

    def without_driver(path):
        if path.read_text() == NEW:
            raise ConfigError(f"{path}:3: tap.a.driver: no such driver")
        return real(path)

    monkeypatch.setattr("edge.report.command.trial.load", without_driver)
    box.again()
    assert box.path.read_text() == OLD
    assert box.config.hub.dead_man_s == 60
    state, text = result_of(box)
    assert (state, "no such driver" in text) == ("failed", True)


def test_a_hand_goes_before_the_hub(box):
    box.take(box.send())
    by_hand = OLD.replace("60", "90")
    box.path.write_text(by_hand)
    box.again()
    assert box.path.read_text() == by_hand
    assert not box.trial().runs
    assert result_of(box) == ("failed", "the file was changed by hand")


def test_a_damaged_file_without_a_trial_is_said(box):
    box.path.write_text("[")
    with pytest.raises(ConfigError):
        usable_config(box.path, box.register)


@pytest.mark.parametrize("kept", [True, False])
def test_the_old_one_returns_even_if_its_copy_is_lost(box, kept):
    box.take(box.send())
    if not kept:
        box.path.with_name("edge.toml.before").write_text("something else")
    box.again()
    box.trial().give_up()
    assert box.path.read_text() == OLD


def test_rights_stay(box):
    box.path.chmod(0o640)
    box.take(box.send())
    assert box.path.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed(box, tmp_path):
    real = tmp_path / "real.toml"
    box.path.rename(real)
    box.path.symlink_to(real)
    box.again()
    box.take(box.send())
    assert (box.path.is_symlink(), real.read_text()) == (True, NEW)


def test_a_folder_that_takes_no_file_fails_and_changes_nothing(box, monkeypatch):
    def refuse(path, octets):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.report.command.trial._write_beside", refuse)
    assert box.take(box.send()).state == "failed"
    assert box.path.read_text() == OLD
    assert box.register.trial() is None


def test_a_full_disk_at_the_end_of_a_trial_harms_nothing(box, monkeypatch):
    box.take(box.send())
    box.again()
    trial = box.trial()

    def full(result):
        raise Unwritten("no room")

    real = box.register.end_trial
    monkeypatch.setattr(box.register, "end_trial", full)
    trial.reached()
    assert trial.runs
    monkeypatch.setattr(box.register, "end_trial", real)
    trial.reached()
    assert result_of(box)[0] == "done"


# Cuts -------------------------------------------------------------------------------------------


class Cut(BaseException):
    """The power is gone."""


STEPS = ("replace", "fsync")


def cut_after(monkeypatch, steps):
    """Cut the power before the n-th rename or sync from now on; return how many there were."""
    made: list[str] = []

    def counted(name):
        real = getattr(os, name)

        def step(*args, **more):
            if len(made) == steps:
                raise Cut
            made.append(name)
            return real(*args, **more)

        monkeypatch.setattr(os, name, step)

    for name in STEPS:
        counted(name)
    return made


@pytest.mark.parametrize("steps", range(12))
def test_a_cut_while_it_is_put_in_place_leaves_one_of_both(box, monkeypatch, steps):
    payload = box.send()
    with monkeypatch.context() as patched:
        made = cut_after(patched, steps)
        try:
            box.take(payload)
        except Cut:
            pass
        else:
            assert len(made) < 12
    box.again()
    in_place = box.path.read_text()
    assert in_place in {OLD, NEW}
    assert box.trial().runs is (in_place == NEW)
    assert (box.register.trial() is not None) is (in_place == NEW)
    if in_place == OLD:
        state, text = result_of(box)
        assert (state, text[:11]) == ("failed", "interrupted")
        assert box.take(box.send()) is None, "the next one is tried"
    else:
        assert box.take(payload) is None
        box.trial().reached()
        assert result_of(box)[0] == "done"


@pytest.mark.parametrize("steps", range(4))
def test_a_cut_while_it_is_taken_back_leaves_one_of_both(box, monkeypatch, steps):
    box.take(box.send())
    box.again()
    trial = box.trial()
    with monkeypatch.context() as patched:
        cut_after(patched, steps)
        with suppress(Cut):
            trial.give_up()
    box.again()
    assert box.path.read_text() in {OLD, NEW}
    trial = box.trial()
    if trial.runs:
        trial.give_up()
    assert box.path.read_text() == OLD
    assert result_of(box)[1].startswith("taken back")
