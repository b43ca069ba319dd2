# SPDX-License-Identifier: Apache-2.0
"""MTP level 3: service information octet and routing label (Q.704 sections 2.2, 14.2).

The ITU label with 14-bit point codes; the 24-bit codes of ANSI and China are not read.
"""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.model.message import Malformed

ISUP = 5
USERS = {
    0: "SNM", 1: "MTN", 2: "MTNS", 3: "SCCP", 4: "TUP", 5: "ISUP", 6: "DUP", 7: "DUP",
    8: "MTP-TEST", 9: "B-ISUP", 10: "S-ISUP", 12: "AAL2", 13: "BICC", 14: "GCP",
}  # fmt: skip
"Service indicator (Q.704 14.2.1)."
MANAGEMENT = {
    0x11: "COO", 0x21: "COA", 0x31: "XCO", 0x41: "XCA", 0x51: "CBD", 0x61: "CBA", 0x12: "ECO",
    0x22: "ECA", 0x13: "RCT", 0x23: "TFC", 0x14: "TFP", 0x34: "TFR", 0x54: "TFA", 0x15: "RST",
    0x25: "RSR", 0x16: "LIN", 0x26: "LUN", 0x36: "LIA", 0x46: "LUA", 0x56: "LID", 0x66: "LFU",
    0x76: "LLT", 0x86: "LRT", 0x17: "TRA", 0x18: "DLC", 0x28: "CSS", 0x38: "CNS", 0x48: "CNP",
    0x1A: "UPU",
}  # fmt: skip
"Heading code H1 H0 of signalling network management (Q.704 15, table 1)."
TESTS = {0x11: "SLTM", 0x21: "SLTA"}
"Heading code of the signalling link test (Q.707 5)."


class Label(msgspec.Struct, frozen=True, gc=False):
    """From which signalling point to which, for which user."""

    opc: int
    dpc: int
    sls: int
    service: int
    "Service indicator; 5 is ISUP."
    network: int
    "Network indicator: 0 and 1 international, 2 and 3 national."

    def fields(self) -> dict[str, object]:
        """Return the label for people."""
        return {"opc": self.opc, "dpc": self.dpc, "sls": self.sls, "ni": self.network}


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """What level 3 carries: a label, and the user's octets behind it."""

    label: Label
    payload: bytes

    @property
    def type(self) -> str:
        """The user, or for management and tests the message itself: `SCCP`, `TFP`, `SLTM`."""
        names = {0: MANAGEMENT, 1: TESTS, 2: TESTS}.get(self.label.service, {})
        user = USERS.get(self.label.service, f"SI-{self.label.service}")
        return names.get(self.payload[0], user) if self.payload else user


def parse(octets: bytes) -> Transfer | Malformed:
    """Read a message from its service information octet on."""
    try:
        return read(Cursor(octets))
    except Unreadable as why:
        return why.malformed("mtp3", octets)


def read(cursor: Cursor) -> Transfer:
    """Read a message from its service information octet on; raises `Short`."""
    service, label = cursor.u8(), cursor.u32("little")
    dpc, opc, sls = label & 0x3FFF, label >> 14 & 0x3FFF, label >> 28
    return Transfer(Label(opc, dpc, sls, service & 0x0F, service >> 6), cursor.rest())
