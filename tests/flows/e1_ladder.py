# SPDX-License-Identifier: Apache-2.0
"""Calls on an E1 as tshark sees them, and drawn together with what was said at a command port."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from hil.e1.calls import FAR, ORIGIN
from tests.flows.e1_house import E1House
from tests.flows.ladder import Step, ladder

NS = 1_000_000_000
TYPES = {
    "isup": {1: "IAM", 6: "ACM", 9: "ANM", 12: "REL", 16: "RLC", 44: "CPG"},
    "q931": {
        1: "ALERTING", 2: "CALL PROCEEDING", 5: "SETUP", 7: "CONNECT", 15: "CONNECT ACK",
        69: "DISCONNECT", 77: "RELEASE", 90: "RELEASE COMPLETE",
    },
}  # fmt: skip
FIELDS = (
    "frame.time_epoch", "frame.interface_description", "isup.message_type", "isup.cic",
    "isup.cause_indicator", "q931.message_type", "q931.call_ref", "q931.cause_value",
    "q931.cause_location",
)  # fmt: skip
MACHINES = {f"{ORIGIN}": "exchange abroad", f"{FAR}": "exchange", "edge": "Qalqan Edge"}


class Heard(NamedTuple):
    """A message as tshark sees it."""

    at: float
    side: int
    type: str
    circuit: str
    "CIC or call reference."
    cause: int
    location: int
    "Who ended it, with `cause` (Q.850); 0 without one."

    @property
    def label(self) -> str:
        return f"{self.type} {self.cause}" if self.cause else self.type


def heard_in(capture: Path) -> list[Heard]:
    """Return the messages of a capture, without frames that only acknowledge."""
    command = ["tshark", "-r", str(capture), "-T", "fields"]
    command += [word for field in FIELDS for word in ("-e", field)]
    shown = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True)
    found = []
    for row in shown.splitlines():
        time, interface, *isup_or_q931, location = row.split("\t")
        isup, q931 = isup_or_q931[:3], isup_or_q931[3:]
        type_, circuit, cause = isup if isup[0] else q931
        if type_:
            name = TYPES["isup" if isup[0] else "q931"][int(type_, 0)]
            side = FAR if "direction=b-a" in interface else ORIGIN
            ended = int(cause or "0"), int(location or "0")
            found.append(Heard(float(time), side, name, circuit, *ended))
    return found


def picture(house: E1House) -> str:
    """Return all that was said on the line and at the command port, drawn."""
    said = [
        (one.at, str(one.side), str(1 - one.side), one.label) for one in heard_in(house.recording())
    ]
    for at, text in house.exchange.port_log:
        ends = ("edge", f"{FAR}") if text.startswith("RELCALL") else (f"{FAR}", "edge")
        said.append((at / NS, *ends, text.partition(",")[0] + " ..." * ("," in text)))
    said.sort()
    began = said[0][0]
    return ladder(MACHINES, [Step((at - began) * 1000, *rest) for at, *rest in said])
