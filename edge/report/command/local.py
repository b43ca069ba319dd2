# SPDX-License-Identifier: Apache-2.0
"""What is asked for at the box itself, done and recorded as commands of the hub are.

Nobody signs here: who may write into the folder of requests holds this box anyway. What stops more
calls is done only if the audit log takes it, and taken back if it does not; what stops fewer is
always done.

    requests/ID.json ─ taken by `uplink` ─► ID.taken ─ done, recorded ─► ID.answer
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec
from pydantic import BaseModel, ValidationError

from edge import clock
from edge.blocklist.store import replace
from edge.errors import QalqanError
from edge.model.verdict import Mode
from edge.report.command.act import EnforcementArgs, Job, ModeArgs, Outcome
from edge.report.command.signed import Denied, Why, problems
from edge.report.command.spare import SpareArgs
from edge.report.message import Result

LIFE_S = 30
"Of a request: who asked has gone away since."
MOST_OCTETS = 16_384
MOST_AT_ONCE = 32
"Requests done in one look; the others wait a second."
MOST_REASON = 500
LOOK_EVERY_S = 1.0
NS = 1_000_000_000

ASKED, TAKEN, ANSWER = ".json", ".taken", ".answer"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody before the box wants."""

    id: str
    "A UUID."
    act: str
    "The kind of command that does the same."
    args: dict[str, Any]
    by: str
    "Whom the machine knows them as."
    at_s: int
    "When, epoch seconds."
    reason: str = ""


class Audit(Protocol):
    """The audit log, as this room needs it."""

    def record(self, fields: Mapping[str, object]) -> bool:
        """Keep the fields of an `ActEvent`, on disk before it returns; false if not."""

    def room(self) -> bool:
        """Whether it would succeed now."""


class Doing(Protocol):
    """One kind of act, as far as it is asked for here (`edge.report.command.act.Action`)."""

    args: type[Any]

    def act(self, args: Any, job: Job) -> Outcome:  # noqa: ANN401 - of the model above
        """Do it. Raises a `QalqanError`, or `OSError`, if it is refused or fails."""


class Local:
    """Does what is asked for here."""

    def __init__(self, actions: Mapping[str, Doing], audit: Audit) -> None:
        """Do what `actions` can, and keep that it was done."""
        self._actions = actions
        self._audit = audit

    def do(self, request: Request, now_s: int) -> Result:
        """Return what became of a request, recorded; `data["recorded"]` says if that failed."""
        try:
            result = self._act(request, now_s)
        except Denied as no:
            result = no.result(request.id)
        except (QalqanError, OSError) as error:
            result = Result(id=request.id, state="failed", text=str(error))
        if self._record(request, result):
            return result
        return self._unrecorded(request, result, now_s)

    def _act(self, request: Request, now_s: int) -> Result:
        if not -LIFE_S <= now_s - request.at_s <= LIFE_S:
            raise Denied(Why.EXPIRED, "was asked for too long ago, or by another clock")
        action, args = self._read(request)
        if milder(args) and not self._audit.room():
            raise Denied(Why.NO_ROOM, "the audit log has no room, so nothing more is stopped")
        outcome = action.act(args, Job(request.id, now_s))
        return Result(id=request.id, state="done", text=outcome.text)

    def _read(self, request: Request) -> tuple[Doing, BaseModel]:
        action = self._actions.get(request.act)
        if action is None:
            raise Denied(Why.UNKNOWN_KIND, f"{request.act[:64]!r} is nothing that is done here")
        try:
            return action, action.args.model_validate(request.args)
        except ValidationError as wrong:
            raise Denied(Why.BAD_ARGS, problems(wrong)) from wrong

    def _record(self, request: Request, result: Result) -> bool:
        reason = " ".join(request.reason[:MOST_REASON].split())
        text = f"{result.text}; {reason}" if reason else result.text
        by = ("local", request.by[:64])
        fields = {"act": request.act, "by": by, "command": "", "state": result.state, "text": text}
        return self._audit.record(fields)

    def _unrecorded(self, request: Request, result: Result, now_s: int) -> Result:
        """Take back what would stop more calls and leaves no trace; say so of the rest."""
        said = "the audit log could not take it"
        if result.state == "done":
            action, args = self._read(request)
            back = milder(args)
            if back:
                with suppress(QalqanError, OSError):
                    action.act(back, Job(request.id, now_s))
                text = f"taken back: {said}"
                return Result(id=request.id, state="failed", text=text, data={"recorded": False})
        text = f"{result.text}; {said}"
        return Result(id=request.id, state=result.state, text=text, data={"recorded": False})


def milder(args: BaseModel) -> BaseModel | None:
    """Return what takes back an act that has more calls stopped; None for one that has fewer."""
    match args:
        case ModeArgs(mode=Mode.ENFORCE):
            return args.model_copy(update={"mode": Mode.OBSERVE})
        case EnforcementArgs(on=True):
            return args.model_copy(update={"on": False})
        case SpareArgs(on=False):
            return args.model_copy(update={"on": True})
        case _:
            return None


# The folder, as `uplink` sees it ----------------------------------------------


class Requests:
    """Looks once a second, or at a hint, for what is asked for."""

    def __init__(
        self, folder: Path, local: Local, now_ns: Callable[[], int] = clock.now_ns
    ) -> None:
        """Answer in `folder`, made if need be; what was answered to a process before is gone."""
        self._folder = folder
        self._local = local
        self._now_ns = now_ns
        self._asked = asyncio.Event()
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob(f"*{ANSWER}"):
            path.unlink(missing_ok=True)

    def look_now(self) -> None:
        """Look without waiting for the second to pass."""
        self._asked.set()

    def look(self) -> int:
        """Do what is asked for, one after another; returns how much was."""
        done = 0
        for path in list(self._waiting())[:MOST_AT_ONCE]:
            with suppress(OSError):  # withdrawn meanwhile, or no room for an answer
                self._answer(path)
                done += 1
        return done

    def _waiting(self) -> Iterator[Path]:
        """Yield those a process before us had taken, then the new ones."""
        for ending in (TAKEN, ASKED):
            yield from sorted(self._folder.glob(f"*{ending}"))

    def _answer(self, path: Path) -> None:
        taken = path.with_suffix(TAKEN)
        path.replace(taken)  # from now on it cannot be withdrawn
        try:
            request = _read(taken)
            if request and request.id == path.stem:
                result = self._local.do(request, self._now_ns() // NS)
                replace(path.with_suffix(ANSWER), result.model_dump_json().encode())
        finally:
            taken.unlink(missing_ok=True)

    async def forever(self) -> None:
        """Look again and again."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            self._asked.clear()
            await asyncio.to_thread(self.look)


def _read(path: Path) -> Request | None:
    with path.open("rb") as file:
        octets = file.read(MOST_OCTETS + 1)
    try:
        return msgspec.json.decode(octets, type=Request) if len(octets) <= MOST_OCTETS else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


# The folder, as who asks sees it ----------------------------------------------


def leave(folder: Path, request: Request) -> None:
    """Ask. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    replace(folder / f"{request.id}{ASKED}", msgspec.json.encode(request))


def answer_of(folder: Path, id_: str) -> Result | None:
    """Take what was answered; None while there is nothing."""
    path = folder / f"{id_}{ANSWER}"
    try:
        result = Result.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    path.unlink(missing_ok=True)
    return result


def withdraw(folder: Path, id_: str) -> bool:
    """Ask no more; false if it was taken, and is done or will be."""
    try:
        (folder / f"{id_}{ASKED}").unlink()
    except FileNotFoundError:
        return False
    return True
