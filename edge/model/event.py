# SPDX-License-Identifier: Apache-2.0
"""One call model for SIP, SIP-I, ISUP and Q.931: what happens to a call, whatever carries it."""

from enum import Enum

import msgspec

from edge.model.message import Message
from edge.model.number import Number, Party
from edge.model.unit import Unit


class TrunkClass(Enum):
    """What kind of peer a trunk leads to; the spoof rules rest on it."""

    INTERNATIONAL = "international"
    NATIONAL = "national"
    MOBILE = "mobile"
    LOCAL = "local"
    PBX = "pbx"


class Trunk(msgspec.Struct, frozen=True):
    """A configured bundle of circuits or SIP peers."""

    name: str
    kind: TrunkClass
    country_code: str = "7"
    "Country code that national numbers heard here belong to."
    area: str = ""
    "Area code that subscriber numbers heard here belong to."


UNKNOWN_TRUNK = Trunk("unknown", TrunkClass.NATIONAL)


class CallOffered(msgspec.Struct, frozen=True):
    """One call attempt, at the first message that offers it. The verdict is made from this."""

    at: int
    "Nanoseconds since the epoch."
    call: str
    "Call-ID, circuit or call reference, as on the wire."
    attempt: int
    "From 1; a new INVITE transaction after a final answer is a new attempt of the same call."
    trunk: Trunk
    proto: str
    calling: Party
    "The identity the called party will be shown."
    called: Party
    identities: tuple[Party, ...]
    "Every identity the message carried, in its order, the two above included."
    message: Message
    "Says the rest on demand: Via chain, SDP addresses, devices."


class CallProgressed(msgspec.Struct, frozen=True, gc=False):
    """The called side answered provisionally."""

    at: int
    call: str
    attempt: int
    stage: str
    """`proceeding` (not ringing yet), `alerting` (180, ACM subscriber free, ALERTING), `progress`,
    `diverted` (a leg goes to an operator desk)."""
    cause: str
    "The answer as heard: `180`, `183`, `ACM`."


class CallAnswered(msgspec.Struct, frozen=True, gc=False):
    """The called party picked up; charging and speech begin."""

    at: int
    call: str
    attempt: int
    after_ns: int
    "Nanoseconds since the call was offered."


class CallReleased(msgspec.Struct, frozen=True, gc=False):
    """The call or the attempt is over."""

    at: int
    call: str
    attempt: int
    cause: str
    "As heard: `486`, `BYE`, `CANCEL`, `REL 16`; `idle` or `evicted` where we gave it up."
    by: str
    "`calling`, `called`, `network`, or `us` (forgotten, nothing was heard)."
    answered: bool
    lasted_ns: int
    "From answer to release; 0 if never answered."
    sip_status: int = 0
    q850_cause: int = 0
    "Q.850 cause, where the release named one (Reason header, REL, DISCONNECT)."
    units: tuple[Unit, ...] = ()
    "What was heard of it: the message's own units, evidence of the end."


class TapBlind(msgspec.Struct, frozen=True, gc=False):
    """Something was lost that may have been the offer of a call."""

    at: int
    tap: str
    trunks: tuple[str, ...]
    "Trunks that this tap hears."
    cause: str
    "`kernel ring full`, `fragments missing`, `tcp gap in sip`, `capture cut`, ..."
    lost: int
    "Units or pieces since the last event of this cause."


CallEvent = CallOffered | CallProgressed | CallAnswered | CallReleased


class CallEnd(Enum):
    """How we came to hold a call for over."""

    SIGNALLED = "signalled"
    IDLE = "idle"
    EVICTED = "evicted"


def shown(number: Number) -> str:
    """Return a number for people: `+77172000001`, `112`, or the raw form of a refused one."""
    if not number.e164:
        return number.raw or "(none)"
    short = len(number.e164) <= 4  # noqa: PLR2004 - longest short code of the plan
    return number.e164 if short else "+" + number.e164
