# SPDX-License-Identifier: Apache-2.0
"""From the desk to a box and back, through a real broker and a real hub."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from edge.blocklist.manifest import Record, write_signed
from edge.errors import ConfigError, ListError
from edge.modes import read_modes
from edge.report import topic
from edge.report.command.answer import Answers
from edge.report.command.trial import Trial
from edge.report.message import Ask
from edge.report.port import Outbound
from edge.trust.urgent import sign_record
from hil.hub.crew import Orders
from hil.hub.mqtt import Session, connected
from hil.hub.send import app
from hil.hub.store import sqlite_url
from tests.blocklist.images import entry
from tests.hil.hub import places
from tests.report.orders import NODE, OTHER, Site
from tests.trust.centre import NOW

RUNNER = CliRunner()


class Desk(NamedTuple):
    """Who commands, with key files, and the box that obeys."""

    folder: Path
    site: Site

    def run(self, *words, keys=("operator", "engineer"), wait="20", **more):
        options = [word for side in keys for word in ("--key", str(self.folder / side))]
        where = ["--folder", str(self.folder), "--wait", wait]
        return RUNNER.invoke(app, [NODE, *where, *options, *words], **more)

    def urgent(self, number=OTHER):
        keys = [self.site.centre.keys["fraud", side] for side in ("operator", "prosecutor")]
        record = Record("fraud", 1, NOW, NOW + 1000, added=(entry(number),))
        file = self.folder / "urgent.json"
        file.write_bytes(write_signed(sign_record(record, keys)))
        return str(file)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.clock.now_ns", lambda: NOW * 10**9)
    site = Site(tmp_path)
    folder = tmp_path / "hub"
    folder.mkdir()
    for side, key in site.keys.items():
        (folder / side).write_bytes(key.private_bytes)
    yield Desk(folder, site)
    site.close()


@asynccontextmanager
async def box_on(broker, site):
    """Have a box converse with the hub until the block is left."""
    async with connected(broker, Session(NODE)) as link, asyncio.TaskGroup() as group:
        trial = Trial(site.folder / "edge.toml", site.register, "boot", 0.0)
        answers = Answers(NODE, site.commands, trial, link.publish)
        await link.subscribe(topic.down(NODE, "#"))
        ask = Ask(epoch=1).model_dump_json().encode()
        await link.publish(Outbound(topic.up(NODE, topic.ASK), ask))

        async def hear():
            while True:
                for message in await link.arrived():
                    await answers.hear(topic.split(message.topic)[2], message)
                    link.settle(message)

        hearing = group.create_task(hear())
        yield
        hearing.cancel()


async def everything(desk, broker):
    """Send one command after the other; the first before its box is there."""
    site = desk.site

    async def run(*words, **more):
        done = await asyncio.to_thread(desk.run, *words, **more)
        return done.exit_code, done.output

    late = asyncio.create_task(run("block", desk.urgent(), keys=()))  # noqa: TID251 - awaited
    async with box_on(broker, site):
        assert await late == (0, "astana-1: done: urgent record 1 of fraud is in force\n")
        assert await run("mode", "intl", "enforce") == (0, "astana-1: done: intl is in enforce\n")
        assert read_modes(site.modes)["intl"].value == "enforce"
        code, text = await run("update", keys=("engineer",))
        assert (code, "one-side-only" in text) == (1, True)
        assert await run("explain", "1-1") == (0, "astana-1: done: 1 records\nblocked\n")
        out = desk.folder / "out.zip"
        code, _ = await run("export", "1-1", "--out", str(out))
        assert (code, out.read_bytes()) == (0, b"evidence")
        draft = str(desk.folder / "draft.json")
        assert (await run("--draft", draft, "update", keys=("operator",)))[0] == 0
        code, text = await run("draft", draft, "--yes", keys=("engineer",))
        assert (code, text.endswith("done: new lists are looked for\n")) == (0, True)


@pytest.mark.peer("mosquitto")
@pytest.mark.slow
def test_from_the_desk_to_the_box_and_back(desk, broker):
    orders = Orders(broker, sqlite_url(desk.folder / "hub.db"), desk.folder, workers=1)
    with places.hub(orders):
        asyncio.run(everything(desk, broker))


def test_without_an_answer_the_command_stands(desk):
    done = desk.run("restart", "core", wait="0")
    assert (done.exit_code, "the command stands" in done.output) == (3, True)


def test_what_is_wrong_with_what_is_sent_is_said(desk):
    nothing = str(desk.folder / "nothing")
    no_file = desk.folder / "no-file"
    no_file.write_text("{}")
    for words, error in (
        (("block", nothing), ListError),
        (("block", str(no_file)), ListError),
        (("config", nothing), ConfigError),
        (("draft", nothing), ConfigError),
        (("draft", str(no_file)), ConfigError),
    ):
        with pytest.raises(error, match="no"):
            desk.run(*words, catch_exceptions=False)
    draft = desk.folder / "draft.json"
    desk.run("--draft", str(draft), "update")
    other = json.loads(draft.read_text())
    other["body"] = other["body"].replace(NODE, "astana-2")
    draft.write_text(json.dumps(other))
    with pytest.raises(ConfigError, match="is for astana-2"):
        desk.run("draft", str(draft), catch_exceptions=False)
    with suppress(FileNotFoundError):
        draft.unlink()
