# SPDX-License-Identifier: Apache-2.0
"""Takes a command: kept on disk, done, recorded, answered, in this order, and never done twice.

    heard ─ shape, node, signatures ─► genuine ─ time ─► KEPT ─► DONE, kept ─► RECORDED ─► ANSWERED

What is not genuine is answered and recorded, but not kept: nobody who cannot sign fills this disk,
or takes the id of a command that is still to come. One command at a time.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from edge.blocklist.apply import BUILT_S
from edge.errors import QalqanError
from edge.report.command.act import Action, Interrupted, Job, Outcome
from edge.report.command.denial import Denials, Record, act_event
from edge.report.command.register import FLOOR, SIGNED_TIME, Register, Row, Unwritten
from edge.report.command.signed import (
    Denied,
    Heard,
    Vouched,
    Why,
    check_time,
    order_of,
    problems,
    read,
)
from edge.report.message import Order, Result
from edge.trust.alarm import Refused
from edge.trust.order import Keys, ordered_by

MOST_TRIES = 3
"How often an act is begun again after the process ended within it: it may be what ends it."
MOST_TOLD = 32
"Results that are told at once."


class Audit(NamedTuple):
    """The audit log, as this room needs it."""

    record: Record
    room: Callable[[], bool]
    "Whether it would succeed now."


class Trust(NamedTuple):
    """Whom, and which time, to believe."""

    keys: Callable[[], Keys]
    "Whose orders are followed."
    now_s: Callable[[int], int]
    "The time to judge by, from that of the clock: never earlier than any signed time seen."


class _Genuine(NamedTuple):
    """A command that is what it says."""

    order: Order
    body: str
    digest: str
    action: Action[Any]
    args: BaseModel
    keys: tuple[str, ...]
    both: bool
    "Whether both sides have signed the order itself."


class Commands:
    """All commands of this box."""

    def __init__(
        self,
        node: str,
        register: Register,
        actions: Mapping[str, Action[Any]],
        trust: Trust,
        audit: Audit,
    ) -> None:
        """Do what `actions` can; `recover` before the first is taken."""
        self._node = node
        self._register = register
        self._actions = actions
        self._trust = trust
        self._audit = audit
        self._alone = Lock()
        self._after: list[Callable[[], object]] = []
        self._unsaved: dict[str, tuple[Result, bool]] = {}
        "Results that did not fit on the disk, and whether the audit log has them."
        self.denials = Denials(audit.record)

    def take(self, payload: bytes, now_s: int) -> Result | None:
        """Do what a command wants; None if there is nothing to answer, or not yet."""
        with self._alone:
            self._catch_up(now_s)
            heard = read(payload)
            if heard is None:
                self.denials.not_read(now_s)
                return None
            if before := self.denials.again(heard.whole):
                return before
            try:
                row = self._register.known(heard.id)
                return self._again(row, heard) if row else self._new(heard, now_s)
            except Denied as no:
                return self.denials.answer(heard.whole, heard.id, no, now_s)

    def recover(self, now_s: int) -> None:
        """Finish what the last process left half done; call once, before anything is taken."""
        with self._alone:
            trial = self._register.trial()
            for row in self._register.unfinished():
                if trial is None or trial.id != row.id:
                    self._finish(row, now_s)
            self._catch_up(now_s)

    def untold(self, now_s: int) -> list[Result]:
        """Return results that the hub may not have: their connection was lost."""
        with self._alone:
            self._catch_up(now_s)
            results = self._register.untold(MOST_TOLD)
        return [Result.model_validate_json(text) for text in results]

    def told(self, result: Result) -> None:
        """Note that an answer is out."""
        self._register.told(result.id)

    def follow_up(self) -> None:
        """Do what waits until the answer is out: end this process to be started anew."""
        after, self._after = self._after, []
        for call in after:
            call()

    # Judging ----------------------------------------------------------------

    def _again(self, row: Row, heard: Heard) -> Result | None:
        """Return what became of a command that was taken before."""
        if row.digest != heard.digest:
            raise Denied(Why.OTHER_BODY, "another command had this id")
        if row.id in self._unsaved:
            return self._answer(row.kind, *self._unsaved[row.id])
        if row.result is None:  # on trial, or half done when the disk filled up
            return None
        if not row.result:
            text = "was answered more than seven days ago"
            return Result(id=row.id, state="expired", text=text)
        result = Result.model_validate_json(row.result)
        return self._answer(row.kind, result, bool(row.recorded))

    def _answer(self, kind: str, result: Result, recorded: bool) -> Result | None:  # noqa: FBT001
        """Return a result if it may go out: what was changed goes out when it is recorded."""
        action = self._actions.get(kind)
        changed = result.state in {"done", "failed"} and (action is None or action.changes)
        return None if changed and not recorded else result

    def _new(self, heard: Heard, now_s: int) -> Result | None:
        """Do a command that was not taken before. Raises `Denied` if it is not genuine."""
        genuine = self._genuine(heard)
        trusted_s = self._trusted_s(now_s)
        try:
            check_time(genuine.order, now_s, trusted_s, self._register.number(FLOOR))
            self._check_room(genuine.action)
        except Denied as no:
            return self._keep_refusal(heard, genuine, no, trusted_s)
        if genuine.both:
            self._note_time(genuine.order.issued, now_s)
        try:
            self._register.take(_row(genuine), trusted_s)
        except Unwritten as error:
            if genuine.action.changes:
                raise Denied(Why.NO_ROOM, f"{error}, so nothing is changed") from error
        return self._do(genuine, now_s, genuine.action.act)

    def _check_room(self, action: Action[Any]) -> None:
        if action.changes and not self._audit.room():
            raise Denied(Why.NO_ROOM, "the audit log has no room, so nothing is changed")

    def _note_time(self, issued: int, now_s: int) -> None:
        """Remember a time that both sides have signed; one ahead of a good clock is no help."""
        with suppress(Unwritten):
            self._register.raise_to(SIGNED_TIME, issued if now_s < BUILT_S else min(issued, now_s))

    def _trusted_s(self, now_s: int) -> int:
        return max(self._trust.now_s(now_s), self._register.number(SIGNED_TIME))

    def _genuine(self, heard: Heard) -> _Genuine:
        order = order_of(heard, self._node)
        action, args = self._action(order)
        signatures = heard.command.signatures
        sides = ordered_by(heard.command.body, signatures, self._trust.keys())
        keys = action.allowed(args, Vouched(sides, tried=bool(signatures)))
        body = heard.command.body
        return _Genuine(order, body, heard.digest, action, args, keys, len(sides) > 1)

    def _action(self, order: Order) -> tuple[Action[Any], BaseModel]:
        action = self._actions.get(order.kind)
        if action is None:
            raise Denied(Why.UNKNOWN_KIND, f"{order.kind!r} is nothing this box does")
        try:
            return action, action.args.model_validate(order.args)
        except ValidationError as wrong:
            raise Denied(Why.BAD_ARGS, problems(wrong)) from wrong

    # Doing ------------------------------------------------------------------

    def _do(
        self, genuine: _Genuine, now_s: int, begin: Callable[[Any, Job], Outcome]
    ) -> Result | None:
        """Act, and keep what came of it; None while that is not known, or not recorded."""
        id_ = genuine.order.id
        try:
            outcome = begin(genuine.args, Job(id_, now_s))
        except Denied as no:
            result = no.result(id_)
        except Refused as no:
            data = {"why": no.alarm.value}
            result = Result(id=id_, state="refused", text=str(no), data=data)
        except Interrupted as error:
            result = _interrupted(id_, str(error))
        except (QalqanError, OSError) as error:
            result = Result(id=id_, state="failed", text=str(error))
        else:
            if outcome.after:
                self._after.append(outcome.after)
            if not outcome.answered:
                return None
            result = Result(id=id_, state="done", text=outcome.text, data=dict(outcome.data))
        self._keep(result)
        recorded = self._record(genuine.order.kind, genuine.keys, result)
        return self._answer(genuine.order.kind, result, recorded)

    def _finish(self, row: Row, now_s: int) -> None:
        """Finish a command that the last process began."""
        try:
            order = Order.model_validate_json(row.body)
            action, args = self._action(order)
            self._register.tried(row.id)
        except (ValidationError, Denied, Unwritten):
            return self._give_up(row, "and cannot be read any more")
        if row.tries >= MOST_TRIES:
            return self._give_up(row, f"{row.tries} times again")
        if order.expires <= self._trusted_s(now_s):
            return self._give_up(row, "and it has expired since")
        keys = tuple(row.keys.split())
        genuine = _Genuine(order, row.body, row.digest, action, args, keys, both=False)
        self._do(genuine, now_s, action.finish)
        return None

    def _give_up(self, row: Row, text: str) -> None:
        result = _interrupted(row.id, f"the process ended within it, {text}")
        self._keep(result)
        self._record(row.kind, tuple(row.keys.split()), result)

    # Keeping ----------------------------------------------------------------

    def _keep(self, result: Result) -> None:
        try:
            self._register.done(result.id, result.model_dump_json(), recorded=False)
        except Unwritten:
            self._unsaved[result.id] = result, False

    def _keep_refusal(self, heard: Heard, genuine: _Genuine, no: Denied, at_s: int) -> Result:
        """Keep that a genuine command was refused: it is not done later either."""
        result = no.result(genuine.order.id)
        try:
            self._register.take(_row(genuine)._replace(result=result.model_dump_json()), at_s)
        except Unwritten:
            return self.denials.answer(heard.whole, result.id, no, at_s)
        self._record(genuine.order.kind, genuine.keys, result)
        return result

    def _record(self, act: str, keys: tuple[str, ...], result: Result) -> bool:
        """Have a result in the audit log; it is kept by now, so that both say the same."""
        if not self._audit.record(act_event(act, keys, result)):
            return False
        if result.id in self._unsaved:
            self._unsaved[result.id] = result, True
        else:
            with suppress(Unwritten):
                self._register.recorded(result.id)
        return True

    def _catch_up(self, now_s: int) -> None:
        """Write what found no room before; forget what is old."""
        with suppress(Unwritten):
            for id_, (result, recorded) in list(self._unsaved.items()):
                self._register.done(id_, result.model_dump_json(), recorded=recorded)
                del self._unsaved[id_]
            for row in self._register.unrecorded():
                result = Result.model_validate_json(row.result or "")
                if not self._record(row.kind, tuple(row.keys.split()), result):
                    break
            self._register.forget(self._trusted_s(now_s))


def _row(genuine: _Genuine) -> Row:
    """Return a command as it is kept before it is done."""
    order = genuine.order
    return Row(
        order.id, genuine.digest, order.kind, genuine.body, " ".join(genuine.keys), order.issued,
        tries=0, result=None, recorded=0,
    )  # fmt: skip


def _interrupted(id_: str, text: str) -> Result:
    return Result(id=id_, state="failed", text=f"interrupted: {text}")
