# SPDX-License-Identifier: Apache-2.0
"""Causes of release and where they arose (Q.850), for ISUP and Q.931 alike."""

import msgspec

from edge.decode.cursor import Cursor

LOCATIONS = {
    0: "user",
    1: "private network, local user",
    2: "public network, local user",
    3: "transit network",
    4: "public network, remote user",
    5: "private network, remote user",
    7: "international network",
    10: "beyond interworking point",
}
TEXTS = {
    1: "unallocated number",
    2: "no route to transit network",
    3: "no route to destination",
    4: "special information tone",
    5: "misdialled trunk prefix",
    6: "channel unacceptable",
    16: "normal call clearing",
    17: "user busy",
    18: "no user responding",
    19: "no answer from user",
    20: "subscriber absent",
    21: "call rejected",
    22: "number changed",
    26: "non-selected user clearing",
    27: "destination out of order",
    28: "invalid number format",
    29: "facility rejected",
    30: "response to status enquiry",
    31: "normal, unspecified",
    34: "no circuit available",
    38: "network out of order",
    41: "temporary failure",
    42: "switching equipment congestion",
    43: "access information discarded",
    44: "requested circuit not available",
    47: "resource unavailable",
    50: "facility not subscribed",
    52: "outgoing calls barred",
    54: "incoming calls barred",
    55: "incoming calls barred within CUG",
    57: "bearer capability not authorized",
    58: "bearer capability not available",
    63: "service not available",
    65: "bearer capability not implemented",
    79: "service not implemented",
    81: "invalid call reference",
    82: "channel does not exist",
    87: "user not member of CUG",
    88: "incompatible destination",
    95: "invalid message",
    96: "mandatory element missing",
    97: "message type unknown",
    98: "message not compatible with state",
    99: "element unknown",
    100: "invalid element contents",
    101: "message not compatible with state",
    102: "recovery on timer expiry",
    103: "parameter passed on",
    110: "message discarded",
    111: "protocol error",
    127: "interworking",
}


class Cause(msgspec.Struct, frozen=True, gc=False):
    """A cause indicator (Q.850 section 2)."""

    value: int
    location: int
    coding: int
    "0: ITU-T."
    diagnostics: bytes = b""

    def fields(self) -> dict[str, object]:
        """Return the cause for people."""
        found: dict[str, object] = {"value": self.value, "text": TEXTS.get(self.value, "")}
        found["location"] = LOCATIONS.get(self.location, str(self.location))
        if self.coding:
            found["coding"] = self.coding
        return found | ({"diagnostics": self.diagnostics.hex()} if self.diagnostics else {})


def read_cause(cursor: Cursor) -> Cause:
    """Read a cause; raises `Short`."""
    first = cursor.u8()
    if not first & 0x80:
        cursor.skip(1)  # octet 1a, the recommendation
    value = cursor.u8() & 0x7F
    return Cause(value, first & 0x0F, first >> 5 & 3, cursor.rest())
