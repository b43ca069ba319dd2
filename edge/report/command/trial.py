# SPDX-License-Identifier: Apache-2.0
"""A configuration from the hub, on trial: if the hub is not reached with it, the old one returns.

    kept ─► beside (.new) ─► TRIAL NOTED ─► renamed ─► restart ─► hub reached ─► done
                                                      └─ not within `dead_man_s` ─► old, restart

The old file is beside as `.before`, and within the trial's note should that be lost. A cut at any
point leaves one of both files, whole; which one says how far it had got.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from edge.blocklist.store import replace, sync_folder
from edge.config import Config, load, parse
from edge.errors import ConfigError
from edge.report.command.act import BOTH, Interrupted, Job, Outcome
from edge.report.command.register import CONFIG_VERSION, Pending, Register, Unwritten
from edge.report.command.signed import Denied, Vouched, Why, by_sides
from edge.report.message import Result, Wire

MOST_STARTS = 20
"Of a process with a configuration on trial: more, and it ends before the dead man wakes."
MOST_TOML = 256 * 1024


class ConfigArgs(Wire):
    """The whole file."""

    toml: str = Field(max_length=MOST_TOML)
    version: int = Field(ge=1, lt=1 << 63)
    "Rises with every configuration that is sent to this box."


class Tried(NamedTuple):
    """The configuration in force, as far as another must agree with it."""

    path: Path
    node: str
    state_dir: Path
    dead_man_s: int


def tried(path: Path, config: Config) -> Tried:
    """Return what matters here of the configuration in force."""
    return Tried(path.resolve(), config.node.name, config.node.state_dir, config.hub.dead_man_s)


class Configure:
    """`config`: a new file in place of the old one, on trial."""

    args = ConfigArgs
    changes = True

    def __init__(self, now: Tried, register: Register, restart: Callable[[], object]) -> None:
        """Replace the file of `now`; `restart` has all processes start anew."""
        self._now = now
        self._register = register
        self._restart = restart

    def allowed(self, args: ConfigArgs, vouched: Vouched) -> tuple[str, ...]:
        """Both sides."""
        del args
        return by_sides(vouched, BOTH)

    def act(self, args: ConfigArgs, job: Job) -> Outcome:
        """Put the file in place; what becomes of it is known when the hub is reached, or not."""
        path, new = self._now.path, args.toml.encode()
        self._check(args)
        old = path.read_bytes()
        if new == old:
            self._register.raise_to(CONFIG_VERSION, args.version)
            return Outcome(f"configuration {args.version} is in force already")
        replace(_before(path), old)
        _write_beside(path, new)
        self._register.begin_trial(
            Pending(job.id, args.version, old, _sha(new), self._now.dead_man_s)
        )
        try:
            _put_in_place(path)
        except OSError:
            self._register.drop_trial()
            raise
        return Outcome("on trial", after=self._restart, answered=False)

    def finish(self, args: ConfigArgs, job: Job) -> Outcome:
        """Nothing is in place: the trial was not begun."""
        del args, job
        raise Interrupted("the process ended before the file was in place")

    def _check(self, args: ConfigArgs) -> None:
        if self._register.trial():
            raise Denied(Why.ON_TRIAL, "another configuration is on trial")
        if args.version <= self._register.number(CONFIG_VERSION):
            raise Denied(Why.OLD_VERSION, f"{args.version} or a later one was tried before")
        try:
            new = parse(args.toml, self._now.path)
        except ConfigError as error:
            raise Denied(Why.BAD_CONFIG, str(error)) from error
        if new.node.name != self._now.node:
            raise Denied(Why.BAD_CONFIG, f"node.name stays {self._now.node}")
        if new.node.state_dir != self._now.state_dir:
            raise Denied(Why.BAD_CONFIG, f"node.state_dir stays {self._now.state_dir}")


def usable_config(path: Path, register: Register) -> Config:
    """Return the configuration to start with, and end a trial that came to nothing.

    Call before anything else is built. Raises `ConfigError` where no file can be read.
    """
    path = path.resolve()
    trial = register.trial()
    if trial is None:
        return load(path)
    in_place = _sha_of(path)
    if in_place == _sha(trial.old):
        was = "taken back" if trial.boot else "interrupted: it was not in place yet"
        _end(register, trial, was)
        return load(path)
    if in_place not in {trial.new_sha, ""}:
        _end(register, trial, "the file was changed by hand")
        return load(path)
    try:
        return load(path)
    except ConfigError as error:
        take_back(path, register, f"it cannot be read: {error}")
        return load(path)


def take_back(path: Path, register: Register, why: str) -> None:
    """Put the old file in place, and keep that its successor failed."""
    trial = register.trial()
    if trial is None:
        return
    path = path.resolve()
    if _sha_of(_before(path)) == _sha(trial.old):  # no disk is too full for a rename
        _before(path).replace(path)
        sync_folder(path.parent)
    else:
        _write_beside(path, trial.old)
        _put_in_place(path)
    _end(register, trial, f"taken back: {why}")


class Trial:
    """The trial that this process was started with, if there is one."""

    def __init__(self, path: Path, register: Register, boot: str, now_s: float) -> None:
        """Go on with it, at `now_s` by the clock that counts since `boot`."""
        self._path = path
        self._register = register
        self._trial = trial = _running(path.resolve(), register)
        self._over = asyncio.Event()
        self.left_s = 0.0
        "How long the hub may take to be reached."
        if trial is None:
            return
        until_s = trial.until_s if trial.boot == boot else now_s + trial.patience_s
        with suppress(Unwritten):
            register.start_trial(boot, until_s)
        if trial.starts < MOST_STARTS:
            self.left_s = max(until_s - now_s, 0.0)

    @property
    def runs(self) -> bool:
        """Whether a configuration is on trial in this process."""
        return self._trial is not None

    def reached(self) -> None:
        """Say that the hub was reached, and that all that must run does: the trial is won."""
        if self._trial is None:
            return
        text = f"configuration {self._trial.version} is in force, and the hub was reached with it"
        self._over.set()
        with suppress(Unwritten):  # then it is noted when the hub is reached again
            result = Result(id=self._trial.id, state="done", text=text)
            self._register.end_trial(result.model_dump_json())
            self._trial = None

    def give_up(self) -> None:
        """Put the old configuration in place; restart all that reads it."""
        if self._trial is None:
            return
        take_back(
            self._path, self._register,
            f"the hub was not reached with configuration {self._trial.version}",
        )  # fmt: skip
        self._trial = None
        self._over.set()

    async def watch(self, restart: Callable[[], object]) -> None:
        """Wait for the hub as long as was agreed; then give up, and call `restart`."""
        if self._trial is None:
            return
        try:
            async with asyncio.timeout(self.left_s):
                await self._over.wait()
        except TimeoutError:
            self.give_up()
            restart()


def _running(path: Path, register: Register) -> Pending | None:
    """Return the trial, if the file that is in place is the one on trial."""
    trial = register.trial()
    return trial if trial and _sha_of(path) == trial.new_sha else None


def _end(register: Register, trial: Pending, text: str) -> None:
    """Keep that a trial came to nothing; on a full disk that is found again at the next start."""
    with suppress(Unwritten):
        register.end_trial(Result(id=trial.id, state="failed", text=text).model_dump_json())


def _sha(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def _sha_of(path: Path) -> str:
    """Return the hash of a file; empty if there is none."""
    return _sha(path.read_bytes()) if path.exists() else ""


def _before(path: Path) -> Path:
    return path.with_name(path.name + ".before")


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _write_beside(path: Path, octets: bytes) -> None:
    """Write a file beside another, whole and on disk, with its rights."""
    with _beside(path).open("wb") as out:
        out.write(octets)
        out.flush()
        if path.exists():
            shutil.copymode(path, out.name)
        os.fsync(out.fileno())


def _put_in_place(path: Path) -> None:
    _beside(path).replace(path)
    sync_folder(path.parent)
