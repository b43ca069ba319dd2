# SPDX-License-Identifier: Apache-2.0
"""Every message on the wire, one model each; `asyncapi.yaml` is made from them.

The kinds of events that batches carry are in `edge.report.kinds`.

Rule of versions: every message says `v`, the version of its shape. A field that is new does not
raise it, and whoever does not know a field passes over it. A field that goes or changes its meaning
raises it. Both ends name the versions they read (`accepts`) and speak the highest that both know;
while there is none in common the appliance keeps what it has to say, and an alarm stands.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

VERSION = 1
ACCEPTS = (1,)
"Versions that this program reads."

U64 = Annotated[int, Field(ge=0, lt=1 << 64)]
Seq = Annotated[int, Field(ge=1, lt=1 << 63)]
Nanoseconds = Annotated[int, Field(ge=0, lt=1 << 63)]
"Since the epoch, unless said otherwise."
Seconds = Annotated[int, Field(ge=0, lt=253_402_300_800)]
"Since the epoch, before the year 10000."
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
Node = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
ClassName = Literal["audit", "block", "call", "metric", "debug"]
Range = tuple[Seq, Seq]
"First and last, both included."


class Wire(BaseModel):
    """A message, or a part of one. What is not known is passed over, never refused."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class Versioned(Wire):
    """A whole message."""

    v: Annotated[int, Field(ge=1)] = VERSION
    "Version of its shape."


# Events -----------------------------------------------------------------------


class Timed(Wire):
    """What every event says."""

    seq: Seq
    "Its number in its stream; rises by one, is never used twice."
    at: Nanoseconds
    "When, as the appliance's clock believed."
    mono: Nanoseconds
    "Nanoseconds since the machine started: orders events where the clock stepped."
    boot: str
    "Which start of the machine."
    clock: Literal["synced", "holdover", "unset"]


class Envelope(Timed):
    """An event of any kind, unknown ones of a newer appliance among them."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    kind: str


class Batch(Versioned):
    """Events of one stream, in its order.

    On the wire it is JSON, or that compressed by zlib (RFC 1950); the first octet tells: `{` or 78.
    """

    node: Node
    stream: Uuid
    "Made with the file that the events lie in: a new file is a new stream, never a step back."
    cls: ClassName = Field(alias="class")
    events: Annotated[tuple[Envelope, ...], Field(min_length=1)]


# Up ---------------------------------------------------------------------------


class StreamState(Wire):
    """A stream, and how far it has got."""

    stream: Uuid
    cls: ClassName = Field(alias="class")
    last: Annotated[int, Field(ge=0)]
    "Highest number given; 0 for none."


class State(Versioned):
    """Birth (`init`, `ready`, `alert`), farewell (`offline`) and will (`lost`); retained.

    A `lost` whose epoch is lower than that of the last birth is old news: pass it over.
    """

    state: Literal["init", "ready", "alert", "offline", "lost"]
    epoch: U64
    "Rises with every connection; birth and will of one connection have the same."
    software: str = ""
    accepts: tuple[int, ...] = ACCEPTS
    boot: str = ""
    at: Nanoseconds = 0
    streams: tuple[StreamState, ...] = ()
    lists: dict[str, int] = Field(default_factory=dict)
    "Version of each list in force."
    config: str = ""
    "SHA-256 of the configuration in force."
    certificate_ends: Seconds = 0
    alarms: tuple[str, ...] = ()
    "Names of those that stand."


class Live(Versioned):
    """Heartbeat, QoS 0: for consoles, never kept."""

    epoch: U64
    at: Nanoseconds
    queued: dict[str, int]
    "Events by class that the hub has not acknowledged."
    values: dict[str, float] = Field(default_factory=dict)


class Ask(Versioned):
    """What an appliance wants to be told, on every connection: retained messages may not come."""

    epoch: U64
    streams: tuple[Uuid, ...] = ()
    "Up to where have these been acknowledged?"
    urgent: dict[str, int] = Field(default_factory=dict)
    "Which urgent records came after this number, by list?"
    desired: bool = True
    "Which configuration is wanted, and which firmware?"


class Get(Versioned):
    """Blocks of a file of the repository that are still missing."""

    id: str
    "Comes back with every block."
    path: Annotated[str, Field(max_length=512)]
    first: Annotated[int, Field(ge=0)] = 0
    missing: str = "80"
    "Bits in hex, the highest of the first octet is block `first`; a 1 asks for a block."
    most: Annotated[int, Field(ge=1, le=64)] = 8
    "Blocks that are to be sent now."
    block: Literal[65536, 131072] = 65536
    "Octets of a block; the last of a file is shorter."
    bulk: bool = False
    "Whether the blocks are to come on `bulk`, which a connection of its own hears."


class RoamAsk(Versioned):
    """Is the owner of a mobile number of ours, which calls from abroad, abroad? QoS 0."""

    id: Annotated[str, Field(min_length=1, max_length=32)]
    "Comes back with the answer."
    number: Annotated[str, Field(pattern=r"^[1-9][0-9]{6,14}$")]
    "E.164, without `+`, in the clear: whoever answers asks the operator whose subscriber it is."
    deadline_ms: Annotated[int, Field(ge=1, le=60_000)]
    "A later answer is of no use to the call, but to the next one of the same number."


class Result(Versioned):
    """What became of a command. The same command again gets the same result again."""

    id: Uuid
    state: Literal["done", "refused", "failed", "expired"]
    text: str
    "One sentence for people."
    data: dict[str, Any] = Field(default_factory=dict)


# Down -------------------------------------------------------------------------


class Acknowledged(Wire):
    """Events of a stream that are in the hub's database, committed."""

    stream: Uuid
    through: Annotated[int, Field(ge=0)]
    "All up to this number, gaps that were told included."
    sack: tuple[Range, ...] = ()
    "And these, beyond a hole."


