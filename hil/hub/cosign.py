# SPDX-License-Identifier: Apache-2.0
"""Cosigns the checkpoints of an appliance's log of evidence: the hub cannot deny to have seen them.

A line of a signed note, in the format `cosignature/v1` of C2SP tlog-cosignature: Ed25519 over
`cosignature/v1`, `time N` and the body of the checkpoint. It says: at this time this was the
largest checkpoint of this log that we had seen. What is smaller than one we cosigned, or of the
same size with another root, is refused, and people are told: the log was turned back, or there are
two. That one checkpoint grew out of another is not proved here; who has both logs proves it.
"""

import base64
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.errors import ConfigError
from edge.report.message import Cosigned
from hil.hub.batch import Checkpoint
from hil.hub.store import CHECKPOINTS, Store

NAME = "qalqan-hub"
"Of the key, in the signature's line."
KEY = "hub.key"
ALGORITHM = b"\x04"
"Ed25519, timestamped (C2SP tlog-cosignature)."
MOST_NOTE = 8192
MOST_ORIGIN = 100
MOST_LOGS = 8
"Of one appliance that are told at once; it has one."
_SECOND_NS = 1_000_000_000


class Body(NamedTuple):
    """What a checkpoint's note says above its signatures."""

    text: str
    "To its last newline: what is signed."
    origin: str
    size: int
    root: str


def body_of(note: str) -> Body | None:
    """Return what is signed of a checkpoint (C2SP tlog-checkpoint); None if it is none."""
    text, blank, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or not signatures or len(note) > MOST_NOTE or len(lines) < 3:  # noqa: PLR2004 - origin, size, root
        return None
    origin, size, root = lines[:3]
    canonical = size.isascii() and size.isdecimal() and (size == "0" or not size.startswith("0"))
    if not origin or not canonical or not _is_hash(root) or "\0" in note:
        return None
    return Body(text + "\n", origin, int(size), root)


def _is_hash(root: str) -> bool:
    with suppress(ValueError):
        octets = base64.b64decode(root, validate=True)
        return len(octets) == hashlib.sha256().digest_size and (
            base64.b64encode(octets).decode() == root
        )
    return False


class Cosigner:
    """The hub's key for checkpoints."""

    def __init__(self, key: Ed25519PrivateKey, name: str = NAME) -> None:
        """Sign with `key` under a name without spaces or plus signs."""
        self._key = key
        self._name = name
        self._public = key.public_key().public_bytes_raw()
        about = name.encode() + b"\n" + ALGORITHM + self._public
        self._id = hashlib.sha256(about).digest()[:4]

    @property
    def vkey(self) -> str:
        """The public half, as verifiers of signed notes take it."""
        material = base64.b64encode(ALGORITHM + self._public).decode()
        return f"{self._name}+{self._id.hex()}+{material}"

    def line(self, body: str, time_s: int) -> str:
        """Return the line that cosigns the body of a checkpoint."""
        signed = f"cosignature/v1\ntime {time_s}\n{body}".encode()
        octets = self._id + time_s.to_bytes(8, "big") + self._key.sign(signed)
        return f"\u2014 {self._name} {base64.b64encode(octets).decode()}"


def load(folder: Path, name: str = NAME) -> Cosigner:
    """Return the cosigner of a hub's folder; its key is made when there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEY
    with suppress(FileExistsError):
        _make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: not a key of Ed25519")
    return Cosigner(key, name)


def _make(path: Path) -> None:
    """Write a key, whole or not at all, and never over one that is there."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(_pem(Ed25519PrivateKey.generate()))
    try:
        os.link(draft, path)
    finally:
        draft.unlink()


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Told(NamedTuple):
    """A checkpoint that has arrived, and where."""

    node: str
    stream: int
    checkpoint: Checkpoint


