# SPDX-License-Identifier: Apache-2.0
"""Q.931 messages -> call events (sections 5.1 to 5.5), bounded in memory, with time as an argument.

A call is found by its D channel, the side that originated it, and its call reference; both sides
number on their own. Digits of an INFORMATION are part of the offer (see `edge.call.seizure`). Of
a SETUP sent to several terminals at once (basic access) the first answer counts for all.
"""

from collections.abc import Sequence

from edge.call.offer import Offers
from edge.call.q931_table import CLEARING, DIALLING, TABLE, Q931Signal, Q931State
from edge.call.seizure import Bounds, Rules, Said, Seizure, Seizures, content_of
from edge.call.trunks import Trunks
from edge.decode.q931.message import Q931Message
from edge.model.event import CallEvent
from edge.model.message import units_of

NS = 1_000_000_000
T302_NS = 10 * NS  # Q.931 table 9-1: no further digit is sent
T303_NS = 4 * NS  # Q.931 table 9-1: the SETUP is sent again, once
T305_NS = 30 * NS  # Q.931 table 9-1: a DISCONNECT is given up as unanswered

CALL_STATE, RESTART_INDICATOR = 0x14, 0x79
STATE_MASK = 0x3F
CLASS_MASK, INDICATED_CHANNELS = 7, 0
TIMESLOTS = range(1, 32)
RELEASING = frozenset({"DISCONNECT", "RELEASE", "RELEASE COMPLETE"})
SIGNALS = {signal.value: signal for signal in Q931Signal}

NOTHING: tuple[CallEvent, ...] = ()

RULES = Rules(
    table=TABLE,
    silence=Q931Signal.SILENCE,
    dialling=DIALLING,
    asked=frozenset({Q931State.OVERLAP_SENDING}),
    stages={
        Q931State.CALL_PROCEEDING: "proceeding",
        Q931State.PROGRESS: "progress",
        Q931State.CALL_DELIVERED: "alerting",
    },
    talking=frozenset({Q931State.ACTIVE}),
    clearing=frozenset(CLEARING),
    digits_ns=T302_NS,
    clearing_ns=T305_NS,
)

Call = Seizure[Q931State, Q931Message]


class Q931Calls:
    """All call references that are in use."""

    def __init__(self, trunks: Trunks, offers: Offers, bounds: Bounds) -> None:
        """Start with none in use."""
        self.calls: Seizures[Q931State, Q931Signal, Q931Message] = Seizures(RULES, offers, bounds)
        self._trunks = trunks

    def feed(self, message: Q931Message) -> Sequence[CallEvent]:
        """Follow one message; returns what happened to its call."""
        if message.type == "RESTART":
            return self._restart(message)
        if not message.reference.value:  # global or dummy reference: of no call (section 4.3)
            return NOTHING
        call = self.calls.find(message.reference.key())
        if message.type == "SETUP":
            return self._setup(call, message)
        if call is None:
            self.calls.counts["untracked"] += 1
            return NOTHING
        self._note_channels(call, message)
        return self._follow(call, message)

    def _follow(self, call: Call, message: Q931Message) -> Sequence[CallEvent]:
        if message.type == "INFORMATION":
            return self._information(call, message)
        if message.type == "STATUS":
            return self._status(call, message)
        signal = SIGNALS.get(message.type)
        if signal is None:  # FACILITY, NOTIFY, STATUS ENQUIRY ... show that it is alive
            self.calls.touch(call, message.unit.at)
            return NOTHING
        return self.calls.step(call, signal, _said(message))

    def _setup(self, call: Call | None, message: Q931Message) -> Sequence[CallEvent]:
        if message.reference.flag:  # a SETUP of somebody who did not number it
            self.calls.counts["unexpected"] += 1
            return NOTHING
        events: list[CallEvent] = []
        if call:
            if _repeats(call, message):
                self.calls.counts["repeated"] += 1
                return NOTHING
            lost = Said(message.unit.at, "SETUP", "us")  # its release was not heard
            events = self.calls.step(call, Q931Signal.RESTART, lost)
        trunk = self._trunks.of_channel(message.unit, message.flow)
        events += self.calls.begin(message.reference.key(), message, trunk)
        if call := self.calls.find(message.reference.key()):
            self._note_channels(call, message)
        return events

    def _information(self, call: Call, message: Q931Message) -> Sequence[CallEvent]:
        """Take digits that the originating side sends, and nothing else."""
        if message.reference.flag or call.state not in DIALLING:
            self.calls.touch(call, message.unit.at)
            return NOTHING
        return self.calls.dial(call, message)

    def _status(self, call: Call, message: Q931Message) -> Sequence[CallEvent]:
        """Follow the other side's word that it knows of no such call (section 5.8.11)."""
        state = message.content(CALL_STATE)
        if state and not state[0] & STATE_MASK:
            return self.calls.step(call, Q931Signal.RELEASE_COMPLETE, _said(message))
        self.calls.touch(call, message.unit.at)
        return NOTHING

    def _restart(self, message: Q931Message) -> Sequence[CallEvent]:
        """Clear the calls on the channels indicated, or on all (section 5.5)."""
        indicator = message.content(RESTART_INDICATOR) or b"\0"
        channel = message.channel
        slots: Sequence[int] = TIMESLOTS
        if channel and indicator[0] & CLASS_MASK == INDICATED_CHANNELS:
            slots = channel.channels
        calls = [self.calls.find((message.reference.channel, slot)) for slot in slots]
        said = Said(message.unit.at, "RESTART")
        return [
            event
            for call in calls
            if call is not None
            for event in self.calls.step(call, Q931Signal.RESTART, said)
        ]

    def _note_channels(self, call: Call, message: Q931Message) -> None:
        """Let a call be found by its B channel; the first answer may name another (5.1.2)."""
        channel = message.channel
        for slot in channel.channels[:1] if channel else ():
            self.calls.place(call, (message.reference.channel, slot))


def _repeats(call: Call, message: Q931Message) -> bool:
    soon = abs(message.unit.at - call.seized_at) <= T303_NS + NS
    return soon and call.state is Q931State.CALL_INITIATED and call.content == content_of(message)


def _said(message: Q931Message) -> Said:
    """Return what a message says of its call, and who says it."""
    by = "called" if message.reference.flag else "calling"
    cause = message.cause if message.type in RELEASING else None
    if cause is None:
        return Said(message.unit.at, message.type, by, units=units_of(message))
    text = f"{message.type} {cause.value}"
    return Said(message.unit.at, text, by, cause.value, units_of(message))
