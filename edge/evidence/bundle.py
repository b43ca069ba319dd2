# SPDX-License-Identifier: Apache-2.0
"""Everything that stands for a call, in one file that is checked without this appliance.

    evidence/README.txt             how to check it by hand
    evidence/SHA256SUMS
    evidence/checkpoint.txt         the signed note over the log
    evidence/keys.txt               whose signatures these are, as the appliance says
    evidence/certificate.pem        of the appliance, if it has one
    evidence/RECORD/record.json     the record, octet by octet
    evidence/RECORD/frames.pcapng   what was heard
    evidence/RECORD/reasons.txt     the record for people
    evidence/RECORD/proof.txt       the way from the record to the root in the checkpoint

The archive (tar, POSIX 1003.1-1988) is made of the files alone: the same files, the same octets.
"""

import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.errors import InputError
from edge.evidence.checkpoint import Kept, beside, covering, keys_of, read_kept
from edge.evidence.merkle import WIDTH, inclusion, leaf_hash, sides
from edge.evidence.readme import README
from edge.evidence.shelf import Line, capture_of, find, read_leaves

RECORD, FRAMES, REASONS, PROOF = "record.json", "frames.pcapng", "reasons.txt", "proof.txt"
SUMS, NOTE, KEYS, CERTIFICATE, HELP = (
    "SHA256SUMS", "checkpoint.txt", "keys.txt", "certificate.pem", "README.txt",
)  # fmt: skip

TOP = "evidence"
MOST_OCTETS = 256 << 20
"Of a bundle: a call has a handful of frames."

NAME = re.compile(r"[0-9a-z][0-9a-z-]{0,60}")
"A record's id, as the name of a folder."

_BLOCK = 512
_SIZE = slice(124, 136)
"Octets of a tar header that say how long the file is."

Files = Mapping[str, bytes]


class Bundle(NamedTuple):
    """What is handed out."""

    files: Files
    records: tuple[str, ...]
    size: int
    "Of the checkpoint; 0 if none covers the records."
    is_cosigned: bool


class Proof(msgspec.Struct, frozen=True):
    """The way from a leaf to the root."""

    leaf: int
    size: int
    hashes: tuple[bytes, ...]

    def text(self) -> str:
        """Return it as it is written: on which side each hash stands, the lowest first."""
        steps = zip(sides(self.leaf, self.size), self.hashes, strict=False)
        lines = "".join(f"{side} {node.hex()}\n" for side, node in steps)
        return f"leaf {self.leaf}\nsize {self.size}\n{lines}"


def export(
    log: Path, call: str, complain: Callable[[str], object], *, without_proof: bool = False
) -> Bundle:
    """Return the bundle of a call, by Call-ID or record id. Raises `InputError`.

    A call whose newest record no checkpoint covers yet is refused, but for `without_proof`.
    """
    found = list(find(log, call, complain))
    if not found:
        raise InputError(f"no record of {call} in {log}; calls let through leave none")
    kept = covering(read_kept(beside(log)), max(record["leaf"] for _, record in found))
    if kept is None and not without_proof:
        raise InputError(
            f"no checkpoint covers the record of {call} yet; one is signed within a minute"
        )
    leaves = read_leaves(log)
    files = dict(_shared(log, kept))
    for line, record in found:
        name = str(record["id"])
        if NAME.fullmatch(name) is None:
            raise InputError(f"{line.path}:{line.number}: {name!r} is no id of a record")
        files |= {f"{name}/{file}": octets for file, octets in _own(line, record)}
        if kept is not None:
            files[f"{name}/{PROOF}"] = _proof(line, record, kept, leaves)
    files[SUMS] = sums(files)
    size = kept.checkpoint.size if kept else 0
    names = tuple(str(record["id"]) for _, record in found)
    return Bundle(files, names, size, is_cosigned=kept is not None and kept.is_cosigned)


def _shared(log: Path, kept: Kept | None) -> Iterator[tuple[str, bytes]]:
    """Yield the files that all records have in common."""
    yield HELP, README.encode()
    yield KEYS, keys_of(log)
    if kept is not None:
        yield NOTE, kept.note.encode()
    certificate = log.parent / "identity" / CERTIFICATE
    try:
        yield CERTIFICATE, certificate.read_bytes()
    except FileNotFoundError:
        return
    except OSError as refusal:
        raise InputError(f"{certificate}: {refusal.strerror}") from refusal


