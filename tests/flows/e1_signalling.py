# SPDX-License-Identifier: Apache-2.0
"""How calls are told of on an E1, and how an exchange is told to release one: ISUP and Q.931."""

import re
from functools import lru_cache
from typing import ClassVar

from typing_extensions import override

from edge.model.unit import LinkType
from hil.e1.bits import FLAG, frame
from hil.e1.calls import Call, Isdn, Link, Ss7, Step, isup_messages, q931_messages, routed

OPC, DPC, OTHER_DPC = 2057, 4114, 4115
SPAN, SLOT = 1, 16
REFERENCES = 100
"The call reference of a B channel is so much higher than its number."

Circuit = tuple[int, ...]
"Its numbers as the command says them: CIC, OPC, DPC; span, B channel."

sent = lru_cache(frame)


class Signalling:
    """One signalling link, both ends of it."""

    name: ClassVar[str]
    link: ClassVar[LinkType]
    trunk: ClassVar[str]
    "The circuits of the trunk whose verdicts act, as the configuration says it."
    other: ClassVar[str]
    "Those of another one."
    command: ClassVar[str]
    obeys: ClassVar[re.Pattern[str]]
    begins: ClassVar[str]
    "The message that offers a call."
    ends: ClassVar[str]
    "The message that ends it."
    cleared: ClassVar[str]
    "The last one."
    location: ClassVar[int]
    "Who ended it, as `ends` says it (Q.850 2.2.3)."
    phases: ClassVar[tuple[int, int, int, int]]
    "So many messages are said when a call is offered, rings, is answered, is released."

    def circuit(self, number: int) -> Circuit:
        """Return a circuit of the trunk."""
        raise NotImplementedError

    def call(self, circuit: Circuit) -> str:
        """Return what a call on a circuit is called."""
        raise NotImplementedError

    def messages(self, call: Call, circuit: Circuit) -> list[Step]:
        """Return all that is said of a call."""
        raise NotImplementedError

    def frames(self, step: Step) -> list[Step]:
        """Return what a message is on the line, and what acknowledges it."""
        raise NotImplementedError

    def fill(self, side: int) -> str:
        """Return the bits that a side sends while it has nothing to say."""
        raise NotImplementedError


class Isup(Signalling):
    """Signalling system No. 7."""

    name = "isup"
    link = LinkType.MTP2
    trunk = f"opc = [{OPC}]\ndpc = [{DPC}]"
    other = f"opc = [{OPC}]\ndpc = [{OTHER_DPC}]"
    command = "RELCALL:CIC={cic},OPC={opc},DPC={dpc},CAUSE={cause};"
    obeys = re.compile(r"RELCALL:CIC=(\d+),OPC=(\d+),DPC=(\d+),CAUSE=(\d+);")
    begins, ends, cleared = "IAM", "REL", "RLC"
    location = 4
    phases = (1, 2, 1, 2)

    def __init__(self) -> None:
        self._wire = Ss7()

    @override
    def circuit(self, number: int) -> Circuit:
        return number, OPC, DPC

    @override
    def call(self, circuit: Circuit) -> str:
        cic, opc, dpc = circuit
        return f"{opc}-{dpc}-{cic}"

    @override
    def messages(self, call: Call, circuit: Circuit) -> list[Step]:
        cic, opc, dpc = circuit
        link = Link(opc, dpc, cic)
        return [Step(step.side, routed(step, link)) for step in isup_messages(call)]

    @override
    def frames(self, step: Step) -> list[Step]:
        return [Step(step.side, self._wire.unit(*step))]

    @override
    def fill(self, side: int) -> str:
        return FLAG + sent(self._wire.fill(side))


class Q931(Signalling):
    """A primary rate of ISDN."""

    name = "q931"
    link = LinkType.LAPD
    trunk = f'channels = ["{SPAN}:{SLOT}"]'
    other = f'channels = ["{SPAN + 1}:{SLOT}"]'
    command = "RELCALL:SPAN={span},SLOT={slot},CAUSE={cause};"
    obeys = re.compile(r"RELCALL:SPAN=(\d+),SLOT=(\d+),CAUSE=(\d+);")
    begins, ends, cleared = "SETUP", "DISCONNECT", "RELEASE COMPLETE"
    location = 0
    phases = (2, 1, 2, 3)

    def __init__(self) -> None:
        self._wire = Isdn()

    @override
    def circuit(self, number: int) -> Circuit:
        return SPAN, number

    @override
    def call(self, circuit: Circuit) -> str:
        return f"e1/{SPAN}:{SLOT}/{REFERENCES + circuit[1]}"

    @override
    def messages(self, call: Call, circuit: Circuit) -> list[Step]:
        return list(q931_messages(call, REFERENCES + circuit[1], circuit[1]))

    @override
    def frames(self, step: Step) -> list[Step]:
        ready = Step(1 - step.side, self._wire.ready(1 - step.side))
        return [Step(step.side, self._wire.frame(*step)), ready]

    @override
    def fill(self, side: int) -> str:
        return FLAG
