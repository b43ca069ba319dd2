# SPDX-License-Identifier: Apache-2.0
"""What `core` tells the hub: findings of the pipeline as events.

A call that is stopped, or would be, is told in full, at once. One that is let through is told when
it is over, the called number and the Call-ID as keyed hashes alone. Both say who handed the call
to us, and by what other operators know it again. What cannot be read is told once a minute.
"""

from collections import Counter
from collections.abc import Callable, Mapping

import msgspec

from edge.call.compact import SMALL, compacted
from edge.call.peer import peer_of
from edge.model.event import CallAnswered, CallOffered, CallReleased, TapBlind, shown
from edge.model.message import Malformed
from edge.model.outcome import Outcome
from edge.pipeline import Decided, Finding
from edge.report.event import Class, Event, Moment
from edge.report.retelling import MOST_TEXT, retold
from edge.report.trace import Hash, labels_of
from edge.verdict.guardrail import Alarm

EVERY_NS = 60_000_000_000
"Between two tellings of numbers and of what could not be read."
MOST_KINDS = 256
"Kinds of unreadable units told apart within a minute; whoever feeds us makes up more."


class Hashing(msgspec.Struct, frozen=True):
    """How numbers of honest people are told."""

    of: Hash
    key_id: Callable[[int], str]


class _Passed(msgspec.Struct, gc=False):
    """A call that was let through and is not over."""

    offered: int
    trunk: str
    proto: str
    numbers: bytes
    "The calling and the called one in UTF-8: half of what two texts take."
    calling: int
    "Octets of the first."
    rule: str
    peer: str
    answered: bool = False

    def parties(self) -> tuple[str, str]:
        """Return the calling and the called number."""
        calling, called = self.numbers[: self.calling], self.numbers[self.calling :]
        return calling.decode("utf-8", "surrogatepass"), called.decode("utf-8", "surrogatepass")


