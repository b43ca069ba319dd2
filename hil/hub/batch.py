# SPDX-License-Identifier: Apache-2.0
"""Reads a batch of events. Only the envelope is checked: what a newer appliance adds is stored too.

The models of `edge.report.message` are the law; here they stand once more without pydantic, because
this is what limits how much a hub takes in. A test holds both to the same answer.
"""

import zlib
from typing import Annotated, Literal, NamedTuple

import msgspec

from edge.report.message import ACCEPTS, VERSION
from edge.report.topic import EVENTS

MOST_OCTETS = 4 * 1024 * 1024
"Of a batch when it is unpacked: about a hundred times what an appliance sends."
MOST_SEQ = (1 << 63) - 1
UNREADABLE = "unreadable"
"Kind of an event of which nothing but its number could be read."

_Seq = Annotated[int, msgspec.Meta(ge=1, le=MOST_SEQ)]
_Time = Annotated[int, msgspec.Meta(ge=0, le=MOST_SEQ)]
_Node = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}\Z")]
_Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\Z")]
_Class = Literal["audit", "block", "call", "metric", "debug"]


class _Versioned(msgspec.Struct):
    v: Annotated[int, msgspec.Meta(ge=1)] = VERSION


class _Batch(_Versioned, kw_only=True):
    node: _Node
    stream: _Uuid
    cls: _Class = msgspec.field(name="class")
    events: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


class _Numbered(msgspec.Struct):
    seq: _Seq


class _Envelope(msgspec.Struct, gc=False):
    seq: _Seq
    at: _Time
    mono: _Time
    boot: str
    clock: Literal["synced", "holdover", "unset"]
    kind: str


class Gap(msgspec.Struct, gc=False):
    """What a gap record says is lost."""

    lo: _Seq
    hi: _Seq
    n: _Seq
    reason: str


class Checkpoint(msgspec.Struct, gc=False):
    """What a checkpoint says, and where it was said."""

    origin: str
    size: _Time
    note: str
    seq: _Seq
    before: _Time = 0
    proof: list[str] = []


_versioned = msgspec.json.Decoder(_Versioned)
_batch = msgspec.json.Decoder(_Batch)
_numbered = msgspec.json.Decoder(_Numbered)
_envelope = msgspec.json.Decoder(_Envelope)
_gap = msgspec.json.Decoder(Gap)
_checkpoint = msgspec.json.Decoder(Checkpoint)

_WRONG = (msgspec.MsgspecError, UnicodeError, RecursionError)
"All that a decoder of msgspec raises when it is fed nonsense."


class Row(NamedTuple):
    """An event as it is stored."""

    seq: int
    at: int
    kind: str
    body: str


class Batch(NamedTuple):
    """What could be read of a batch."""

    stream: str
    cls: str
    rows: list[Row]
    gaps: list[Gap]
    checkpoints: list[Checkpoint]
    unnumbered: list[bytes]
    "Events of which not even the number could be read."


class Refused(NamedTuple):
    """A message that nothing could be read of, and why."""

    why: str
    version: int = 0
    "The version that the sender speaks, where that is the reason."


def read(node: str, rest: str, payload: bytes) -> Batch | Refused:
    """Read what `node` said under `ev/CLASS`. Never raises."""
    text = unpacked(payload)
    if isinstance(text, Refused):
        return text
    try:
        batch = _batch.decode(text)
    except _WRONG as error:
        return _too_new(text) or Refused(f"not a batch: {error}")
    if batch.v not in ACCEPTS:
        return _refused_version(batch.v)
    if batch.node != node:
        return Refused("one appliance speaks for another")
    if rest != f"{EVENTS}/{batch.cls}":
        return Refused("the class is not that of the topic")
    return _sorted(batch)


def _too_new(text: bytes) -> Refused | None:
    """Say that a batch is of a version that is not read here, if that is what is wrong with it."""
    try:
        version = _versioned.decode(text).v
    except _WRONG:
        return None
    return None if version in ACCEPTS else _refused_version(version)


def _refused_version(version: int) -> Refused:
    return Refused(f"version {version} is not read here", version)


def unpacked(payload: bytes) -> bytes | Refused:
    """Return the JSON of a payload: itself, or what zlib packed; the first octet tells."""
    if payload[:1] == b"{":
        return payload if len(payload) <= MOST_OCTETS else Refused("too large")
    if payload[:1] != b"\x78":
        return Refused("neither JSON nor zlib")
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(payload, MOST_OCTETS + 1)
    except zlib.error as error:
        return Refused(f"not zlib: {error}")
    if len(text) > MOST_OCTETS:
        return Refused("too large when unpacked")
    if not unpacker.eof or unpacker.unused_data:
        return Refused("not zlib: torn, or something behind it")
    return text


def _sorted(batch: _Batch) -> Batch:
    """Sort the events of a batch into what is stored and what is acted upon."""
    read = Batch(batch.stream, batch.cls, [], [], [], [])
    for raw in batch.events:
        row = _row(raw)
        if row is None:
            read.unnumbered.append(bytes(raw))
            continue
        read.rows.append(row)
        if row.kind == "gap":
            _tell_gap(raw, read.gaps)
        elif row.kind == "checkpoint":
            _tell_checkpoint(raw, read.checkpoints)
    return read


def _row(raw: msgspec.Raw) -> Row | None:
    """Return an event as it is stored; None if it has no number."""
    try:
        said = _envelope.decode(raw)
        kind, body = said.kind, str(raw, "utf-8")
        if "\0" in kind or "\0" in body:  # no database keeps that in a text
            kind, body = UNREADABLE, _escaped(raw)
        else:
            kind.encode()
        return Row(said.seq, said.at, kind, body)
    except _WRONG:
        pass
    try:
        return Row(_numbered.decode(raw).seq, 0, UNREADABLE, _escaped(raw))
    except _WRONG:
        return None


def _escaped(raw: msgspec.Raw) -> str:
    """Return octets that may be anything as a JSON text, one character an octet."""
    return msgspec.json.encode(bytes(raw).decode("latin-1")).decode()


def _tell_gap(raw: msgspec.Raw, gaps: list[Gap]) -> None:
    """Add what a gap record tells; one that makes no sense is an event like any other."""
    try:
        gap = _gap.decode(raw)
        number = _numbered.decode(raw).seq
    except _WRONG:
        return
    if gap.lo <= gap.hi == number and "\0" not in gap.reason:
        gaps.append(gap)


def _tell_checkpoint(raw: msgspec.Raw, checkpoints: list[Checkpoint]) -> None:
    try:
        checkpoints.append(_checkpoint.decode(raw))
    except _WRONG:
        return
