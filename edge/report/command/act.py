# SPDX-License-Identifier: Apache-2.0
"""What each kind of command does; others: `edge.report.command.hurry`, `.trial`, `.records`.

| kind             | signed by         | if the process ended within it                          |
|------------------|-------------------|---------------------------------------------------------|
| block, unblock   | its record's keys | finished: the list's journal tells whether it is in it  |
| mode observe     | one side          | finished: the file is written again, the same           |
| mode enforce     | both sides        | finished, as above                                      |
| enforcement off  | one side          | finished, as above                                      |
| enforcement on   | both sides        | finished, as above                                      |
| config           | both sides        | interrupted; once it is in place its trial goes on      |
| explain, export  | one side          | finished: asked again                                   |
| update           | both sides        | done: every connection begins with it                   |
| restart uplink   | one side          | done: it was started anew                               |
| restart, another | one side          | interrupted: it may have heard or not                   |
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from edge.errors import ConfigError, QalqanError
from edge.model.verdict import Mode
from edge.modes import STOP, go, read_modes, stop, write_modes
from edge.report.command.signed import Denied, Vouched, Why, by_sides
from edge.report.message import Campaign, Wire

ONE, BOTH = 1, 2


class Interrupted(QalqanError):
    """The process ended within an act, and nobody knows whether it was done."""


class Outcome(NamedTuple):
    """What an act did."""

    text: str
    data: Mapping[str, Any] = MappingProxyType({})
    after: Callable[[], object] | None = None
    "Called when the answer is out."
    answered: bool = True
    "False: what became of it is known later, and answered then."


ArgsT = TypeVar("ArgsT", bound=BaseModel)


class Job(NamedTuple):
    """What an action is told beside its arguments."""

    id: str
    now_s: int


class Action(Protocol[ArgsT]):
    """One kind of command."""

    args: type[ArgsT]
    changes: bool
    "Whether it changes anything: then it is not done unless the audit log can take it."

    def allowed(self, args: ArgsT, vouched: Vouched) -> tuple[str, ...]:
        """Return the ids of the keys that it rests on. Raises `Denied`."""

    def act(self, args: ArgsT, job: Job) -> Outcome:
        """Do it. Raises `Denied` or `Refused`; another `QalqanError`, or `OSError`, if it fails."""

    def finish(self, args: ArgsT, job: Job) -> Outcome:
        """Do what is left of it after the process ended within it. Raises as `act`."""


# mode -------------------------------------------------------------------------


class ModeArgs(Wire):
    """Which mode for which trunk."""

    trunk: str
    mode: Mode


_CHANGING = Lock()
"The hub and who stands before the box may set modes at once; one process does both."


class SetMode:
    """`mode`: what a trunk's verdicts do, whatever the configuration says."""

    args = ModeArgs
    changes = True

    def __init__(self, path: Path, trunks: Collection[str], hint: Callable[[], object]) -> None:
        """Write to the file that `core` looks at."""
        self._path = path
        self._trunks = trunks
        self._hint = hint

    def allowed(self, args: ModeArgs, vouched: Vouched) -> tuple[str, ...]:
        """To stop more takes both sides, to stop less one."""
        return by_sides(vouched, ONE if args.mode is Mode.OBSERVE else BOTH)

    def act(self, args: ModeArgs, job: Job) -> Outcome:
        """Write the file anew."""
        del job
        if args.trunk not in self._trunks:
            raise Denied(Why.UNKNOWN_TRUNK, f"{args.trunk[:64]!r} is no trunk of this box")
        text = f"{args.trunk} is in {args.mode.value}"
        with _CHANGING:
            try:
                modes = read_modes(self._path)
            except ConfigError:
                modes, text = {}, f"{text}; the file was damaged, the others are as configured"
            write_modes(self._path, {**modes, args.trunk: args.mode})
        self._hint()
        return Outcome(text)

    finish = act


# enforcement ------------------------------------------------------------------


class EnforcementArgs(Wire):
    """Whether trunks stop calls as their modes say."""

    on: bool
    "False is the emergency stop: all trunks are only observed until it is true again."


