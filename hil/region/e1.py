# SPDX-License-Identifier: Apache-2.0
"""An exchange whose circuits are signalled on an E1 (ISUP), with a probe on it and a command port.

    exchange abroad ══ timeslot 16 ══ our exchange ── command port ── the box
                            ║
                          probe ──────────────────────────────────── the box

Who tells it at its port to release a circuit hears that on the line: REL with the cause he gave.
"""

import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from edge import clock
from hil.e1.calls import (
    FAR,
    INTERNATIONAL,
    ORIGIN,
    UNKNOWN,
    Call,
    Link,
    Number,
    Ss7,
    Step,
    isup_messages,
    routed,
)
from hil.e1.probe import A_TO_B, TICKS_A_SECOND, Probe, with_crc
from hil.region.ladder import Step as Shown
from hil.region.serial import Serial
from hil.region.tables import DPC, OPC, PROMPT

SPAN, SLOT = 1, 16
PHASES = (1, 2, 1, 2)
"So many messages are said when a call is offered, rings, is answered, is released."
TYPES = {1: "IAM", 6: "ACM", 9: "ANM", 12: "REL", 16: "RLC", 44: "CPG"}
"Q.763 table 4."
RELEASE = re.compile(r"RELCALL:CIC=(\d+),OPC=(\d+),DPC=(\d+),CAUSE=(\d+);")
REPLY_S = 0.025
"From a message to its answer."
HELLO_S = 1.0
REJECTED = 21
"Call rejected (Q.850)."
MOST_CALLS = 5_000
"That are remembered."
MACHINES = {"abroad": "exchange abroad", "here": "exchange", "box": "Qalqan Edge"}
"As a ladder shows them."


@dataclass
class Life:
    """How long a call stays in each phase, if nobody releases it, seconds."""

    rings_s: float = 0.6
    answered_s: float = 0.3
    talks_s: float = 0.5


@dataclass
class E1Call:
    """A call on a circuit, as it went."""

    cic: int
    calling: str
    called: str
    steps: list[Shown] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    "Set once the exchange was told to release it."
    cause: int = 16
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """As a box calls it: both exchanges and the circuit."""
        return f"{OPC}-{DPC}-{self.cic}"

    @property
    def result(self) -> str:
        """What became of it, in a word."""
        if self.said("REL"):
            return "stopped" if self.cause == REJECTED else "ended"
        return "talks" if self.said("ANM") else "called"

    def said(self, label: str) -> bool:
        """Return whether a message of that type was on the line."""
        return any(step.label.split()[0] == label for step in self.steps)

    def after_ms(self, label: str) -> float:
        """Return the time from its offer to a message. Raises `LookupError` if that never came."""
        found = [step.at_ns for step in self.steps if step.label.split()[0] == label]
        if not found:
            raise LookupError(f"no {label} on circuit {self.cic}")
        return (found[0] - self.steps[0].at_ns) / 1e6


class Exchange:
    """The exchange, its line and its probe. Each call is a thread."""

    def __init__(self, probe: Serial, port: Serial | None = None) -> None:
        """Plug in the probe, and the command port if there is one."""
        self._line = threading.Lock()
        self._serial, self._port = probe, port
        self._probe, self._wire = Probe(probe.write, start=clock.now_ns() % 2**32), Ss7()
        self._began_s = clock.monotonic_s()
        self._calls: dict[int, E1Call] = {}
        "The latest on each circuit."
        self._all: deque[E1Call] = deque(maxlen=MOST_CALLS)
        self._over = threading.Event()
        jobs = (self._greet, self._obey) if port else (self._greet,)
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    def call(self, calling: str, called: str, cic: int, life: Life | None = None) -> E1Call:
        """Begin a call; numbers are digits with country code, an emergency code as it is."""
        made = E1Call(cic, calling, called)
        self._calls[cic] = made
        self._all.append(made)
        thread = threading.Thread(target=self._live, args=(made, life or Life()), daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        return made

    def counts(self) -> Mapping[str, int]:
        """Return how many calls are how."""
        found: dict[str, int] = {}
        for call in self._all:
            found[call.result] = found.get(call.result, 0) + 1
        return found

    def close(self) -> None:
        """End all calls, and unplug."""
        self._over.set()
        for call in self._calls.values():
            call.released.set()
        for thread in self._threads:
            thread.join()
        self._serial.close()
        if self._port:
            self._port.close()

    def _live(self, made: E1Call, life: Life) -> None:
        """Have a call live until it is hung up, or the exchange is told to release it."""
        national = len(made.called) < len("77172")
        called = Number(made.called, UNKNOWN if national else INTERNATIONAL)
        call = Call(Number(made.calling), called)
        steps = iter(list(isup_messages(call)))
        waits = (0.0, life.rings_s, life.answered_s, life.talks_s)
        for count, wait_s in zip(PHASES, waits, strict=True):
            if made.released.wait(wait_s):
                break
            self._say(made, list(islice(steps, count)))
        else:
            made.ended.set()
            return
        refused = call._replace(answered=False, cause=made.cause, by=FAR)
        self._say(made, list(isup_messages(refused))[-PHASES[-1] :])
        made.ended.set()

    def _say(self, made: E1Call, steps: list[Step]) -> None:
        for step in steps:
            self._send(made, step)
            self._over.wait(REPLY_S)

    def _send(self, made: E1Call, step: Step) -> None:
        message = routed(step, Link(OPC, DPC, made.cic))
        with self._line:
            octets = self._wire.unit(step.side, message)
            self._probe.ticks = int((clock.monotonic_s() - self._began_s) * TICKS_A_SECOND)
            self._probe.frame(SPAN, SLOT, A_TO_B + step.side, with_crc(octets))
        label = TYPES.get(step.octets[0], "?")
        if label == "REL":
            label += f" {made.cause}"
        ends = ("abroad", "here") if step.side == ORIGIN else ("here", "abroad")
        made.steps.append(Shown(clock.now_ns(), *ends, label))

    def _greet(self) -> None:
        while not self._over.is_set():
            with self._line:
                self._probe.hello()
            self._over.wait(HELLO_S)

    def _obey(self) -> None:
        """Serve the command port: echo, prompt, one command a line."""
        if self._port is None:
            return
        typed = ""
        while not self._over.is_set():
            for letter in self._port.read(0.2).decode("latin-1"):
                self._port.write(b"\r\n" if letter == "\r" else letter.encode("latin-1"))
                if letter != "\r":
                    typed += letter
                    continue
                line, typed = typed, ""
                answer = self._answer(line) if line else ""
                self._port.write(f"{answer}{PROMPT}".encode("latin-1"))

    def _answer(self, line: str) -> str:
        found = RELEASE.fullmatch(line)
        if not found:
            return "NOT ACCEPTED\r\nFAULT 1 SYNTAX\r\n"
        cic, opc, dpc, cause = map(int, found.groups())
        made = self._calls.get(cic)
        if made is None or made.ended.is_set() or (opc, dpc) != (OPC, DPC):
            return "NOT ACCEPTED\r\nFAULT 12 CIRCUIT IDLE\r\n"
        made.steps.append(Shown(clock.now_ns(), "box", "here", f"RELCALL:CIC={cic} ..."))
        made.cause = cause
        made.released.set()
        made.steps.append(Shown(clock.now_ns(), "here", "box", "EXECUTED"))
        return "ORDERED\r\nEXECUTED\r\n"
