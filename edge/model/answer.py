# SPDX-License-Identifier: Apache-2.0
"""What the network says to the calling side: one answer for all media, made by `edge.enforce`.

A driver translates it: a gate sends the SIP answer, an enforcer tells its switch status or cause.
"""

import msgspec

from edge.model.verdict import Action

_BLOCK, _DIVERT = Action.BLOCK, Action.DIVERT

REJECTED = 21
"Q.850 cause 21, call rejected: the one cause that a gateway does not route around."


class Location(msgspec.Struct, frozen=True, gc=False):
    """Who ended the call (Q.850 2.2.3), and its word in a Reason header (RFC 8606)."""

    code: int
    token: str


LOCATIONS = {
    "user": Location(0, "U"),
    "private-local": Location(1, "LPN"),
    "public-local": Location(2, "LN"),
    "transit": Location(3, "TN"),
    "public-remote": Location(4, "RLN"),
    "private-remote": Location(5, "RPN"),
    "international": Location(7, "INTL"),
    "beyond-interworking": Location(10, "BI"),
}
"By the name it has in the configuration."


class Answer(msgspec.Struct, frozen=True):
    """What is said to one call attempt."""

    action: Action
    "`BLOCK` and `DIVERT` stop it; under `ALLOW` and `OBSERVE` it goes on and the rest is empty."
    status: int = 0
    "Final SIP status: 603, 608, or 302 to a desk. Never one that a switch routes around."
    phrase: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    "Names and values, without line ends: `Reason`, `Call-Info`, what a desk should see."
    contact: str = ""
    "SIP URI of the operator desk; only with `DIVERT`."
    cause: int = 0
    "Q.850 cause for ISUP, Q.931 and switches that are told a cause."
    location: Location = LOCATIONS["user"]
    redress: str = ""
    "What a caller can quote; `qalqan explain` finds its evidence. Letters, digits, `_`, `-`."

    @property
    def stops(self) -> bool:
        """Whether the call does not reach whom it was meant for."""
        return self.action is _BLOCK or self.action is _DIVERT


GO_ON = Answer(Action.ALLOW)
"The call goes on as if nobody had been asked."