class Witness:
    """Decides which checkpoints are cosigned."""

    def __init__(self, store: Store, cosigner: Cosigner) -> None:
        """Remember in `store` what was cosigned."""
        self._store = store
        self._cosigner = cosigner

    def cosign(self, connection: sa.Connection, told: Told, now_ns: int) -> Cosigned | None:
        """Return our signature; None where there is none to give, and people are told why."""
        said = told.checkpoint
        body = body_of(said.note)
        if body is None or (body.origin, body.size) != (said.origin, said.size):
            self._alarm(connection, told, "is not what its note says", now_ns)
            return None
        self._lock(connection, told.node)
        latest = connection.execute(
            sa.select(CHECKPOINTS)
            .where(CHECKPOINTS.c.node == told.node, CHECKPOINTS.c.origin == body.origin)
            .order_by(CHECKPOINTS.c.size.desc())
            .limit(1)
        ).first()
        if latest is None:
            return self._sign(connection, told, body, now_ns)
        is_earlier = told.stream == latest.stream and said.seq < latest.seq
        if body.size > latest.size and not is_earlier:
            return self._sign(connection, told, body, now_ns)
        known = self._known(connection, told, body)
        if known is not None and known.root == body.root:
            return Cosigned(origin=body.origin, size=body.size, signature=known.signature)
        if known is not None:
            self._alarm(connection, told, f"has another root than it had at {body.size}", now_ns)
        elif (body.size < latest.size) != is_earlier:  # one that was overtaken says nothing new
            self._alarm(connection, told, f"went back to {body.size} of {latest.size}", now_ns)
        return None

    def _lock(self, connection: sa.Connection, node: str) -> None:
        """Let nobody else judge this appliance's log until we commit."""
        if not self._store.is_sqlite:
            taken = sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"checkpoints of {node}"))
            connection.execute(sa.select(taken))

    def _known(self, connection: sa.Connection, told: Told, body: Body) -> sa.Row[Any] | None:
        """Return the checkpoint of the same size that we cosigned."""
        return connection.execute(
            sa.select(CHECKPOINTS).where(
                CHECKPOINTS.c.node == told.node,
                CHECKPOINTS.c.origin == body.origin,
                CHECKPOINTS.c.size == body.size,
            )
        ).first()

    def _sign(self, connection: sa.Connection, told: Told, body: Body, now_ns: int) -> Cosigned:
        """Sign, and remember it before anybody sees the signature."""
        signature = self._cosigner.line(body.text, now_ns // _SECOND_NS)
        row = {
            "node": told.node,
            "origin": body.origin,
            "size": body.size,
            "root": body.root,
            "stream": told.stream,
            "seq": told.checkpoint.seq,
            "note": told.checkpoint.note,
            "signature": signature,
        }
        connection.execute(sa.insert(CHECKPOINTS).values(row))
        return Cosigned(origin=body.origin, size=body.size, signature=signature)

    def _alarm(self, connection: sa.Connection, told: Told, what: str, now_ns: int) -> None:
        origin = told.checkpoint.origin[:MOST_ORIGIN].replace("\0", " ")
        text = f"the log of evidence {origin} {what}"
        self._store.note(connection, told.node, "checkpoint-refused", text, now_ns)


def latest_of(connection: sa.Connection, node: str) -> tuple[Cosigned, ...]:
    """Return our signature under the latest checkpoint of each log of an appliance."""
    last = (
        sa.select(CHECKPOINTS.c.origin, sa.func.max(CHECKPOINTS.c.size).label("size"))
        .where(CHECKPOINTS.c.node == node)
        .group_by(CHECKPOINTS.c.origin)
        .limit(MOST_LOGS)
        .subquery()
    )
    rows = connection.execute(
        sa.select(CHECKPOINTS.c.origin, CHECKPOINTS.c.size, CHECKPOINTS.c.signature)
        .join(last, (CHECKPOINTS.c.origin == last.c.origin) & (CHECKPOINTS.c.size == last.c.size))
        .where(CHECKPOINTS.c.node == node)
    )
    return tuple(Cosigned(origin=o, size=size, signature=line) for o, size, line in rows)
