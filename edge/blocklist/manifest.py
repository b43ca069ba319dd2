# SPDX-License-Identifier: Apache-2.0
"""What both sides sign: one version of one list, where its data is, and what it may not do."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from edge.blocklist.entry import Entry
from edge.errors import ListError

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,63}$")]
_Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Natural = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_Second = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)]  # year 10000
_Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,15}$")]


class Blob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data by its hash."""

    sha256: _Hash
    size: _Natural
    base: _Natural = 0
    "The version that a delta changes; 0 for a snapshot."


class Guards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What no update may do, whoever signed it."""

    most_additions: _Natural = 100_000
    "Numbers, prefixes and ranges set by one update of a list that is not empty."
    least_prefix: Annotated[int, msgspec.Meta(ge=1, le=15)] = 3
    "Digits of the widest prefix; a range covers no more than such a prefix."
    canaries: tuple[_Digits, ...] = ()
    "Numbers that may never be blocked or diverted: hospitals, the hub."

    def stricter(self, other: "Guards") -> "Guards":
        """Return what satisfies both."""
        return Guards(
            min(self.most_additions, other.most_additions),
            max(self.least_prefix, other.least_prefix),
            tuple(sorted({*self.canaries, *other.canaries})),
        )


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a list, as signed."""

    list: Name
    version: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    digest: _Hash
    "SHA-256 of the canonical list."
    entries: _Natural
    issued: _Second
    "Seconds since the epoch."
    expires: _Second
    "After this second it is no longer taken; what is in force stays so, and grows stale."
    snapshot: Blob
    deltas: tuple[Blob, ...] = ()
    "From earlier versions to this one, each on its own."
    urgent: _Natural = 0
    "Urgent records up to this number are in the list."
    scope: tuple[str, ...] = ()
    "Appliances it is meant for; empty is all."
    guards: Guards = Guards()


def read_manifest(octets: bytes) -> Manifest:
    """Return a manifest. Raises `ListError`."""
    try:
        return msgspec.json.decode(octets, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ListError(f"is no manifest: {error}") from error


def write_manifest(manifest: Manifest) -> bytes:
    """Return the octets that are signed."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An urgent change: takes effect at once, and is folded into the next version."""

    list: Name
    seq: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    issued: _Second
    expires: _Second
    added: tuple[Entry, ...] = ()
    lifted: tuple[Entry, ...] = ()
    "Entries, exactly as they stand in the list, that no longer hold."


class Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An urgent record and who signed it."""

    record: bytes
    "JSON of a `Record`."
    signatures: tuple[tuple[str, str], ...]
    "Key id and signature, both in hex."


def read_record(octets: bytes) -> Record:
    """Return an urgent record. Raises `ListError`."""
    try:
        return msgspec.json.decode(octets, type=Record)
    except msgspec.MsgspecError as error:
        raise ListError(f"is no urgent record: {error}") from error


def folded(records: Sequence[Record], urgent: int, now_s: int) -> list[Record]:
    """Return the records that still speak: not in the list yet, and not expired."""
    return [record for record in records if record.seq > urgent and now_s < record.expires]


def read_signed(octets: bytes) -> Signed:
    """Return an urgent record with its signatures from a file. Raises `ListError`."""
    try:
        return msgspec.json.decode(octets, type=Signed)
    except msgspec.MsgspecError as error:
        raise ListError(f"is no signed urgent record: {error}") from error


def write_signed(signed: Signed) -> bytes:
    """Return an urgent record as it is carried from hand to hand."""
    return msgspec.json.encode(signed) + b"\n"
