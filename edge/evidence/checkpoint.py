# SPDX-License-Identifier: Apache-2.0
"""Signs how far a log has got: what another process writes is read, and only ever seen to grow.

A checkpoint is on disk before it leaves, and none is signed that contradicts one that was: a log
that lost a leaf or changed one gets no signature any more, and an alarm stands instead. One file
keeps what was signed, and what the hub has signed under it; the latest covers all before.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

import msgspec

from edge.blocklist.store import replace
from edge.errors import InputError, TrustError
from edge.evidence.log import Appended
from edge.evidence.merkle import WIDTH, Frontier, consistency
from edge.evidence.note import (
    Checkpoint,
    Note,
    SigningKey,
    VerifierKey,
    read_checkpoint,
    read_note,
    read_signature,
)
from edge.evidence.shelf import LEAVES, read_leaves

EVERY_LEAVES = 256
EVERY_S = 60.0
"A checkpoint is signed after so many leaves, or so long after the first of them."

KEPT = 4096
"Checkpoints that are kept; the hub has all of them."

FOLDER = "checkpoints"


class Alarm(Enum):
    """Why a log gets no signature."""

    SHRANK = "evidence-shrank"
    CHANGED = "evidence-changed"


class LogChanged(TrustError):
    """A log is not what was signed. Nothing is signed."""

    def __init__(self, alarm: Alarm, why: str) -> None:
        """Name the alarm, and say in a sentence what was seen."""
        super().__init__(f"{alarm.value}: {why}")
        self.alarm = alarm


class Kept(msgspec.Struct, frozen=True):
    """A checkpoint as it is kept, a line each; with the hub's signature it is a further line."""

    note: str
    before: int = 0
    "Size of the checkpoint before."
    proof: tuple[bytes, ...] = ()
    "That this one only adds to it (RFC 6962 section 2.1.2)."

    @property
    def signed(self) -> Note:
        """The note. Raises `TrustError`."""
        return read_note(self.note.encode())

    @property
    def checkpoint(self) -> Checkpoint:
        """What it says. Raises `TrustError`."""
        return read_checkpoint(self.signed.text)

    @property
    def is_cosigned(self) -> bool:
        """Whether somebody has signed beside the appliance."""
        return len(self.signed.signatures) > 1

    def fields(self) -> dict[str, object]:
        """Return what a `CheckpointEvent` says."""
        return {
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "note": self.note,
            "before": self.before,
            "proof": [node.hex() for node in self.proof],
        }


def beside(log: Path) -> Path:
    """Return where the checkpoints of a log are kept: its writer may be another user."""
    return log.parent / FOLDER / f"{log.name}.jsonl"


def keys_of(log: Path) -> bytes:
    """Return whose signatures are kept, a line each: `appliance KEY`, `hub KEY`."""
    path = beside(log).with_suffix(".keys")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal


def read_kept(path: Path) -> list[Kept]:
    """Return the checkpoints of a file, oldest first; a torn line is none. Raises `InputError`."""
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal
    found = []
    for line in octets.split(b"\n"):
        try:
            kept = msgspec.json.decode(line, type=Kept)
            kept.checkpoint  # noqa: B018 - reads it
        except (msgspec.MsgspecError, TrustError):
            continue
        found.append(kept)
    return found


def covering(kept: Sequence[Kept], leaf: int) -> Kept | None:
    """Return the newest checkpoint over a leaf, one that the hub has signed before all others."""
    found = [each for each in kept if each.checkpoint.size > leaf]
    return max(found, key=lambda each: (each.is_cosigned, each.checkpoint.size), default=None)