class Cosigned(Wire):
    """The hub's signature under a checkpoint: it cannot deny later to have seen it."""

    origin: str
    size: int
    signature: str
    "A line of a signed note (C2SP signed-note): `— name base64`."


class Ack(Versioned):
    """The hub's word that events are safe. Only this lets an appliance forget them."""

    at: Nanoseconds
    acks: tuple[Acknowledged, ...]
    cosigned: tuple[Cosigned, ...] = ()


class Hub(Versioned):
    """Whether the hub's workers take events; retained, and its will says `online: false`."""

    online: bool
    epoch: U64
    at: Nanoseconds
    accepts: tuple[int, ...] = ACCEPTS


class Command(Versioned):
    """Something an appliance is to do."""

    body: str
    "JSON of an `Order`, exactly as it was signed."
    signatures: tuple[tuple[str, str], ...] = ()
    "Key id and signature, both in hex."


CommandKind: TypeAlias = Literal[
    "block", "unblock", "mode", "enforcement", "config", "explain", "export", "update", "restart"
]


class Order(Versioned):
    """What is to be done, by whom, and until when it makes sense."""

    id: Uuid
    node: Node
    kind: CommandKind
    issued: Seconds
    expires: Seconds
    "Past it the command is answered `expired`; at most seven days after `issued`."
    args: dict[str, Any] = Field(default_factory=dict)


class Desired(Versioned):
    """The configuration that the hub wants, as the command that brings it; retained."""

    command: Command | None = None


Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$")]
"Of a version of the firmware: it is newer if a part from the left is greater."
Window = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")
]


class Campaign(Wire):
    """Which firmware an appliance is to have, and when. That it is genuine, `firmware` signs."""

    id: Word
    version: Number
    not_before: Seconds = 0
    deadline: Seconds = 253_402_300_799
    "What is not installed by then is not installed; what is, is confirmed or rolled back."
    windows: Annotated[tuple[Window, ...], Field(max_length=8)] = ()
    """`02:00-05:00`: the slot is written and the box starts anew within one of these, by the clock
    of `offset_min`; it may end on the next day. None: at any time."""
    offset_min: Annotated[int, Field(ge=-720, le=840)] = 300
    "Of the local time from UTC, minutes; Kazakhstan has one for all."


class Wanted(Versioned):
    """The firmware that the hub wants; retained, and the answer to `ask`."""

    campaign: Campaign | None = None
    "Null: nothing is wanted; what has not begun to be installed is left."


class BlockHead(Versioned):
    """The line of JSON before the octets of a block; then a newline, then the octets."""

    id: str
    path: str
    size: Annotated[int, Field(ge=0)]
    "Of the whole file; 0 with `missing`."
    index: Annotated[int, Field(ge=0)]
    sha256: str = ""
    "Of this block's octets."
    missing: bool = False
    "There is no such file."


class Urgent(Versioned):
    """An urgent record of a list, as two sides have signed it."""

    list: str
    record: str
    "Base64 of the record."
    signatures: tuple[tuple[str, str], ...]


class RoamAnswer(Versioned):
    """Whether the number of a question is abroad. QoS 0: who is away needs no answer."""

    id: Annotated[str, Field(min_length=1, max_length=32)]
    abroad: bool | None
    "Null: nobody knows. The call goes on and is marked."
    ttl_s: Annotated[int, Field(ge=0, le=86_400)]
    "Most seconds that this may be believed; the appliance may believe it for less."


# Enrolment --------------------------------------------------------------------


class Enrol(Versioned):
    """A box without a certificate asks for one."""

    node: Node
    request: Annotated[str, Field(max_length=8192)]
    "PKCS 10 in PEM."
    proof: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    "HMAC-SHA-256 of `request` under the first key of the code that the box shows, in hex."


class Enrolled(Versioned):
    """The certificate, for a box whose code somebody has typed in."""

    certificate: Annotated[str, Field(max_length=16_384)]
    "PEM, with the chain."
    authority: Annotated[str, Field(max_length=8192)]
    "PEM of the hub's CA."
    sealed: Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$", max_length=8192)]
    """What the deployment shares, as JSON under the third key of the code (AES-GCM), nonce first,
    in hex: `pseudonym`, the secret that hashes numbers, in hex, and `cosigner`, the verifier key of
    the hub's signatures under checkpoints (C2SP signed-note)."""
    proof: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """HMAC-SHA-256 of certificate, authority and `sealed`, each with its length before it, under
    the second key of the code: who answers knows it."""
