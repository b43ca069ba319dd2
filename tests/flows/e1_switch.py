# SPDX-License-Identifier: Apache-2.0
"""An exchange that owns its circuits: what it is told at its command port is heard on its E1.

    callers' exchange ══ timeslot 16, both directions ══ exchange ── command port
                                    ║                                    │
                            probe, on a pty ──► core ──► serial_mml, on another pty

All of it in real time. The probe finds frames itself, or sends the bits of the line as they are.
"""

import asyncio
from collections import defaultdict, deque
from typing import NamedTuple

from typing_extensions import override

from edge import clock
from edge.model.unit import Direction, Unit
from hil.e1.bits import FLAG, octets_of
from hil.e1.calls import FAR, ORIGIN, Call, Step
from hil.e1.play import BLOCK_S
from hil.e1.probe import A_TO_B, RAW_BLOCK, TICKS_A_SECOND, with_crc
from tests.flows.e1_signalling import SLOT, SPAN, Circuit, Signalling, sent
from tests.twins.e1_probe import PtyProbe
from tests.twins.exchange import Exchange

HELLO_BLOCKS = 50
SIDES = (Direction.A_TO_B, Direction.B_TO_A)
BLOCK_BITS = RAW_BLOCK * 8
SAID = ("offered", "rings", "answered", "hung up")
RELEASED = "released"
REPLY_S = 0.025
"From a message to its answer: more than a block, in which two directions have no order."


class Line:
    """Timeslot 16 of a span, both directions, and a probe that hears frames on it."""

    def __init__(self, signalling: Signalling) -> None:
        self.probe = PtyProbe()
        self.signalling = signalling
        self.frames: list[Unit] = []
        "All that was said, as of when it was on the line."
        self._loop = asyncio.get_running_loop()
        self._began_s = 0.0
        self._hellos = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._began_s = self._loop.time()
        self._go_on()

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.probe.close()

    def say(self, step: Step) -> None:
        """Have a message sent."""
        for side, octets in self.signalling.frames(step):
            self._send(side, octets)

    def _send(self, side: int, octets: bytes) -> None:
        self._note(side, octets)
        self.probe.ticks = int(self._now_s() * TICKS_A_SECOND)
        self.probe.frame(SPAN, SLOT, A_TO_B + side, with_crc(octets))

    def _go_on(self) -> None:
        self.probe.hello()
        self._hellos += 1
        self._timer = self._loop.call_at(self._began_s + self._hellos, self._go_on)

    def _now_s(self) -> float:
        return self._loop.time() - self._began_s

    def _note(self, side: int, octets: bytes) -> None:
        unit = Unit(
            "e1", self.signalling.link, clock.now_ns(), octets, len(self.frames),
            direction=SIDES[side], channel=f"{SPAN}:{SLOT}",
        )  # fmt: skip
        self.frames.append(unit)


class RawLine(Line):
    """The same bit by bit: fill-in units or flags while nobody has anything to say."""

    def __init__(self, signalling: Signalling) -> None:
        super().__init__(signalling)
        self._queues: tuple[deque[bytes], ...] = (deque(), deque())
        self._bits = [FLAG, FLAG]
        self._blocks = 0

    @override
    def _send(self, side: int, octets: bytes) -> None:
        self._queues[side].append(octets)

    @override
    def _go_on(self) -> None:
        """Send what is due by now: a line waits for nobody."""
        while self._blocks * BLOCK_S <= self._now_s():
            if self._blocks % HELLO_BLOCKS == 0:
                self.probe.hello()
            for side in (ORIGIN, FAR):
                self.probe.raw(SPAN, SLOT, A_TO_B + side, self._block(side))
            self.probe.ticks += RAW_BLOCK
            self._blocks += 1
        self._timer = self._loop.call_at(self._began_s + self._blocks * BLOCK_S, self._go_on)

    def _block(self, side: int) -> bytes:
        bits, queue = self._bits[side], self._queues[side]
        while len(bits) < BLOCK_BITS:
            if queue:
                octets = queue.popleft()
                self._note(side, octets)
                bits += FLAG + sent(octets) + FLAG
            else:
                bits += self.signalling.fill(side)
        self._bits[side] = bits[BLOCK_BITS:]
        return octets_of(bits[:BLOCK_BITS])


