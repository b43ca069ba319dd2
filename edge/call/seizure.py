# SPDX-License-Identifier: Apache-2.0
"""What calls on circuits have in common, whether ISUP or Q.931 seized them: who is up, who is over.

A signalling brings its table; here a call moves through it and its events are made. A call is
offered once: when its called number is whole (ST or sending complete, or long enough by the
numbering plan), when the other side answers, or when no digit has come for `digits_ns`. Nearly
always that is at once. With overlap sending no phone rings before, and no verdict can spare an
emergency number of which it knows the first digit.
"""

from collections.abc import Hashable, Mapping, Sequence
from enum import StrEnum
from itertools import takewhile
from typing import Generic, TypeVar

import msgspec

from edge.call.machine import Table
from edge.call.offer import MessageT, Offers, extended, is_ended
from edge.call.timers import IdleLine, Silent
from edge.model.event import CallAnswered, CallEvent, CallProgressed, CallReleased, Trunk
from edge.model.unit import Unit

StateT = TypeVar("StateT", bound=StrEnum)
SignalT = TypeVar("SignalT", bound=StrEnum)

MAX_NAMES = 65_536
"Circuits whose seizures are counted: as many as calls may be up by default, and no more."

MAX_PIECES = 32
"Messages that a called number may come in: more than it can have digits."

COUNTS = ("repeated", "overlapped", "unexpected", "untracked", "evicted", "idle")


class Bounds(msgspec.Struct, frozen=True):
    """How many calls are followed, and how long a silent one, nanoseconds."""

    limit: int
    setup_idle_ns: int
    talk_idle_ns: int


class Rules(msgspec.Struct, Generic[StateT, SignalT], frozen=True):
    """What a signalling says of its calls."""

    table: Table[StateT, SignalT]
    silence: SignalT
    dialling: Sequence[StateT]
    "States in which digits may still come; a call begins in the first."
    asked: frozenset[StateT]
    "Those of them in which the other side has asked for digits, and will say when it has enough."
    stages: Mapping[StateT, str]
    "States before the answer -> stage of the call's progress."
    talking: frozenset[StateT]
    clearing: frozenset[StateT]
    "The call is over, its circuit not yet free."
    digits_ns: int
    "Longest wait for a further digit."
    clearing_ns: int
    "Longest wait for the circuit to be free."


class Said(msgspec.Struct, frozen=True, gc=False):
    """What was heard of a call, as its event will say it."""

    at: int
    cause: str
    by: str = "network"
    q850: int = 0
    units: tuple[Unit, ...] = ()


class Seizure(Silent, Generic[StateT, MessageT]):
    """What is remembered of one call: little, as a hundred thousand may be up."""

    __slots__ = (
        "answered_at", "attempt", "content", "keys", "message", "name", "offered_at", "seized_at",
        "state", "trunk",
    )  # fmt: skip

    def __init__(
        self, key: Hashable, message: MessageT, trunk: Trunk, attempt: int, state: StateT
    ) -> None:
        """Begin with the message that seizes the circuit."""
        super().__init__()
        self.keys: tuple[Hashable, ...] = (key,)
        "By what the call is found; the first is its own."
        self.name = message.call
        self.attempt = attempt
        self.trunk = trunk
        self.state = state
        self.content = content_of(message)
        self.message: MessageT | None = message
        "Kept until it is offered."
        self.seized_at = message.unit.at
        self.offered_at = 0
        self.answered_at = 0


def content_of(message: MessageT) -> int:
    """Return what tells a repeated message from another."""
    return hash((message.type, message.numbers))