class SetEnforcement:
    """`enforcement`: the emergency stop, and its end."""

    args = EnforcementArgs
    changes = True

    def __init__(self, path: Path, hint: Callable[[], object]) -> None:
        """Make and remove the file that `core` looks for."""
        self._path = path
        self._hint = hint

    def allowed(self, args: EnforcementArgs, vouched: Vouched) -> tuple[str, ...]:
        """To stop more takes both sides, to stop less one."""
        return by_sides(vouched, BOTH if args.on else ONE)

    def act(self, args: EnforcementArgs, job: Job) -> Outcome:
        """Make the file, or remove it."""
        if not args.on:
            stop(self._path, job.id)
            text = "all trunks are only observed"
        else:
            text = "trunks are in their modes" if go(self._path) else "no stop was in force"
        self._hint()
        return Outcome(text)

    finish = act


# update, restart --------------------------------------------------------------


class UpdateArgs(Wire):
    """What is to be updated."""

    campaign: Campaign | None = None
    "The firmware, as the hub would want it in a rollout; null: the lists."


class Steers(Protocol):
    """Takes campaigns: `edge.update.firmware.Firmware`."""

    def keep(self, campaign: Campaign | None) -> None:
        """Have on disk what is wanted; for any thread. Raises `OSError`."""

    def look(self) -> None:
        """Do as is wanted on disk; for the event loop."""


class Update:
    """`update`: look for new lists now, or for other firmware."""

    args = UpdateArgs
    changes = True

    def __init__(self, start: Callable[[], object], firmware: Steers | None = None) -> None:
        """Have `start` begin it, in the event loop; what comes of it is reported as the lists'."""
        self._start = start
        self._firmware = firmware

    def allowed(self, args: UpdateArgs, vouched: Vouched) -> tuple[str, ...]:
        """Both sides."""
        del args
        return by_sides(vouched, BOTH)

    def act(self, args: UpdateArgs, job: Job) -> Outcome:
        """Begin when the answer is out: there is only one connection for both."""
        del job
        if args.campaign is None:
            return Outcome("new lists are looked for", after=self._start)
        if self._firmware is None:
            raise Denied(Why.BAD_ARGS, "this box takes no firmware from the hub")
        self._firmware.keep(args.campaign)
        text = f"{args.campaign.version} is wanted; events of {args.campaign.id} tell how it goes"
        return Outcome(text, after=self._firmware.look)

    finish = act


UPLINK = "uplink"
"The process that takes the commands: it ends when its answer is out."


class RestartArgs(Wire):
    """Which process."""

    process: str


class Restart:
    """`restart`: a process ends in good order and is started anew."""

    args = RestartArgs
    changes = True

    def __init__(self, ask: Mapping[str, Callable[[], object]]) -> None:
        """Know how each process is asked."""
        self._ask = ask

    def allowed(self, args: RestartArgs, vouched: Vouched) -> tuple[str, ...]:
        """One side: it stops less for a moment."""
        del args
        return by_sides(vouched, ONE)

    def act(self, args: RestartArgs, job: Job) -> Outcome:
        """Ask another at once, ourselves when the answer is out."""
        del job
        ask = self._asked(args)
        if args.process == UPLINK:
            return Outcome("uplink ends to be started anew", after=ask)
        ask()
        return Outcome(f"{args.process} was asked to start anew")

    def finish(self, args: RestartArgs, job: Job) -> Outcome:
        """Say what is known: we were started anew ourselves."""
        del job
        self._asked(args)
        if args.process == UPLINK:
            return Outcome("uplink was started anew")
        raise Interrupted(f"whether {args.process} was asked is not known")

    def _asked(self, args: RestartArgs) -> Callable[[], object]:
        try:
            return self._ask[args.process]
        except KeyError:
            known = ", ".join(sorted(self._ask))
            raise Denied(Why.BAD_ARGS, f"process is one of: {known}") from None


def switches(
    modes: Path, trunks: Collection[str], hint: Callable[[], object]
) -> dict[str, Action[Any]]:
    """Return the kinds that say what is stopped, for the hub and for who stands before the box."""
    return {
        "mode": SetMode(modes, trunks, hint),
        "enforcement": SetEnforcement(modes.with_name(STOP), hint),
    }
