# SPDX-License-Identifier: Apache-2.0
"""What each kind of command does, and how many sides it takes."""

import pytest

from edge.model.verdict import Mode
from edge.modes import read_modes
from edge.report.command.act import Update
from edge.report.command.signed import Why
from tests.report.orders import Site, why

ENFORCE = {"trunk": "intl", "mode": "enforce"}
OBSERVE = {"trunk": "intl", "mode": "observe"}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def test_to_stop_more_takes_both_sides_and_to_stop_less_one(site):
    assert why(site.take(site.order("mode", ENFORCE, by=("operator",)))) == (
        "refused", "one-side-only",
    )  # fmt: skip
    assert read_modes(site.modes) == {}
    assert site.take(site.order("mode", ENFORCE)).state == "done"
    assert read_modes(site.modes) == {"intl": Mode.ENFORCE}
    assert site.take(site.order("mode", OBSERVE, by=("engineer",))).state == "done"
    assert read_modes(site.modes) == {"intl": Mode.OBSERVE}
    assert site.done == ["modes", "modes"]


def test_an_unknown_trunk_or_mode_is_refused(site):
    for args, reason in (
        ({"trunk": "x", "mode": "observe"}, Why.UNKNOWN_TRUNK),
        ({"trunk": "intl", "mode": "block"}, Why.BAD_ARGS),
        ({"mode": "observe"}, Why.BAD_ARGS),
    ):
        assert why(site.take(site.order("mode", args))) == ("refused", reason.value)
    assert not site.modes.exists()


def test_one_side_ends_all_stopping_and_both_have_it_go_on(site):
    off, on = {"on": False}, {"on": True}
    assert site.take(site.order("enforcement", on)).text == "no stop was in force"
    assert site.take(site.order("enforcement", off, by=("engineer",))).state == "done"
    assert (site.folder / "stop").exists()
    assert site.take(site.order("enforcement", off, by=("operator",))).state == "done"
    assert why(site.take(site.order("enforcement", on, by=("operator",)))) == (
        "refused", "one-side-only",
    )  # fmt: skip
    assert (site.folder / "stop").exists()
    assert site.take(site.order("enforcement", on)).text == "trunks are in their modes"
    assert not (site.folder / "stop").exists()
    assert site.done == ["modes"] * 4
    assert why(site.take(site.order("enforcement", {"on": "perhaps"})))[1] == "bad-args"


def test_a_restart_of_uplink_waits_for_its_answer(site):
    assert site.take(site.order("restart", {"process": "core"}, by=("operator",))).state == "done"
    assert site.done == ["core"]
    assert site.take(site.order("restart", {"process": "uplink"}, by=("operator",))).state == "done"
    assert site.done == ["core"]
    site.commands.follow_up()
    assert site.done == ["core", "uplink"]
    site.commands.follow_up()
    assert site.done == ["core", "uplink"]
    assert why(site.take(site.order("restart", {"process": "x"}))) == ("refused", "bad-args")


def test_an_update_takes_both_sides(site):
    assert why(site.take(site.order("update", by=("engineer",))))[1] == "one-side-only"
    assert site.take(site.order("update")).state == "done"
    site.commands.follow_up()
    assert site.done == ["update"]


class Steers:
    """Takes campaigns, as the room of updates does."""

    def __init__(self, done):
        self.done = done

    def keep(self, campaign):
        self.done.append(campaign.id)

    def look(self):
        self.done.append("look")


def test_firmware_is_wanted_by_command_and_gone_for_when_that_is_answered(site):
    wanted = {"campaign": {"id": "by-hand", "version": "1.2.0"}}
    assert why(site.take(site.order("update", wanted))) == ("refused", "bad-args")
    site.more = {"update": Update(site.doer("update"), Steers(site.done))}
    site.start()
    assert why(site.take(site.order("update", wanted, by=("operator",))))[1] == "one-side-only"
    assert why(site.take(site.order("update", {"campaign": {"id": "x"}})))[1] == "bad-args"
    assert "1.2.0 is wanted" in site.take(site.order("update", wanted)).text
    assert site.done == ["by-hand"]
    site.commands.follow_up()
    assert site.done == ["by-hand", "look"]


def test_a_damaged_file_of_modes_is_written_anew_and_that_is_said(site):
    site.modes.write_bytes(b"{")
    assert "damaged" in site.take(site.order("mode", OBSERVE)).text
    assert read_modes(site.modes) == {"intl": Mode.OBSERVE}
