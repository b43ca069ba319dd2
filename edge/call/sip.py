# SPDX-License-Identifier: Apache-2.0
"""SIP messages -> call events (RFC 3261), bounded in memory, with time as an argument.

Every initial INVITE that is not a repeat or another leg of a known attempt is a new attempt and
is offered for a verdict: a sender that reuses a Call-ID gains nothing.
"""

from collections.abc import Callable, Sequence

from edge.call.compact import compacted
from edge.call.sip_leg import MAX_OCTETS, SipCall
from edge.call.sip_table import SIGNALS, TABLE, SipSignal, SipState
from edge.call.timers import IdleLine
from edge.call.trunks import Trunks
from edge.decode.sip.grammar import text
from edge.decode.sip.message import SipMessage
from edge.model.event import (
    CallAnswered,
    CallEvent,
    CallOffered,
    CallProgressed,
    CallReleased,
    Trunk,
)
from edge.model.message import units_of

NS = 1_000_000_000
T_64_T1_NS = 32 * NS  # 64 x T1, section 17.1.1.2: repeats of a finished call may still come

MAX_ATTEMPTS = 64
"Attempts remembered under one Call-ID: every message of it looks through them."

NOTHING: tuple[CallEvent, ...] = ()

# Looking a member up on its Enum costs more than a call (Python 3.11): bound once.
_ANSWERED, _CANCELLING, _RELEASED = SipState.ANSWERED, SipState.CANCELLING, SipState.RELEASED
_ACK, _BYE, _CANCEL, _OK = SipSignal.ACK, SipSignal.BYE, SipSignal.CANCEL, SipSignal.OK
_REFUSALS = frozenset({SipSignal.REFUSE, SipSignal.CHALLENGE})

STAGES = {
    SipState.PROCEEDING: "proceeding",
    SipState.EARLY: "progress",
    SipState.ALERTING: "alerting",
}

Offer = Callable[[SipMessage, Trunk, int], CallOffered]
"Builds the event from an INVITE, its trunk and the attempt number."


