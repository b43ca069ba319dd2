# SPDX-License-Identifier: Apache-2.0
"""Killed at any step, a command is done once or answered as interrupted; it is never done twice.

Lives of a process that takes commands from a pipe end by SIGKILL after their n-th write, sync,
rename or statement; whatever was not answered comes again, with duplicates, out of order.
"""

import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
from collections import Counter
from contextlib import suppress

import pytest

from edge.modes import read_modes
from edge.report.command.act import Restart, SetMode
from edge.report.command.command import Audit, Commands, Trust
from edge.report.command.hurry import Hurry, UrgentList
from edge.report.command.register import Register
from edge.report.message import Result
from edge.trust.order import commanders
from tests.blocklist.images import entry
from tests.report.orders import NODE, Head
from tests.trust.centre import NOW, Box

KILLS = 200
STEPS = {"execute", "executescript", "fsync", "replace", "rename", "link", "unlink", "write"}
"Names of what a process does to the disk; it is killed after one of them."
FORK = multiprocessing.get_context("fork")
TRUNKS = [f"trunk-{n}" for n in range(100)]


class Fuse:
    """Kills this process after its n-th step."""

    def __init__(self, steps):
        self.left = steps

    def __call__(self, frame, event, what):
        if event == "c_return" and what.__name__ in STEPS and not text_of(what):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def text_of(what):
    """Whether it is a method of a string: they replace, too."""
    return isinstance(getattr(what, "__self__", None), str)


def append(path, fields):
    with path.open("ab") as file:
        file.write(json.dumps(fields).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def lines(path):
    """Return what was appended; a torn last line was not."""
    found = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in found]


def live(folder, centre, pipes, steps):
    """Take commands from a pipe and answer them, until the fuse burns down or it is closed."""
    ours, pipe = pipes
    ours.close()
    if steps:
        sys.setprofile(Fuse(steps))
    box = Box(folder, centre)
    lists = {"fraud": UrgentList(box.store, box.updates, box.client)}
    asked = {name: lambda name=name: append(folder / "acts", name) for name in TRUNKS}
    commands = Commands(
        NODE,
        Register(folder / "register.sqlite", NOW),
        {
            "block": Hurry(lists, lambda: None, adds=True),
            "mode": SetMode(folder / "modes.json", TRUNKS, lambda: None),
            "restart": Restart(asked),
        },
        Trust(lambda: commanders(box.client), box.updates.trusted_s),
        Audit(lambda fields: append(folder / "audit", fields), lambda: True),
    )
    commands.recover(NOW)
    with suppress(EOFError):
        while True:
            result = commands.take(pipe.recv_bytes(), NOW)
            pipe.send_bytes(result.model_dump_json().encode() if result else b"")


class World:
    """A box over many lives of its process."""

    def __init__(self, folder, head, rng):
        self.folder, self.head, self.rng = folder, head, rng
        self.answers = {}
        self.kills = 0

    def life(self, payloads, steps):
        """Give commands to a process that lives for so many steps; return the unanswered."""
        ours, theirs = FORK.Pipe()
        process = FORK.Process(
            target=live, args=(self.folder, self.head.centre, (ours, theirs), steps)
        )
        process.start()
        theirs.close()
        left = list(payloads)
        with suppress(EOFError, OSError):
            while left:
                ours.send_bytes(left[0])
                self.heard(ours.recv_bytes())
                left.pop(0)
        ours.close()
        process.join(30)
        self.kills += process.exitcode == -signal.SIGKILL
        assert process.exitcode in {0, -signal.SIGKILL}
        process.close()
        return left

    def heard(self, answer):
        result = Result.model_validate_json(answer)
        before = self.answers.setdefault(result.id, result)
        assert result == before, "the same command, another answer"
        said = [(one["command"], one["state"]) for one in lines(self.folder / "audit")]
        assert (result.id, result.state) in said, "answered before it was recorded"

    def deliver(self, payloads):
        """Deliver until all is answered, some of it twice and late."""
        left = list(payloads)
        while left:
            again = self.rng.choices(payloads, k=3)
            steps = self.rng.randrange(1, 130)
            self.rng.shuffle(left)
            left = self.life([*left, *again], steps)
            left = [one for one in payloads if one in left]
        assert self.life(payloads, 0) == []


def ordered(head, rng):
    """Return commands of all sorts, each on something of its own, by their ids."""
    head.seq = 0
    payloads = {}
    for trunk in rng.sample(TRUNKS, 4):
        payload = head.order("mode", {"trunk": trunk, "mode": "enforce"})
        payloads[id_of(payload)] = ("mode", trunk, payload)
    for name in rng.sample(TRUNKS, 4):
        payload = head.order("restart", {"process": name}, by=("operator",))
        payloads[id_of(payload)] = ("restart", name, payload)
    for n in range(2):
        payload = head.order("block", head.urgent(added=(entry(f"7717200010{n}"),)), by=())
        payloads[id_of(payload)] = ("block", head.seq, payload)
    return payloads


def id_of(payload):
    return json.loads(json.loads(payload)["body"])["id"]


def check(world, given):
    acts = Counter(lines(world.folder / "acts"))
    modes = read_modes(world.folder / "modes.json")
    records = [record.seq for record in Box(world.folder, world.head.centre).store.urgent(NOW)]
    assert max(acts.values(), default=1) == 1, "done twice"
    assert max(Counter(records).values(), default=1) == 1
    for id_, (kind, what, _) in given.items():
        result = world.answers[id_]
        happened = {"mode": what in modes, "restart": acts[what] == 1, "block": what in records}
        if result.state == "done":
            assert happened[kind]
        else:
            assert (result.state, result.text[:11]) == ("failed", "interrupted")
            assert kind == "restart" or "times again" in result.text


@pytest.mark.slow
def test_killed_at_any_step_nothing_is_done_twice(tmp_path):
    head = Head(tmp_path)
    fresh = tmp_path / "fresh"
    Box(fresh, head.centre).update()
    kills, seed = 0, 0
    states: Counter[str] = Counter()
    while kills < KILLS:
        print(f"seed {seed}")  # noqa: T201 - shown if it fails
        folder = tmp_path / f"box-{seed}"
        shutil.copytree(fresh, folder)
        rng = random.Random(seed)
        given = ordered(head, rng)
        world = World(folder, head, rng)
        world.deliver([payload for _, _, payload in given.values()])
        check(world, given)
        kills += world.kills
        states.update(result.text.split(":")[0] for result in world.answers.values())
        shutil.rmtree(folder)
        seed += 1
    assert states["interrupted"] > 3, "the harness bites"