class Teller:
    """Tells what the pipeline finds."""

    def __init__(
        self,
        put: Callable[[Event], None],
        moment: Callable[[int], Moment],
        hashing: Hashing | None,
        calls_max: int = 100_000,
    ) -> None:
        """Give events to `put`, each at its `moment`; without `hashing` no let-through call."""
        self._put = put
        self._moment = moment
        self._hashing = hashing
        self._most = calls_max
        self._passed: dict[int, _Passed] = {}
        "By a hash of call and attempt, which nobody can make two alike; the oldest first."
        self._unread: Counter[tuple[str, str, str]] = Counter()
        self._told_at = 0

    def tell(self, finding: Finding, record: str = "", leaf: int = -1) -> None:
        """Tell what is to be told of a finding; `record` is its evidence, if there is some."""
        if isinstance(finding, Decided):
            if record:
                self._passed.pop(_key(finding.offer), None)
                self._verdict(finding, record, leaf)
            elif self._hashing:
                self._pass(finding)
        elif isinstance(finding, CallAnswered | CallReleased):
            self._follow(finding)
        elif isinstance(finding, TapBlind):
            self._say(Class.BLOCK, "tap-blind", finding.at, {
                "tap": finding.tap, "trunks": finding.trunks, "cause": finding.cause,
                "lost": finding.lost,
            })  # fmt: skip
        elif isinstance(finding, Malformed):
            self._malformed(finding)

    def outcome(self, outcome: Outcome, leaf: int) -> None:
        """Tell what became of a call that was to be stopped."""
        self._say(Class.BLOCK, "outcome", outcome.at, {
            "record": outcome.record,
            "leaf": leaf,
            "call": outcome.call[:MOST_TEXT],
            "attempt": outcome.attempt,
            "trunk": outcome.trunk,
            "result": outcome.result.value,
            "by": outcome.by,
            "told": outcome.told[:MOST_TEXT],
            "heard": outcome.heard[:MOST_TEXT],
            "after_ms": outcome.after_ns / 1e6,
            "again": outcome.again[:MOST_TEXT],
        })  # fmt: skip

    def again(self, record: Mapping[str, object]) -> bool:
        """Tell of a record of evidence that stands, and that nobody was told of; false if none is.

        It is what was to be told when the record was made.
        """
        event = retold(record)
        if event is None:
            return False
        if event.called is not None:
            event.fields["trace"] = self._trace(event.called, event.at)
        self._say(Class.BLOCK, event.kind, event.at, event.fields)
        return True

    def alarm(self, alarm: Alarm) -> None:
        """Tell what people must look at now."""
        self._say(Class.AUDIT, "alarm", alarm.at, {
            "name": alarm.name, "trunk": alarm.trunk, "text": alarm.text[:MOST_TEXT],
        })  # fmt: skip

    def pass_time(self, now: int, values: Callable[[], Mapping[str, float]]) -> None:
        """Tell once a minute how the numbers stand, and what could not be read."""
        if 0 <= now - self._told_at < EVERY_NS:
            return
        self._told_at = now
        counted = {name: value for name, value in values().items() if value}
        self._say(Class.METRIC, "counters", now, {"process": "core", "values": counted})
        unread, self._unread = self._unread, Counter()
        for (tap, layer, why), count in unread.items():
            fields = {"tap": tap, "layer": layer, "why": why, "count": count}
            self._say(Class.DEBUG, "malformed", now, fields)

    def compact(self) -> None:
        """Take no more room than the calls need that were let through."""
        self._passed = compacted(self._passed)

    def _verdict(self, decided: Decided, record: str, leaf: int) -> None:
        offer, verdict = decided.offer, decided.verdict
        self._say(Class.BLOCK, "verdict", offer.at, {
            "record": record,
            "leaf": leaf,
            "call": offer.call[:MOST_TEXT],
            "attempt": offer.attempt,
            "trunk": offer.trunk.name,
            "proto": offer.proto,
            "calling": shown(offer.calling.number)[:MOST_TEXT],
            "called": shown(offer.called.number)[:MOST_TEXT],
            "action": verdict.action.value,
            "wanted": verdict.wanted.value,
            "mode": verdict.mode.value,
            "basis": verdict.basis.value,
            "rule": verdict.rule,
            "list_version": verdict.list_version,
            "legal_basis": verdict.legal_basis,
            "category": verdict.category,
            "took_us": decided.took_ns / 1000,
            "peer": peer_of(offer.message),
            "trace": self._trace(shown(offer.called.number), offer.at),
        })  # fmt: skip

    def _pass(self, decided: Decided) -> None:
        """Remember a call that was let through, until it is over."""
        offer = decided.offer
        if len(self._passed) >= self._most:
            self._passed.pop(next(iter(self._passed)))
        calling = shown(offer.calling.number)[:MOST_TEXT].encode("utf-8", "surrogatepass")
        called = shown(offer.called.number).encode("utf-8", "surrogatepass")
        self._passed[_key(offer)] = _Passed(
            offer.at, offer.trunk.name, offer.proto, calling + called,
            len(calling), decided.verdict.rule, peer_of(offer.message),
        )  # fmt: skip

    def _follow(self, event: CallAnswered | CallReleased) -> None:
        """Follow a call that was let through to its end."""
        passed = self._passed.get(_key(event))
        if passed is None:
            return
        if isinstance(event, CallAnswered):
            passed.answered = True
            return
        del self._passed[_key(event)]
        self._over(event, passed)

    def _over(self, released: CallReleased, passed: _Passed) -> None:
        hashing = self._hashing
        if hashing is None:
            return
        calling, called = passed.parties()
        self._say(Class.CALL, "call", released.at, {
            "call": hashing.of(released.call, passed.offered),
            "trunk": passed.trunk,
            "proto": passed.proto,
            "calling": calling,
            "called": hashing.of(called, passed.offered),
            "key": hashing.key_id(passed.offered),
            "rule": passed.rule,
            "offered": passed.offered,
            "answered": passed.answered,
            "lasted_ms": released.lasted_ns // 1_000_000,
            "cause": released.cause[:MOST_TEXT],
            "peer": passed.peer,
            "trace": self._trace(called, passed.offered),
        })  # fmt: skip

    def _trace(self, called: str, at: int) -> tuple[str, ...]:
        return labels_of(called, at, self._hashing.of) if self._hashing else ()

    def _malformed(self, found: Malformed) -> None:
        tap = found.unit.tap if found.unit else ""
        kind = tap, found.layer, found.why[:MOST_TEXT]
        if kind not in self._unread and len(self._unread) >= MOST_KINDS:
            kind = tap, found.layer, "other"
        self._unread[kind] += 1

    def _say(self, cls: Class, kind: str, at: int, fields: dict[str, object]) -> None:
        self._put(Event(cls, kind, self._moment(at), fields))


def _key(event: CallOffered | CallAnswered | CallReleased) -> int:
    return hash((event.call, event.attempt)) & SMALL
