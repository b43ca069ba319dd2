# SPDX-License-Identifier: Apache-2.0
"""Cosigns the checkpoints of an appliance's log of evidence: the hub cannot deny to have seen them.

A line of a signed note, in the format `cosignature/v1` of C2SP tlog-cosignature: Ed25519 over
`cosignature/v1`, `time N` and the body of the checkpoint. It says: this log only grew, from the
first checkpoint that we ever saw to this one. So each is signed only if a chain of proofs leads to
it from the one that was signed last; `growth.py` keeps those whose link is still on its way. What
is smaller than one we cosigned, of the same size with another root, or proves nothing, is refused,
and people are told: the log was turned back or changed, or there are two.
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

from edge.blocklist.store import sync, sync_folder
from edge.errors import ConfigError
from edge.report.message import Cosigned
from hil.hub import growth
from hil.hub.batch import Checkpoint
from hil.hub.growth import BEGINNING, Head, Link
from hil.hub.store import CHECKPOINTS, Store

NAME = "qalqan-hub"
"Of the key, in the signature's line."
KEY = "hub.key"
ALGORITHM = b"\x04"
"Ed25519, timestamped (C2SP tlog-cosignature)."
MOST_NOTE = 8192
MOST_ORIGIN = 255
"Characters: it stands in the keys of tables."
MOST_DIGITS = 19
"Of a size: no event says a larger one."
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
    within = 0 < len(origin) <= MOST_ORIGIN and len(size) <= MOST_DIGITS
    if not within or not canonical or not _is_hash(root) or "\0" in note:
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
    """Write a key, whole and on disk or not at all, and never over one that is there."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(_pem(Ed25519PrivateKey.generate()))
    sync(draft)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
        sync_folder(path.parent)


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
        """Return our signature under it, or under the furthest to which those that waited lead.

        None where there is none to give: it waits for its link, or people are told why.
        """
        said = told.checkpoint
        body = body_of(said.note)
        proof = growth.packed(said.proof)
        if body is None or (body.origin, body.size) != (said.origin, said.size) or proof is None:
            what = "is not what its note says" if proof is not None else "has a proof that is none"
            self._alarm(connection, (told.node, said.origin), what, now_ns)
            return None
        where = (told.stream, said.seq, told.node, body.origin)
        link = Link(*where, said.before, body.size, body.root, said.note, proof)
        self._lock(connection, told.node)
        head = self._head(connection, link)
        if not link.is_ahead(head):
            answer, head = self._judge(connection, link, head, now_ns)
        else:
            answer = None
            self._let_wait(connection, link, head, now_ns)
        return self._go_on(connection, link.log, head, now_ns) or answer

    def _go_on(
        self, connection: sa.Connection, log: tuple[str, str], head: Head, now_ns: int
    ) -> Cosigned | None:
        """Judge what waited for the head, and so on; returns our signature under the furthest."""
        furthest = None
        for most in growth.PAGES:
            judged = []
            for one in growth.waiting(connection, log, most):
                if one.is_ahead(head):
                    break
                judged.append(one)
                signed, grown = self._judge(connection, one, head, now_ns)
                if grown != head:
                    furthest, head = signed, grown
            growth.forget(connection, judged)
            if len(judged) < most:
                break
        return furthest

    def _lock(self, connection: sa.Connection, node: str) -> None:
        """Let nobody else judge this appliance's log until we commit."""
        if not self._store.is_sqlite:
            taken = sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"checkpoints of {node}"))
            connection.execute(sa.select(taken))

    def _head(self, connection: sa.Connection, link: Link) -> Head:
        """Return the largest checkpoint of this log that we cosigned."""
        row = connection.execute(
            sa.select(*(CHECKPOINTS.c[name] for name in Head._fields))
            .where(CHECKPOINTS.c.node == link.node, CHECKPOINTS.c.origin == link.origin)
            .order_by(CHECKPOINTS.c.size.desc())
            .limit(1)
        ).first()
        return Head(*row) if row else BEGINNING

    def _judge(
        self, connection: sa.Connection, link: Link, head: Head, now_ns: int
    ) -> tuple[Cosigned | None, Head]:
        """Sign what grew out of the head; returns our signature, if any, and the head from now."""
        known = self._known(connection, link) if link.size <= head.size else None
        if known is not None and known.root == link.root:
            return Cosigned(origin=link.origin, size=link.size, signature=known.signature), head
        if known is None and growth.follows(link, head):
            return self._sign(connection, link, now_ns), link.head
        if known is not None:
            what = f"has another root than it had at {link.size}"
        elif link.size < head.size:
            if link.stream == head.stream and link.seq < head.seq:
                return None, head  # it was overtaken, and says nothing new
            what = f"went back to {link.size} of {head.size}"
        else:
            what = _not_grown(link, head)
        self._alarm(connection, link.log, what, now_ns)
        return None, head

    def _let_wait(self, connection: sa.Connection, link: Link, head: Head, now_ns: int) -> None:
        """Keep it for later; people are told if nothing that it could wait for is on its way."""
        growth.wait(self._store, connection, link)
        if growth.has_no_forerunner(connection, link):
            self._alarm(connection, link.log, _not_grown(link, head), now_ns)

    def _known(self, connection: sa.Connection, link: Link) -> sa.Row[Any] | None:
        """Return the checkpoint of the same size that we cosigned."""
        return connection.execute(
            sa.select(CHECKPOINTS).where(
                CHECKPOINTS.c.node == link.node,
                CHECKPOINTS.c.origin == link.origin,
                CHECKPOINTS.c.size == link.size,
            )
        ).first()

    def _sign(self, connection: sa.Connection, link: Link, now_ns: int) -> Cosigned:
        """Sign, and remember it before anybody sees the signature."""
        text = link.note[: link.note.rindex("\n\n") + 1]
        signature = self._cosigner.line(text, now_ns // _SECOND_NS)
        row = {name: value for name, value in link._asdict().items() if name in CHECKPOINTS.c}
        connection.execute(sa.insert(CHECKPOINTS).values(row | {"signature": signature}))
        return Cosigned(origin=link.origin, size=link.size, signature=signature)

    def _alarm(
        self, connection: sa.Connection, log: tuple[str, str], what: str, now_ns: int
    ) -> None:
        node, origin = log
        name = origin[:MOST_ORIGIN].replace("\0", " ")
        text = f"the log of evidence {name} {what}"
        self._store.note(connection, node, "checkpoint-refused", text, now_ns)


def _not_grown(link: Link, head: Head) -> str:
    """Say what is wrong with a checkpoint that proves nothing, and what people can do."""
    if not head.size:
        return "does not show how it grew up to its first checkpoint that came here (CONTRACT.md)"
    what = f"does not show that it grew out of the log that was countersigned at {head.size}"
    if link.before:
        return what
    return f"{what}: it begins anew; if its checkpoints were lost, give that one back (CONTRACT.md)"


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
