# SPDX-License-Identifier: Apache-2.0
"""Brings the state folder forward for a new version, so that the old one can come back to it.

The folder has a version of its own, in `schema.json`. A step to the next one first copies what it
is about to change beside it, in `update/before-N/`; it is done and noted, or all is put back. When
an older program finds a folder that is too new for it, it puts those copies back, and keeps what
the newer one wrote in `update/after-N/`: nothing is thrown away.

A step says down to which version programs can still read what it leaves. One that only adds says
so, and nothing need be put back. Evidence and acts are never changed, only added to.
"""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace as replace_in

from edge.blocklist.store import put, replace, sync, sync_folder
from edge.errors import InputError

SCHEMA = "schema.json"
KEPT = "update"
SQLITE = b"SQLite format 3\0"


class Schema(msgspec.Struct, frozen=True):
    """What a state folder says of itself."""

    v: int = 1
    "Version of the folder."
    readable_by: int = 1
    "Least version of a program that can read it."
    moving: Literal["", "forward", "back"] = ""
    "Which way it was being brought; not empty if that was cut off. Copies are whole then."


class Step(NamedTuple):
    """How a folder of one version becomes one of the next."""

    name: str
    "What is changed, for people."
    files: tuple[str, ...]
    "Which files of the folder it changes, by their names in it."
    act: Callable[[Path], None]
    "Changes them. Raises whatever it likes: then nothing is changed."
    readable_by: int
    "Least version of a program that can still read what it leaves."


STEPS: tuple[Step, ...] = ()
"The first leads from version 1 to 2. There is none yet: all state is of the first version."


def own_schema(steps: Sequence[Step] = STEPS) -> Schema:
    """Return what a folder says that this program has brought to its own version."""
    return Schema(1 + len(steps), max((step.readable_by for step in steps), default=1))


def written(schema: Schema) -> bytes:
    """Return a note as it is written: the initial RAM disk compares octets (image/initrd/init)."""
    return msgspec.json.encode(schema) + b"\n"


def read_schema(state: Path) -> Schema:
    """Return of which version a folder is. Raises `InputError` for a damaged note."""
    path = state / SCHEMA
    try:
        return msgspec.json.decode(path.read_bytes(), type=Schema)
    except FileNotFoundError:
        return Schema()
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: {error}") from error


def migrate(state: Path, steps: Sequence[Step] = STEPS) -> list[str]:
    """Bring a folder to the version of this program; return what was done, for people.

    Raises `InputError` where a step failed, or a newer folder cannot be gone back from: then the
    folder is as it was. May be cut off at any point, and is begun again then.
    """
    own = 1 + len(steps)
    done: list[str] = []
    if read_schema(state).moving == "forward":
        done.append(_undo(state, read_schema(state)))
    while (schema := read_schema(state)).v < own:
        step = steps[schema.v - 1]
        _forward(state, schema, step)
        done.append(f"{schema.v} to {schema.v + 1}: {step.name}")
    while (schema := read_schema(state)).readable_by > own:
        done.append(_back(state, schema))
    return done


def _forward(state: Path, schema: Schema, step: Step) -> None:
    before = _folder(state, "before", schema.v)
    _copy(state, before, step.files)
    _note(state, replace_in(schema, moving="forward"))
    try:
        step.act(state)
    except Exception as error:
        _undo(state, schema)
        raise InputError(f"{step.name}: {error}; the state is as it was") from error
    for name in step.files:
        _sync(state / name)
    _note(state, Schema(schema.v + 1, max(schema.readable_by, step.readable_by)))


def _undo(state: Path, schema: Schema) -> str:
    """Put back what a step, this one or one that was cut off, has begun to change."""
    before = _folder(state, "before", schema.v)
    _put_back(state, before, _kept(before) or ())
    _note(state, replace_in(schema, moving=""))
    return f"{schema.v}: a step that was cut off was put back"


def _back(state: Path, schema: Schema) -> str:
    """Go one version back; return what was done."""
    version = schema.v - 1
    before, after = _folder(state, "before", version), _folder(state, "after", version)
    kept = _kept(before)
    if kept is None:
        raise InputError(f"{state}: of a newer version ({schema.v}), and no copy of before is kept")
    if not schema.moving:
        _copy(state, after, kept)
        _note(state, replace_in(schema, moving="back"))
    _put_back(state, before, kept)
    _note(state, msgspec.json.decode((before / SCHEMA).read_bytes(), type=Schema))
    return f"{schema.v} back to {version}: what the newer version wrote is kept in {after.name}"


def _folder(state: Path, when: str, version: int) -> Path:
    return state / KEPT / f"{when}-{version}"


def _kept(before: Path) -> tuple[str, ...] | None:
    """Return which files a copy is of; None if it is not whole."""
    with suppress(OSError, msgspec.MsgspecError):
        return tuple(msgspec.json.decode((before / "files.json").read_bytes(), type=list[str]))
    return None


def _copy(state: Path, into: Path, names: Sequence[str]) -> None:
    """Copy files as they are, with their owners; those that are not there are noted as well."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name in names:
        source, copy = state / name, into / name
        if source.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy_file(source, copy)
    note = state / SCHEMA
    replace(into / SCHEMA, note.read_bytes() if note.exists() else msgspec.json.encode(Schema()))
    replace(into / "files.json", msgspec.json.encode(list(names)))
    sync_folder(into.parent)


def _copy_file(source: Path, copy: Path) -> None:
    """Copy a file; of an SQLite file what is in its log too, which no plain copy would have."""
    with source.open("rb") as file:
        is_sqlite = file.read(len(SQLITE)) == SQLITE
    if is_sqlite:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        shutil.copystat(source, copy)
    else:
        shutil.copy2(source, copy)
    _as_owned(source, copy)
    _sync(copy)


def _put_back(state: Path, before: Path, names: Sequence[str]) -> None:
    """Have files be again as they were copied; those that were not there go."""
    for name in names:
        path, copy = state / name, before / name
        for end in ("-wal", "-shm"):  # of what is not there any more
            path.with_name(path.name + end).unlink(missing_ok=True)
        if copy.exists():
            fresh = path.with_name(path.name + ".back")
            shutil.copy2(copy, fresh)
            _as_owned(copy, fresh)
            put(fresh, path)
        else:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)


def _sync(path: Path) -> None:
    """Have a file on disk, and its name, before a note says so; nothing where there is none."""
    if path.exists():
        sync(path)
        sync_folder(path.parent)


def _as_owned(source: Path, copy: Path) -> None:
    """Give a copy to whom the file belongs, where we may."""
    owner = source.stat()
    with suppress(PermissionError):
        shutil.chown(copy, owner.st_uid, owner.st_gid)


def _note(state: Path, schema: Schema) -> None:
    replace(state / SCHEMA, written(schema))
    (state / SCHEMA).chmod(0o640)
