# SPDX-License-Identifier: Apache-2.0
"""The closed loop (DESIGN section 9): the tap hears what became of every call to be stopped.

An order is no stop, and a switch's agreement is none. An outcome is settled when the call was heard
to end and did not come again on another trunk for a while, or when time is up. Pure, bounded.
"""

from collections import OrderedDict
from collections.abc import Callable

from edge.enforce.watch import Pair, Watch, pair_of
from edge.model.answer import Answer
from edge.model.event import (
    UNKNOWN_TRUNK,
    CallAnswered,
    CallOffered,
    CallProgressed,
    CallReleased,
)
from edge.model.outcome import Outcome
from edge.model.unit import Unit

NS = 1_000_000_000
MOST_DONE = 4096
"Settled calls remembered: an INVITE may be asked about again."
MOST = 16_384
"Calls watched at once; the oldest is settled as it stands."
MOST_LEGS = 64
"Of one call: a sender makes as many as he likes under its Call-ID."

Settled = Callable[[Outcome, Watch], None]


class Proof:
    """All calls that are to be stopped and are not settled."""

    def __init__(self, settled: Settled, within_ns: int, again_ns: int, most: int = MOST) -> None:
        """Settle a call `within_ns` of its verdict, or `again_ns` after its end; tell `settled`."""
        self._settled = settled
        self._within_ns = within_ns
        self._again_ns = again_ns
        self._most = most
        self._by_record: dict[str, Watch] = {}
        "The oldest first."
        self._by_call: dict[tuple[str, int], Watch] = {}
        "Those that a tap has heard."
        self._by_pair: dict[Pair, Watch] = {}
        "The latest of each."
        self._done: OrderedDict[str, Answer] = OrderedDict()
        "Of calls that were settled, the latest last."

    def __len__(self) -> int:
        """Calls that are watched."""
        return len(self._by_record)

    def watch(self, offer: CallOffered, answer: Answer, record: str, now_ns: int) -> Watch:
        """Watch a call from now on; the one that is watched already under this record."""
        if known := self._by_record.get(record):
            return known
        if len(self._by_record) >= self._most:
            self._settle(next(iter(self._by_record.values())), now_ns, cut_off=True)
        self.offered(offer)  # a gate may be asked before a tap hears that it is the same pair again
        watch = Watch(offer, answer, record, now_ns + self._within_ns)
        self._by_record[record] = self._by_pair[pair_of(offer)] = watch
        return watch

    def of(self, record: str) -> Watch | None:
        """Return the watch under a record, while it is not settled."""
        return self._by_record.get(record)

    def heard(self, record: str, offer: CallOffered) -> None:
        """Note that a tap heard the call: what it hears of this attempt is of this call."""
        watch = self._by_record.get(record)
        if watch is not None and not watch.heard_at:
            self._forget_pair(watch)  # the gate may have been shown other numbers
            watch.offer, watch.heard_at = offer, offer.at
            self._by_pair[pair_of(offer)] = watch
            self._bind(watch, offer)

    def asked(self, record: str, by: str, now_ns: int) -> None:
        """Note who was asked or told, and when."""
        if watch := self._by_record.get(record):
            watch.by, watch.asked_at = by, now_ns

    def answered(self, record: str, said: str, *, accepted: bool) -> None:
        """Note what the switch said."""
        if watch := self._by_record.get(record):
            watch.accepted, watch.told = accepted, said

    def offered(self, offer: CallOffered) -> None:
        """Look whether a call that was stopped comes again on another trunk."""
        pair = pair_of(offer)
        watch = self._by_pair.get(pair) if pair[0] else None  # who hides his number is nobody
        if watch is None or watch.released is None or watch.again or not watch.is_stopped:
            return
        switch = watch.offer.message.flow.destination
        if offer.trunk is UNKNOWN_TRUNK and (
            offer.call == watch.offer.call or offer.message.flow.source == switch != b""
        ):
            self._bind(watch, offer)  # a late leg, from the switch itself
        elif offer.trunk.name != watch.offer.trunk.name:
            watch.again = f"{offer.call} on {offer.trunk.name}"

    def follow(
        self, event: CallProgressed | CallAnswered | CallReleased, unit: Unit, now_ns: int
    ) -> None:
        """Take what a tap heard of a call, which mostly is not watched."""
        watch = self._by_call.get((event.call, event.attempt))
        if watch is None:
            return
        watch.hear(event, unit)
        if watch.released or watch.diverted_at:
            watch.due = min(watch.due, now_ns + self._again_ns)

    def expire(self, now_ns: int) -> None:
        """Settle what is due. Watches are few; what is waited for comes in their order, almost."""
        for watch in [one for one in self._by_record.values() if one.due <= now_ns]:
            self._settle(watch, now_ns)

    def finish(self, now_ns: int) -> None:
        """Settle everything as it stands: the process ends."""
        for watch in tuple(self._by_record.values()):
            self._settle(watch, now_ns, cut_off=True)

    def _bind(self, watch: Watch, offer: CallOffered) -> None:
        """Have the events of an attempt as heard counted for a watch."""
        if len(watch.keys) == MOST_LEGS:
            return
        key = offer.call, offer.attempt
        watch.keys.append(key)
        self._by_call[key] = watch

    def done(self, record: str) -> Answer | None:
        """Return the answer to a call that was settled of late: it is not watched again."""
        return self._done.get(record)

    def _settle(self, watch: Watch, now_ns: int, *, cut_off: bool = False) -> None:
        del self._by_record[watch.record]
        self._done[watch.record] = watch.answer
        if len(self._done) > MOST_DONE:
            self._done.popitem(last=False)
        for key in [key for key in watch.keys if self._by_call.get(key) is watch]:
            del self._by_call[key]
        self._forget_pair(watch)
        self._settled(watch.outcome(now_ns, cut_off=cut_off), watch)

    def _forget_pair(self, watch: Watch) -> None:
        pair = pair_of(watch.offer)
        if self._by_pair.get(pair) is watch:
            del self._by_pair[pair]
