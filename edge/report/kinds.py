# SPDX-License-Identifier: Apache-2.0
"""The kinds of events, as they stand on the wire. A hub that does not know one keeps it too.

`core` and `uplink` make them as `edge.report.event.Event`; tests read what is made with these.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from edge.report.message import Nanoseconds, Seq, Timed, Wire


class VerdictEvent(Timed):
    """A call that was stopped, or would have been were its trunk in `enforce`."""

    kind: Literal["verdict"]
    record: str
    "Id of the record of evidence."
    leaf: int = -1
    "Its place in the appliance's log of evidence, from 0; -1 if it could not be kept."
    call: str
    attempt: int
    trunk: str
    proto: str
    calling: str
    "In full, `+` and digits: a call on which a verdict acts is evidence."
    called: str
    action: str
    wanted: str
    mode: str
    basis: str
    rule: str
    list_version: int = 0
    legal_basis: str = ""
    category: str = ""
    took_us: float
    peer: str = ""
    "Who handed it to us: an address, or `OPC` and the point code."
    trace: tuple[str, ...] = ()
    "Labels by which the same call is known at other operators (`edge.report.trace`)."


class OutcomeEvent(Timed):
    """What became of a call that was to be stopped: what the tap heard of it."""

    kind: Literal["outcome"]
    record: str
    "Id of the record of its verdict."
    leaf: int = -1
    "Place of its own record in the log, from 0; -1 if it could not be kept."
    call: str
    attempt: int
    trunk: str
    result: Literal[
        "stopped", "stopped-after-ring", "stopped-after-answer", "diverted", "rerouted", "leaked",
        "failed", "ended", "unproven",
    ]  # fmt: skip
    "`stopped` and its kind only when it was heard."
    by: str
    "The gate that was asked or the enforcer that was told."
    told: str
    "What the switch said."
    heard: str
    "The message that ended the call, as heard."
    after_ms: float
    "From its offer to its end, both on the wire."
    again: str = ""
    "The attempt that came after it on another trunk."


class CallEvent(Timed):
    """A call that was let through, when it is over."""

    kind: Literal["call"]
    call: str
    "A keyed hash: a Call-ID often carries addresses and numbers."
    trunk: str
    proto: str
    calling: str
    called: str
    "A keyed hash of the number: whom an honest caller called leaves the box in no other form."
    key: str
    "Id of the key of both hashes; it changes with the quarter."
    rule: str
    "What was remarked of it; `default` where nothing spoke."
    offered: Nanoseconds
    answered: bool
    lasted_ms: int
    cause: str
    peer: str = ""
    "Who handed it to us, as in a `verdict`."
    trace: tuple[str, ...] = ()
    "As in a `verdict`."


class BlindEvent(Timed):
    """An INVITE may have been missed on these trunks."""

    kind: Literal["tap-blind"]
    tap: str
    trunks: tuple[str, ...]
    cause: str
    lost: int


class AlarmEvent(Timed):
    """Something that people must look at now."""

    kind: Literal["alarm"]
    name: str
    trunk: str = ""
    text: str


class ActEvent(Timed):
    """An administrative act: who had the appliance do what, and what came of it."""

    kind: Literal["act"]
    act: str
    by: tuple[str, ...]
    "Key ids of who signed it; `local` for who stood before the box."
    command: str = ""
    "Id of the command, if it came as one."
    state: Literal["done", "refused", "failed", "expired"]
    text: str


class UpdateEvent(Timed):
    """How far an update of the firmware has got."""

    kind: Literal["update"]
    campaign: str
    version_from: str
    version: str
    "The one that is wanted."
    state: Literal[
        "queued", "downloading", "downloaded", "verified", "waiting", "installing", "rebooting",
        "probation", "confirmed", "rolled_back", "failed",
    ]  # fmt: skip
    percent: Annotated[int, Field(ge=0, le=100)] = 0
    "Of what the state does."
    why: str = ""
    "One word: what it waits for, or why it failed."
    text: str = ""
    "One sentence for people."
    slot: str = ""
    "The slot that it is, or will be, in."


class CheckpointEvent(Timed):
    """A signed state of a log of evidence (C2SP tlog-checkpoint)."""

    kind: Literal["checkpoint"]
    origin: str
    size: int
    note: str
    "The signed note, as text."
    before: int = 0
    "Size of the checkpoint before; 0 for none."
    proof: tuple[str, ...] = ()
    "That this one only adds to it (RFC 6962 section 2.1.2): hashes in hex."


class Reason(Wire):
    """Why something is taken for a campaign."""

    code: str
    "`rotation`, `fan-out`, `short`, ...: `edge.detect.score` declares them."
    values: dict[str, float]
    "What its sentence names."
    text: str
    "The sentence, in English."


class Member(Wire):
    """What the calls of a campaign have in common."""

    kind: Literal["device", "source", "media", "range", "peer"]
    value: str


class Mark(Wire):
    """By what a campaign is known again in another region."""

    kind: Literal["media", "origid", "key"]
    """`media`: an address that one place of the world has; `origid`: what the signer tells apart
    (RFC 8588). Campaigns that share one are one. `key`: they are written alike, no more."""
    value: str


class CampaignEvent(Timed):
    """A campaign, as it stands now: takes the place of what was told of it before."""

    kind: Literal["campaign"]
    campaign: str
    "Its id: the same after a restart, and in every event."
    state: Literal["open", "withdrawn", "silent", "crowded"]
    """`withdrawn`: it turned out to be none. `silent`: it has not called for 30 days. `crowded`:
    the appliance had no room for it."""
    first: Nanoseconds
    found: Nanoseconds
    last: Nanoseconds
    score: Annotated[float, Field(ge=0, le=1)]
    calls_before: int
    "Of the key it was found by, until it was found."
    calls: int
    "Since it was found."
    callers: int
    "Numbers it showed, about."
    callees: int
    "Numbers it called, about."
    hours: tuple[int, ...]
    "Its calls by hour of the day, UTC."
    reasons: tuple[Reason, ...]
    members: tuple[Member, ...]
    members_left_out: int = 0
    marks: tuple[Mark, ...] = ()


class Evidence(Wire):
    """Where what was said of a call can be looked up."""

    call: str
    attempt: int
    tap: str
    frame: int
    "Ordinal within the tap."
    at: Nanoseconds
    record: str
    "Id of the record of evidence that holds the frame."
    leaf: int
    "Its place in the appliance's log of evidence, from 0."


class ClueEvent(Timed):
    """A line of the dossier of a campaign; takes the place of that clue with that value."""

    kind: Literal["clue"]
    campaign: str
    clue: str
    "`ingress-peer`, `media`, `location-number`, ...: `edge.detect.clues` declares them."
    title: str
    value: str
    place: str = ""
    "Country and network, by an offline table of the appliance."
    trust: Literal["heard", "network", "claimed"]
    "Who says so: our own tap, a network between, or the sender."
    confidence: Annotated[float, Field(ge=0, le=1)]
    calls: int
    first: Nanoseconds
    last: Nanoseconds
    evidence: tuple[Evidence, ...]
    "The first call that said so, and the last ones."


class GapEvent(Timed):
    """Events that will never come, and why: nothing is dropped in silence."""

    kind: Literal["gap"]
    lo: Seq
    "First number that is told by this record; events of the range that did come, count."
    hi: Seq
    "Last number; equal to `seq`."
    n: Annotated[int, Field(ge=1)]
    "How many events were dropped. Those that never had a number (`queue-full`) count too."
    first: Nanoseconds
    "When the first of them happened, by the clock of then."
    last: Nanoseconds
    reason: Literal["quota", "disk-full", "queue-full", "too-large", "unreadable"]


class CountersEvent(Timed):
    """Numbers of a process, as `edge.counters` names them."""

    kind: Literal["counters"]
    process: str
    values: dict[str, float]


class MalformedEvent(Timed):
    """Units of one kind that could not be read since the last such event."""

    kind: Literal["malformed"]
    tap: str
    layer: str
    why: str
    count: int


AnyEvent: TypeAlias = Annotated[
    VerdictEvent | OutcomeEvent | CallEvent | BlindEvent | AlarmEvent | ActEvent | UpdateEvent
    | CampaignEvent | ClueEvent | CheckpointEvent | GapEvent | CountersEvent | MalformedEvent,
    Field(discriminator="kind"),
]  # fmt: skip