def _own(line: Line, record: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one record."""
    yield RECORD, line.octets
    yield REASONS, reasons(record)
    if capture := capture_of(record):
        octets = capture.read(line.path.parent)
        if sha256(octets).hexdigest() != capture.sha256:
            raise InputError(f"{line.path.parent / capture.file}: the frames were changed")
        yield FRAMES, octets


def _proof(line: Line, record: Mapping[str, Any], kept: Kept, leaves: bytes) -> bytes:
    leaf, size = record["leaf"], kept.checkpoint.size
    if leaf_hash(line.octets) != leaves[leaf * WIDTH : leaf * WIDTH + WIDTH]:
        raise InputError(f"{line.path}:{line.number}: the record is not what it was when signed")
    if len(leaves) < size * WIDTH:
        raise InputError(f"{line.path.parent.parent}: leaves that were signed are gone")
    return Proof(leaf, size, inclusion(leaves, leaf, size)).text().encode()


def reasons(record: Mapping[str, Any]) -> bytes:
    """Return a record for people."""
    lines = [f"Record {record['id']}, leaf {record['leaf']} of the log"]
    clock = record.get("clock")
    if "frame" in record:
        lines.append(f"Heard as frame {record['frame']} of tap {record.get('tap')}")
    if isinstance(clock, dict):
        source, digits = clock.get("source"), clock.get("digits")
        lines.append(f"Its time is by the clock of: {source}; {digits} digits of a second count")
    return "\n".join([*lines, "", str(record["text"])]).encode(errors="replace")


def sums(files: Files) -> bytes:
    """Return what `sha256sum` prints of all files but itself."""
    names = sorted(set(files) - {SUMS})
    return "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in names).encode()


def pack(files: Files) -> bytes:
    """Return the archive."""
    pieces = []
    for name in sorted(files):
        octets = files[name]
        info = tarfile.TarInfo(f"{TOP}/{name}")
        info.size = len(octets)
        pieces += [info.tobuf(tarfile.USTAR_FORMAT), octets, bytes(-len(octets) % _BLOCK)]
    return b"".join([*pieces, bytes(2 * _BLOCK)])


def unpack(octets: bytes) -> dict[str, bytes]:
    """Return the files of an archive. Raises `InputError` for one that `pack` would not make."""
    files: dict[str, bytes] = {}
    at = 0
    while at + _BLOCK <= len(octets) and octets[at]:
        head = octets[at : at + _BLOCK]
        name = head[:100].rstrip(b"\0").decode(errors="replace")
        size = head[_SIZE].rstrip(b"\0 ")
        if not name.startswith(f"{TOP}/") or re.fullmatch(rb"[0-7]{1,11}", size) is None:
            raise InputError(f"the archive is broken at octet {at}")
        start = at + _BLOCK
        end = start + int(size, 8)
        files[name.removeprefix(f"{TOP}/")] = octets[start:end]
        at = end + -end % _BLOCK
    again = pack(files)
    if again != octets:
        both = zip(again, octets, strict=False)
        wrong = next((at for at, (a, b) in enumerate(both) if a != b), min(len(again), len(octets)))
        raise InputError(f"the archive holds at octet {wrong} what belongs to no file")
    return files


def read(path: Path) -> dict[str, bytes]:
    """Return the files of a bundle, archive or folder. Raises `InputError`."""
    try:
        if path.is_dir():
            return dict(_in_folder(path))
        if path.stat().st_size > MOST_OCTETS:
            raise InputError(f"{path}: longer than {MOST_OCTETS} octets")
        return unpack(path.read_bytes())
    except OSError as refusal:
        raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal


def _in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    left = MOST_OCTETS
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path}: is not a plain file")
        left -= path.stat().st_size
        if left < 0:
            raise InputError(f"{folder}: longer than {MOST_OCTETS} octets")
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def write_folder(files: Files, folder: Path) -> None:
    """Write the files into a new folder. Raises `InputError`."""
    try:
        folder.mkdir(parents=True)
        for name, octets in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(octets)
    except OSError as refusal:
        raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal


def records_in(files: Files) -> Sequence[str]:
    """Return the records of a bundle."""
    return sorted({name.partition("/")[0] for name in files if "/" in name})
