# SPDX-License-Identifier: Apache-2.0
"""Whatever broker, hub and line do: the rules of the drain hold, and in the end all is told.

A hub that believes nothing but what arrives, and a walk that loses, delays, refuses, cuts off,
drops rows and lets the hub go away, in virtual time.
"""

from collections import defaultdict

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from edge.report.event import Class
from edge.report.hub.drain import Drain, Pace
from edge.report.hub.window import Parcel
from edge.report.message import Ack, Acknowledged
from edge.report.outbox import gap
from tests.report.shelf import Shelf

PACE = Pace(window=6, reserved=2, batch_rows=2, kbit=64, look_s=600)
KINDS = (Class.AUDIT, Class.CALL)
REFUSALS = (0x10, 0x80, 0x83, 0x87, 0x95, 0x97, 0x99)


class Hub:
    """What is in its database, and what it says of it."""

    def __init__(self) -> None:
        self.has: dict[str, set[int]] = defaultdict(set)

    def take(self, parcel: Parcel) -> None:
        for row in parcel.rows:
            self.has[parcel.flow.stream].add(row.seq)
            if told := gap.read(row.body):
                self.has[parcel.flow.stream].update(range(told.lo, told.hi + 1))

    def ack(self, stream: str) -> Acknowledged:
        numbers = self.has[stream]
        through = 0
        while through + 1 in numbers:
            through += 1
        beyond = [(seq, seq) for seq in sorted(numbers) if seq > through]
        return Acknowledged(stream=stream, through=through, sack=beyond)


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.shelf = Shelf(KINDS)
        self.hub = Hub()
        self.drain = Drain("astana-1", [self.shelf], PACE)
        self.up = False
        self.online = False
        self.waiting: list[Parcel] = []
        "Published, and the broker has not answered."
        self.underway: list[Parcel] = []
        "The broker has them, the hub does not."
        self.again_s: dict[tuple[str, int], float] = {}
        "When a row may be sent again at the earliest, on this connection."

    @initialize()
    def begin(self) -> None:
        self.put(Class.CALL, 7)
        self.connect()
        self.hub_says(online=True)
        self.hub_answers()
        self.send()

    @rule(cls=st.sampled_from(KINDS), count=st.integers(1, 9))
    def put(self, cls: Class, count: int) -> None:
        self.shelf.put(cls, count)
        self.drain.news()

    @rule(count=st.integers(1, 9))
    def disk_is_full(self, count: int) -> None:
        self.shelf.drop(Class.CALL, count)

    @rule(seconds=st.sampled_from((0.1, 1.0, 12.0, 31.0, 200.0, 1000.0)))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.send()

    @precondition(lambda self: not self.up)
    @rule()
    def come_back(self) -> None:
        self.connect()
        self.hub_says(online=True)

    @precondition(lambda self: not self.up)
    @rule()
    def connect(self) -> None:
        self.up = True
        self.again_s.clear()
        self.drain.connected(self.now_s)

    @precondition(lambda self: self.up)
    @rule()
    def cut(self) -> None:
        self.up = self.online = False
        self.waiting.clear()
        self.drain.disconnected()

    @precondition(lambda self: self.up)
    @rule(online=st.booleans())
    def hub_says(self, online: bool) -> None:
        self.online = online
        self.drain.hub(online, (1,), self.now_s)
        if online:
            self.again_s = {key: 0.0 if at == -1 else at for key, at in self.again_s.items()}

    @rule()
    def send(self) -> None:
        parcels = self.drain.due(self.now_s)
        assert not parcels or self.online
        assert [p.flow.live for p in parcels] == sorted(p.flow.live for p in parcels)[::-1]
        for parcel in parcels:
            for row in parcel.rows:
                key = (parcel.flow.stream, row.seq)
                may_s = self.again_s.get(key, 0.0)
                assert may_s <= self.now_s, f"{key} again at {self.now_s}, not before {may_s}"
                self.again_s[key] = 1e18  # until the broker answers
        self.waiting += parcels
        wake_s = self.drain.wake_s(self.now_s)
        assert wake_s is None or wake_s > self.now_s

    def answered(self, data: st.DataObject, reason: int) -> Parcel:
        """Let the broker answer to one of those that wait for it."""
        parcel = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        wait_s = 0.0 if reason in {0x10, 0x95, 0x97, 0x87} else PACE.ack_wait_s
        for row in parcel.rows:
            self.again_s[parcel.flow.stream, row.seq] = self.now_s + wait_s
        self.drain.published(parcel, reason, self.now_s)
        return parcel

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), tells=st.booleans())
    def arrives(self, data: st.DataObject, tells: bool) -> None:
        parcel = self.answered(data, 0)
        self.hub.take(parcel)
        if tells:
            self.tell([parcel.flow.stream])

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), late=st.booleans())
    def is_lost_or_late(self, data: st.DataObject, late: bool) -> None:
        parcel = self.answered(data, 0)
        if late:
            self.underway.append(parcel)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), reason=st.sampled_from(REFUSALS))
    def is_refused(self, data: st.DataObject, reason: int) -> None:
        self.answered(data, reason)

    @precondition(lambda self: self.underway)
    @rule(tells=st.booleans())
    def arrives_late(self, tells: bool) -> None:
        parcel = self.underway.pop(0)
        self.hub.take(parcel)
        if tells and self.up:
            self.tell([parcel.flow.stream])

    @precondition(lambda self: self.up)
    @rule()
    def hub_answers(self) -> None:
        self.tell(list(self.shelf.stream.values()))

    def tell(self, streams: list[str]) -> None:
        acks = tuple(self.hub.ack(stream) for stream in streams)
        if not self.drain.gate.online and self.drain.gate.online is None:
            self.online = True
        moved = self.drain.acked(Ack(at=0, acks=acks), self.now_s)
        names = {stream: cls for cls, stream in self.shelf.stream.items()}
        for stream, through in moved.items():
            assert set(range(1, through + 1)) <= self.hub.has[stream]
            self.shelf.let_go(names[stream], through)

    @invariant()
    def the_window_holds(self) -> None:
        flying = self.drain.window.flying
        assert len(flying) <= PACE.window
        backlog = [parcel for parcel in flying if not parcel.flow.live]
        assert len(backlog) <= PACE.window - PACE.reserved
        assert len(self.drain.window.aside) <= PACE.window + 1

    @override
    def teardown(self) -> None:
        """Heal everything: within four hours of virtual time all is told."""
        if self.up and self.drain._stopped:
            self.cut()
        if not self.up:
            self.connect()
        self.hub_says(online=True)
        self.tell(list(self.shelf.stream.values()))
        end_s = self.now_s + 14_400
        last = {self.shelf.stream[cls]: number for cls, number in self.shelf.last.items()}
        while any(self.hub.ack(stream).through < number for stream, number in last.items()):
            assert self.now_s < end_s, f"not told in time: {self.drain.alarms}"
            self.send()
            for parcel in self.waiting:
                self.drain.published(parcel, 0, self.now_s)
                self.hub.take(parcel)
            self.tell(list(last))
            if not self.waiting:
                self.now_s = self.drain.wake_s(self.now_s) or self.now_s + 1
            self.waiting.clear()


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