class Seizures(Generic[StateT, SignalT, MessageT]):
    """All calls of one signalling that are up, each a row of its table."""

    def __init__(self, rules: Rules[StateT, SignalT], offers: Offers, bounds: Bounds) -> None:
        """Start with no circuit seized."""
        self.counts = dict.fromkeys(COUNTS, 0)
        self._rules = rules
        self._offers = offers
        self._limit = bounds.limit
        self._calls: dict[Hashable, Seizure[StateT, MessageT]] = {}
        self._seized: dict[str, int] = {}
        self._setup: IdleLine[Seizure[StateT, MessageT]] = IdleLine(bounds.setup_idle_ns)
        self._talk: IdleLine[Seizure[StateT, MessageT]] = IdleLine(bounds.talk_idle_ns)
        self._over: IdleLine[Seizure[StateT, MessageT]] = IdleLine(rules.clearing_ns)
        self._dialled: dict[Seizure[StateT, MessageT], int] = {}
        "Not offered yet, and when their last digit came; each is in `_setup` too."

    def __len__(self) -> int:
        """Calls remembered, those whose circuit is being cleared included."""
        return self.up + len(self._over)

    @property
    def up(self) -> int:
        """Calls that are not over."""
        return len(self._setup) + len(self._talk)

    def find(self, *keys: Hashable) -> Seizure[StateT, MessageT] | None:
        """Return the call that is found by the first of the keys that finds one."""
        return next((self._calls[key] for key in keys if key in self._calls), None)

    def place(self, call: Seizure[StateT, MessageT], key: Hashable) -> None:
        """Let a call be found by a further key, until another takes it."""
        if key not in call.keys:
            call.keys += (key,)
        self._calls[key] = call

    def begin(self, key: Hashable, message: MessageT, trunk: Trunk) -> list[CallEvent]:
        """Take in a new call under a free key; offer it if it can be decided."""
        at = message.unit.at
        events = self._evict(at) if len(self) >= self._limit else []
        call = Seizure(key, message, trunk, self._next(message.call), self._rules.dialling[0])
        self._calls[key] = call
        self._setup.touch(call, at)
        if self._offers.is_whole(message, trunk):
            return [*events, *self._offer(call, at)]
        self._dialled[call] = at
        return events

    def _next(self, name: str) -> int:
        """Number the seizures of a circuit: the same name comes again with each of its calls."""
        if len(self._seized) >= MAX_NAMES and name not in self._seized:
            self._seized.clear()
        attempt = self._seized[name] = self._seized.get(name, 0) + 1
        return attempt

    def dial(self, call: Seizure[StateT, MessageT], later: MessageT) -> list[CallEvent]:
        """Take further digits; offer the call if that makes its number whole."""
        at = later.unit.at
        self.counts["overlapped"] += 1
        self.touch(call, at)
        if call.message is None:
            return []
        call.message = extended(call.message, later)
        whole = is_ended(call.message) or len(call.message.earlier) >= MAX_PIECES
        if call.state not in self._rules.asked:
            whole = whole or self._offers.is_whole(call.message, call.trunk)
        if whole:
            return self._offer(call, at)
        del self._dialled[call]  # the last dialled stands last
        self._dialled[call] = at
        return []

    def touch(self, call: Seizure[StateT, MessageT], at: int) -> None:
        """Note that a call is alive."""
        self._line_of(call.state).touch(call, at)

    def step(self, call: Seizure[StateT, MessageT], signal: SignalT, said: Said) -> list[CallEvent]:
        """Move a call by the table; return the events of entering a new state."""
        before = call.state
        after = self._rules.table.get((before, signal))
        if after is None:
            self.counts["unexpected"] += 1
            return []
        self._line_of(before).drop(call)
        call.state = after
        self.touch(call, said.at)
        offered = [] if after in self._rules.dialling else self._offer(call, said.at)
        return [*offered, *(self._entered(call, before, said) if after is not before else [])]

    def _entered(
        self, call: Seizure[StateT, MessageT], before: StateT, said: Said
    ) -> list[CallEvent]:
        after, rules = call.state, self._rules
        if stage := rules.stages.get(after):
            return [CallProgressed(said.at, call.name, call.attempt, stage, said.cause)]
        if after in rules.talking:
            if call.answered_at:
                return []
            call.answered_at = said.at
            after_ns = said.at - call.offered_at
            return [CallAnswered(said.at, call.name, call.attempt, after_ns)]
        if after in rules.dialling:
            return []
        if after not in rules.clearing:
            self._forget(call)
        return [] if before in rules.clearing else [_released(call, said)]

    def _offer(self, call: Seizure[StateT, MessageT], at: int) -> list[CallEvent]:
        """Offer a call, unless it was."""
        message, call.message = call.message, None
        if message is None:
            return []
        call.offered_at = at
        self._dialled.pop(call, None)
        return [self._offers.offer(message, call.trunk, call.attempt, at)]

    def expire(self, now: int) -> list[CallEvent]:
        """Offer the calls that no digit came for, end those silent too long at `now`."""
        events = [e for call in self._undialled(now) for e in self._offer(call, now)]
        for call in self._over.expire(now):
            self._forget(call)
        silent = self._setup.expire(now) + self._talk.expire(now)
        self.counts["idle"] += len(silent)
        return [*events, *(e for call in silent for e in self._give_up(call, now, "idle"))]

    def finish(self, now: int) -> list[CallEvent]:
        """Offer the calls that wait for digits, as nothing more will be heard."""
        return [event for call in tuple(self._dialled) for event in self._offer(call, now)]

    def _undialled(self, now: int) -> list[Seizure[StateT, MessageT]]:
        """Return the calls that no digit came for, the longest waiting first."""
        since = now - self._rules.digits_ns
        waiting = takewhile(lambda dialled: dialled[1] <= since, self._dialled.items())
        return [call for call, _ in waiting]

    def _evict(self, now: int) -> list[CallEvent]:
        """Make room: first circuits being cleared, then the longest silent, setup before talk."""
        self.counts["evicted"] += 1
        if over := self._over.pop_oldest():
            self._forget(over)
            return []
        lines = sorted((self._setup, self._talk), key=IdleLine.next_due)
        call = lines[0].pop_oldest() or lines[1].pop_oldest()
        return self._give_up(call, now, "evicted") if call else []

    def _give_up(self, call: Seizure[StateT, MessageT], now: int, why: str) -> list[CallEvent]:
        return self.step(call, self._rules.silence, Said(now, why, "us"))

    def _line_of(self, state: StateT) -> IdleLine[Seizure[StateT, MessageT]]:
        if state in self._rules.talking:
            return self._talk
        return self._over if state in self._rules.clearing else self._setup

    def _forget(self, call: Seizure[StateT, MessageT]) -> None:
        """Free the circuit."""
        self._line_of(call.state).drop(call)
        for key in call.keys:
            if self._calls.get(key) is call:
                del self._calls[key]


def _released(call: Seizure[StateT, MessageT], said: Said) -> CallReleased:
    answered = call.answered_at
    return CallReleased(
        at=said.at,
        call=call.name,
        attempt=call.attempt,
        cause=said.cause,
        by=said.by,
        answered=bool(answered),
        lasted_ns=said.at - answered if answered else 0,
        q850_cause=said.q850,
        units=said.units,
    )