class Signer:
    """Signs one log. Reads and writes files: to be called beside the loop, one call at a time."""

    def __init__(self, log: Path, key: SigningKey, hub: VerifierKey | None = None) -> None:
        """Sign the log of a folder; its origin is the name of the key. Raises `InputError`."""
        self.hub = hub
        "Whose signature is kept; none is while it is not known."
        self._log = log
        self._key = key
        path = beside(log)
        kept = read_kept(path)
        self._is_settled = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # a full disk: it stays long
                if len(kept) > 2 * KEPT:
                    kept = _shorter(kept)
                    replace(path, b"".join(msgspec.json.encode(each) + b"\n" for each in kept))
            self._file = Appended(path)
        except OSError as refusal:
            raise InputError(f"{path}: {refusal.strerror}") from refusal
        with suppress(OSError):  # a full disk: before the next is signed
            self._settle()
        self._pending = {each.checkpoint.size: each for each in kept}
        self._signed = max((each.checkpoint for each in kept), key=_size, default=None)
        self.cosigned = max((each.checkpoint.size for each in kept if each.is_cosigned), default=0)
        "Leaves that the hub has signed for."
        self._forget()
        self._owed = self._pending.get(self._signed.size) if self._signed else None
        self._tree: Frontier | None = None
        self._refusal: LogChanged | None = None
        self._since_s: float | None = None

    def sign(self, now_s: float) -> Mapping[str, object] | None:
        """Return the fields of a `CheckpointEvent` if one is due at `now_s`, a clock that rises.

        The last one of an earlier life is returned once more if the hub has not signed it. Raises
        `LogChanged`, with every call while it is so, and `InputError` if the disk refuses.
        """
        tree = self._checked()
        if self._owed is not None:
            owed, self._owed = self._owed, None
            return owed.fields()
        if not self._is_due(self._count() - tree.size, now_s):
            return None
        return self._sign_over(tree).fields()

    def check(self) -> None:
        """See once more that all that was signed is still there. Raises `LogChanged`."""
        self._tree = self._refusal = None
        self._checked()

    def countersign(self, size: int, line: str) -> str:
        """Keep the hub's signature under the checkpoint of a size; returns why not, if not."""
        kept = self._pending.get(size)
        if kept is None:
            return "" if size <= self.cosigned else f"no checkpoint of size {size} was signed"
        if self.hub is None:
            return "the hub's key is not known"
        try:
            note = read_note(kept.note.encode())
            cosigned = Note(note.text, (*note.signatures, read_signature(line)))
            if self.hub.signed(cosigned) is None:
                return f"the signature is not of {self.hub.name}"
            self._keep(Kept(str(cosigned), kept.before, kept.proof))
        except (TrustError, InputError) as refusal:
            return str(refusal)
        self.cosigned = size
        self._forget()
        return ""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _checked(self) -> Frontier:
        """Return the tree as it was last signed, once it is seen that the log still has it."""
        if self._refusal is not None:
            raise self._refusal
        signed, count = self._signed, self._count()
        if signed is not None and count < signed.size:
            self._tree = None  # should it grow again, all of it is looked at
            why = f"{self._log}: {count} leaves, and {signed.size} were signed"
            raise LogChanged(Alarm.SHRANK, why)
        if self._tree is None:
            self._tree = Frontier()
            if signed is not None:
                self._tree.extend(read_leaves(self._log)[: signed.size * WIDTH])
                if self._tree.root() != signed.root:
                    why = f"{self._log}: one of {signed.size} leaves was changed"
                    self._refusal = LogChanged(Alarm.CHANGED, why)
                    raise self._refusal
        return self._tree

    def _count(self) -> int:
        try:
            return (self._log / LEAVES).stat().st_size // WIDTH
        except OSError:  # its writer has not begun
            return 0

    def _is_due(self, more: int, now_s: float) -> bool:
        if not more:
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = now_s
        return more >= EVERY_LEAVES or now_s - self._since_s >= EVERY_S

    def _sign_over(self, tree: Frontier) -> Kept:
        """Sign the log as it is now, on disk before this returns."""
        leaves = read_leaves(self._log, tree.size)
        grown = tree.copy()
        grown.extend(leaves)
        proof = consistency(tree.grown(leaves), tree.size, grown.size)
        checkpoint = Checkpoint(self._key.name, grown.size, grown.root())
        text = checkpoint.text()
        kept = Kept(str(Note(text, (self._key.sign(text),))), tree.size, proof)
        self._keep(kept)
        self._pending[checkpoint.size] = kept
        while len(self._pending) > KEPT:
            del self._pending[next(iter(self._pending))]
        self._tree, self._signed, self._since_s = grown, checkpoint, None
        return kept

    def _settle(self) -> None:
        """Have the last line whole, and the keys beside the file. Raises `OSError`."""
        self._file.end_line()
        keys = _keys(self._key, self.hub)
        if keys_of(self._log) != keys:
            replace(self._file.path.with_suffix(".keys"), keys)
        self._is_settled = True

    def _keep(self, kept: Kept) -> None:
        try:
            if not self._is_settled:
                self._settle()
            self._file.append(msgspec.json.encode(kept) + b"\n")
            self._file.sync()
        except OSError as refusal:
            raise InputError(f"{self._file.path}: {refusal.strerror}") from refusal

    def _forget(self) -> None:
        """Wait no more for signatures that a later one covers."""
        for size in [size for size in self._pending if size <= self.cosigned]:
            del self._pending[size]


def _shorter(kept: Sequence[Kept]) -> list[Kept]:
    """Return the newest, and the last before them that the hub has signed."""
    earlier = [each for each in kept[:-KEPT] if each.is_cosigned]
    return [*earlier[-1:], *kept[-KEPT:]]


def _size(checkpoint: Checkpoint) -> int:
    return checkpoint.size


def _keys(key: SigningKey, hub: VerifierKey | None) -> bytes:
    known = f"appliance {key.verifier()}\n"
    return (known + f"hub {hub}\n" if hub else known).encode()