class Life(NamedTuple):
    """How long a call stays in each phase, if nobody releases it, seconds."""

    rings_s: float = 0.1
    answered_s: float = 0.1
    talks_s: float = 0.3


class OwnExchange(Exchange):
    """Has calls on its circuits; who tells it to release one hears that on the line."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line
        self.busy: set[Circuit] = set()
        "Circuits with a call; `up` is not looked at."
        self.said: defaultdict[Circuit, list[str]] = defaultdict(list)
        "What became of the call on each circuit."
        self.fault = ""
        "Its answer, instead of what it is told to do."
        self.lies = False
        "It says that it has done it, and does nothing."
        self.port_log: list[tuple[int, str]] = []
        "When which command came and which answer went, nanoseconds since the epoch."
        self._calls: dict[Circuit, Call] = {}
        self._timers: dict[Circuit, list[asyncio.TimerHandle]] = {}

    def call(self, call: Call, circuit: Circuit, life: Life) -> None:
        """Begin a call, and have it live as long as its parties like."""
        assert circuit not in self.busy
        self.busy.add(circuit)
        self._calls[circuit] = call
        steps, after_s = iter(self.line.signalling.messages(call, circuit)), 0.0
        timers = self._timers[circuit] = []
        for word, count, wait_s in zip(SAID, self.line.signalling.phases, (0, *life), strict=True):
            after_s += wait_s
            now = [next(steps) for _ in range(count)]
            timers.append(self._loop.call_later(after_s, self._say, circuit, word, now))

    @override
    def close(self) -> None:
        for timer in (timer for timers in self._timers.values() for timer in timers):
            timer.cancel()
        super().close()

    def _say(self, circuit: Circuit, word: str, steps: list[Step]) -> None:
        """Begin a phase of a call: each message answers the one before."""
        self.said[circuit].append(word)
        for place, step in enumerate(steps):
            timer = self._loop.call_later(place * REPLY_S, self.line.say, step)
            self._timers[circuit].append(timer)
        if word in {SAID[-1], RELEASED}:
            timer = self._loop.call_later(len(steps) * REPLY_S, self.busy.discard, circuit)
            self._timers[circuit].append(timer)

    @override
    def _obey(self, line: str) -> str:
        if not line:
            return ""
        self.port_log.append((clock.now_ns(), line))
        answer = self._answer(line)
        self._loop.call_later(self.delay_s, self._answers, answer)
        return answer

    def _answers(self, answer: str) -> None:
        self.port_log.append((clock.now_ns(), answer.splitlines()[-1]))

    def _answer(self, line: str) -> str:
        found = self.line.signalling.obeys.fullmatch(line)
        if not found:
            return "NOT ACCEPTED\r\nFAULT 1 SYNTAX\r\n"
        *circuit, cause = map(int, found.groups())
        if tuple(circuit) not in self.busy:
            return "NOT ACCEPTED\r\nFAULT 12 CIRCUIT IDLE\r\n"
        if self.fault:
            return f"NOT ACCEPTED\r\n{self.fault}\r\n"
        if not self.lies:
            self._loop.call_later(self.delay_s, self._release, tuple(circuit), cause)
        return "ORDERED\r\nEXECUTED\r\n"

    def _release(self, circuit: Circuit, cause: int) -> None:
        """Release a call towards the caller, as the messages of one that is refused say it."""
        for timer in self._timers.pop(circuit):
            timer.cancel()
        self._timers[circuit] = []
        call = self._calls[circuit]._replace(answered=False, cause=cause, by=FAR)
        count = self.line.signalling.phases[-1]
        steps = self.line.signalling.messages(call, circuit)[-count:]
        self.released.append((*circuit, cause))
        self._say(circuit, RELEASED, steps)
