# SPDX-License-Identifier: Apache-2.0
"""From a form at the desk to a call that is refused: each side signs with the command, as shown."""

import asyncio
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.blocklist.simple import SimpleBlocklist
from edge.cli.list import app
from edge.console.people import Role
from edge.lists import Lists
from edge.model.verdict import Action
from edge.verdict.policy import Policy
from tests.hil.hub.desk.country_house import NOW_S
from tests.hil.hub.desk.urgent_house import SIDES, Table, laid
from tests.report.beside import side as box_beside
from tests.verdict.calls import GB, GB_2, call


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with laid(tmp_path) as table:
        yield table


def sign_as_shown(table: Table, role: Role, seq: int) -> str:
    """Do on a machine of that side what the page says, and return what the command wrote."""
    machine = table.folder / role.value
    machine.mkdir(exist_ok=True)
    words = table.words(role)
    command = re.findall(
        rf"qalqan (list urgent sign-record fraud-urgent-{seq}\S* .*?\.json) ", words
    )
    assert len(command) == 1, words
    (machine / f"fraud-urgent-{seq}.json").write_bytes(table.record(seq))
    key = table.centre.keys["fraud", role.value].private_bytes
    (machine / f"{role.value}.key").write_bytes(key)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(machine)
        done = CliRunner().invoke(app, command[0].split()[1:], input="y\n", catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return (machine / f"fraud-urgent-{seq}-{role.value}.json").read_text()


def fate(folder: Path) -> list[Action]:
    """Return what `core` of a box would have done with a call from each of the numbers."""
    lists = Lists(folder / "box" / "lists", SimpleBlocklist("files", 0)).first(NOW_S)
    policy = Policy(lists.blocklist)
    return [policy.judge(call(number), NOW_S).wanted for number in (GB, GB_2)]


def test_what_two_sign_at_the_desk_is_refused_on_a_box_and_let_go_by_one(
    table: Table, tmp_path: Path
) -> None:
    async def run() -> None:
        async with box_beside(table.centre, tmp_path) as box:
            await box.follow.update()
            assert fate(tmp_path) == [Action.ALLOW, Action.ALLOW]
            table.add()
            for role in SIDES:
                await box.retained()
                assert fate(tmp_path) == [Action.ALLOW, Action.ALLOW]
                assert table.hand_in(role, 1, sign_as_shown(table, role, 1)).status == 303
            await box.retained()
            assert fate(tmp_path) == [Action.BLOCK, Action.BLOCK]
            table.lift(pattern=f"+{GB_2.e164}")
            signature = sign_as_shown(table, Role.PROSECUTOR, 2)
            assert table.hand_in(Role.PROSECUTOR, 2, signature).status == 303
            await box.retained()
            assert fate(tmp_path) == [Action.BLOCK, Action.ALLOW]
            assert box.follow.urgent_through() == {"fraud": 2}
            assert box.follow.alarms() == ()

    asyncio.run(run())
    words = table.words()
    assert "No record waits to be signed" in words
    assert words.count("on its way to the boxes") == 2
    text = "list fraud: prepare an urgent addition, 6 h (order <18>): +447700900123 +442079460001"
    assert ("some-operator", text, "a campaign runs") in table.acts(20)
    digest = sha256(table.record(1)).hexdigest()
    for each in ("operator", "prosecutor"):
        assert (f"some-{each}", f"list fraud: sign urgent 1 as {each}, {digest}", "") in (
            table.acts(20)
        )