class SipCalls:
    """All SIP calls that are up, each a row of the table."""

    desks: frozenset[tuple[str, str]] = frozenset()
    "User and host of the operator desks: a leg that goes there is told."

    def __init__(
        self, trunks: Trunks, offer: Offer, limit: int, setup_idle_ns: int, talk_idle_ns: int
    ) -> None:
        """Hold at most `limit` attempts; silence longer than the idle times ends one."""
        self._trunks = trunks
        self._offer = offer
        self._limit = limit
        self._calls: dict[bytes, SipCall] = {}
        self._held = 0
        self._setup: IdleLine[SipCall] = IdleLine(setup_idle_ns)
        self._talk: IdleLine[SipCall] = IdleLine(talk_idle_ns)
        self._over: IdleLine[SipCall] = IdleLine(T_64_T1_NS)
        self._waiting = dict.fromkeys(SipState, self._setup)
        self._waiting |= {SipState.ANSWERED: self._talk, SipState.CONFIRMED: self._talk}
        self._waiting |= {SipState.RELEASED: self._over}
        self._handlers = {
            "INVITE": self._invite,
            "ACK": self._ack,
            "BYE": self._bye,
            "CANCEL": self._cancel,
        }
        self.counts = dict.fromkeys(
            ("repeated", "legs", "reinvited", "unexpected", "untracked", "evicted", "idle"), 0
        )

    def __len__(self) -> int:
        """Attempts remembered, finished ones that may still repeat included."""
        return self._held

    @property
    def up(self) -> int:
        """Attempts that are not over."""
        return len(self._setup) + len(self._talk)

    def feed(self, message: SipMessage) -> Sequence[CallEvent]:
        """Follow one message; returns what happened to its call."""
        handler = self._handlers.get(message.type)
        if handler is not None:
            return handler(message)
        if message.type.isdigit():
            return self._response(message)
        if message.to_tag:
            self._find(message)  # PRACK, UPDATE, INFO ... move no call, but show that it is alive
        return NOTHING

    def expire(self, now: int) -> list[CallEvent]:
        """End the calls that have been silent too long at `now`."""
        for call in self._over.expire(now):
            self._forget(call)
        silent = self._setup.expire(now) + self._talk.expire(now)
        self.counts["idle"] += len(silent)
        return [self._give_up(call, now, "idle") for call in silent]

    def compact(self) -> None:
        """Take no more room than the calls need."""
        self._calls = compacted(self._calls)

    def _find(self, message: SipMessage) -> SipCall | None:
        """Return the attempt a message belongs to, and note that it is alive."""
        call = self._calls.get(message.call_id)
        while call is not None and not call.owns(message):
            call = call.sibling
        if call is None:
            self.counts["untracked"] += 1
        else:
            self._waiting[call.state].touch(call, message.unit.at)
        return call

    def _invite(self, message: SipMessage) -> Sequence[CallEvent]:
        trunk, known = self._trunks.of(message.unit, message.flow), []
        call = self._calls.get(message.call_id)
        while call is not None:
            if self._continues(call, message, trunk):
                self._waiting[call.state].touch(call, message.unit.at)
                return self._diverted(call, message) if self.desks else NOTHING
            known.append(call)
            call = call.sibling
        if not known:
            return self._begin(message, trunk, 1)
        crowded = self._dismiss(known[-1], message.unit.at) if len(known) >= MAX_ATTEMPTS else None
        begun = self._begin(message, trunk, known[0].attempt + 1)  # the newest stands first
        return [crowded, *begun] if crowded else begun

    def _continues(self, call: SipCall, message: SipMessage, trunk: Trunk) -> bool:
        """Whether an INVITE adds nothing new to this attempt."""
        # Section 14: a To tag means an existing dialog. If we know of none, the INVITE is decided
        # like any other, for a phone may ring at it: a made-up tag must not be a way past us.
        if message.to_tag and call.in_dialog(message):
            self.counts["reinvited"] += 1
            return True
        if call.begins_again(message, trunk):
            call.restart(message)
            return True
        if message.from_tag != call.from_tag or message.cseq != call.cseq:
            return False
        if message.branch in call.tops:
            self.counts["repeated"] += 1
            return True
        if call.state is not _RELEASED and call.links(message, trunk):
            self.counts["legs"] += 1
            return True
        return False

    def _diverted(self, call: SipCall, message: SipMessage) -> Sequence[CallEvent]:
        """Return the event of a leg that goes to an operator desk."""
        uri = message.request_uri
        if (uri.user, uri.host.lower()) not in self.desks:
            return NOTHING
        at, name = message.unit.at, message.call
        return (CallProgressed(at, name, call.attempt, "diverted", message.type),)

    def _begin(self, message: SipMessage, trunk: Trunk, attempt: int) -> Sequence[CallEvent]:
        call = SipCall(message, trunk, attempt)
        # A short head holds no long identifiers, and need not be measured.
        if len(message.octets) > MAX_OCTETS and call.octets > MAX_OCTETS:
            # Decided, but not worth our memory.
            self.counts["evicted"] += 1
            offer = self._offer(message, trunk, attempt)
            return (offer, self._give_up(call, message.unit.at, "evicted"))
        evicted = self._evict(message.unit.at) if self._held >= self._limit else None
        call.sibling = self._calls.get(call.call_id)
        self._calls[call.call_id] = call
        self._held += 1
        self._setup.touch(call, message.unit.at)
        offer = self._offer(message, trunk, attempt)
        return [evicted, offer] if evicted else [offer]

    def _response(self, message: SipMessage) -> Sequence[CallEvent]:
        call = self._find(message)
        if call is None:
            return NOTHING
        if message.cseq != call.cseq:
            if message.type[0] == "2" and message.cseq.endswith(b" BYE"):  # its BYE was not heard
                return self._step(call, _BYE, message)
            return NOTHING
        signal = SIGNALS[message.type]
        if signal is _OK:
            call.answered_by(message.to_tag)
        if signal in _REFUSALS and not self._refused(call, message):
            return NOTHING
        return self._step(call, signal, message)

    def _refused(self, call: SipCall, message: SipMessage) -> bool:
        """Whether a refusal ends the attempt, or only a fork or a further hop of it."""
        return call.state is _RELEASED or call.refuse_leg(message.branch)

    def _ack(self, message: SipMessage) -> Sequence[CallEvent]:
        call = self._find(message)
        if call is None or message.cseq.split(b" ")[0] != call.cseq.split(b" ")[0]:
            return NOTHING
        return self._step(call, _ACK, message)

    def _bye(self, message: SipMessage) -> Sequence[CallEvent]:
        call = self._find(message)
        return self._step(call, _BYE, message) if call else NOTHING

    def _cancel(self, message: SipMessage) -> Sequence[CallEvent]:
        call = self._find(message)
        if call is None or message.branch not in call.roots:  # a proxy stops a losing fork, 16.7
            return NOTHING
        return self._step(call, _CANCEL, message)

    def _step(self, call: SipCall, signal: SipSignal, message: SipMessage) -> Sequence[CallEvent]:
        """Move a call by the table; returns the event if it entered a new state."""
        before = call.state
        after = TABLE.get((before, signal))
        if after is None:
            self.counts["unexpected"] += 1
            return NOTHING
        if after is before:
            return NOTHING
        call.state = after
        if self._waiting[after] is not self._waiting[before]:
            self._waiting[before].drop(call)
            self._waiting[after].touch(call, message.unit.at)
        return self._entered(call, before, message)

    def _entered(self, call: SipCall, before: SipState, message: SipMessage) -> Sequence[CallEvent]:
        """Return the event of entering a state."""
        now = message.unit.at
        if stage := STAGES.get(call.state):
            return (CallProgressed(now, message.call, call.attempt, stage, message.type),)
        if call.state is _ANSWERED:
            call.answered_at, call.caller = now, 0
            return (CallAnswered(now, message.call, call.attempt, now - call.offered_at),)
        if call.state is _RELEASED:
            released = self._released(call, before, message)
            call.end()
            return (released,)
        return NOTHING

    def _released(self, call: SipCall, before: SipState, message: SipMessage) -> CallReleased:
        cause = message.type
        status = int(cause) if cause.isdigit() and not message.cseq.endswith(b"BYE") else 0
        calling = before is _CANCELLING or message.from_tag == call.from_tag
        if status and before is not _CANCELLING:
            calling = False  # a response comes from the called side
        q850 = message.reason.get("q.850", "")
        return CallReleased(
            at=message.unit.at,
            call=message.call,
            attempt=call.attempt,
            cause=cause if status else "BYE",
            by="calling" if calling else "called",
            answered=bool(call.answered_at),
            lasted_ns=message.unit.at - call.answered_at if call.answered_at else 0,
            sip_status=status,
            q850_cause=int(q850) if q850.isdecimal() and len(q850) <= 3 else 0,  # noqa: PLR2004 - 127
            units=units_of(message),
        )

    def _evict(self, now: int) -> CallEvent | None:
        """Make room: finished attempts first, then the one silent longest, setup before talk."""
        self.counts["evicted"] += 1
        if over := self._over.pop_oldest():
            self._forget(over)
            return None
        lines = sorted((self._setup, self._talk), key=IdleLine.next_due)
        call = lines[0].pop_oldest() or lines[1].pop_oldest()
        return self._give_up(call, now, "evicted") if call else None

    def _dismiss(self, call: SipCall, now: int) -> CallEvent | None:
        """Forget the oldest attempt of a crowded Call-ID."""
        self.counts["evicted"] += 1
        self._waiting[call.state].drop(call)
        if call.state is not _RELEASED:
            return self._give_up(call, now, "evicted")
        self._forget(call)
        return None

    def _give_up(self, call: SipCall, now: int, why: str) -> CallReleased:
        self._forget(call)
        answered = call.answered_at
        lasted = now - answered if answered else 0
        name = text(call.call_id)
        return CallReleased(now, name, call.attempt, why, "us", bool(answered), lasted)

    def _forget(self, call: SipCall) -> None:
        """Unhook an attempt from its Call-ID."""
        first = self._calls.get(call.call_id)
        if first is call:
            self._held -= 1
            if call.sibling is None:
                del self._calls[call.call_id]
            else:
                self._calls[call.call_id] = call.sibling
            return
        while first is not None and first.sibling is not call:
            first = first.sibling
        if first is not None:
            self._held -= 1
            first.sibling = call.sibling
