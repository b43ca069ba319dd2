# SPDX-License-Identifier: Apache-2.0
"""What GRUB is told at each start, and which slot it starts; pure, standard library only.

Two copies of one block of 1024 octets stand on the ESP as `qalqan/env.0` and `qalqan/env.1`, each a
GRUB environment block. `image/boot/grub.cfg` reads them by the same rule as this file: the newest
whole copy counts; of two as new, that with fewer tries left. A copy is whole if its words are in
range and its last line repeats those before it. The tries stand outside of that line: GRUB counts
them down and so changes a single octet: a write of GRUB cannot be torn.

| word      | meaning                                                                          |
|-----------|----------------------------------------------------------------------------------|
| `seq`     | raised by each change from Linux; eight digits                                   |
| `primary` | the slot that is tried first                                                     |
| `a`, `b`  | `good`: confirmed; `new`: started while it has tries left; `bad`: not started     |
| `last`    | the slot that was confirmed last: started when neither may be                    |
| `tries_*` | starts that an unconfirmed slot has left                                         |
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

Name = Literal["A", "B"]
State = Literal["good", "new", "bad"]

NAMES: tuple[Name, Name] = ("A", "B")
SIZE = 1024
"Octets of a block, as GRUB's own tools make it."
SIGNATURE = b"# GRUB Environment Block\n"
TRIES = 3
"Starts that a slot has to be confirmed in."
FIRST = 10_000_001
"The first `seq`: no leading zero, since GRUB reads one as octal."
SECTOR = 512
"All words stand within the first sector; what follows never changes."

_WHOLE = re.compile(
    r"[1-9][0-9]{7}\.[AB]\.(good|new|bad)\.(good|new|bad)\.[AB]\.[0-3]\.[0-3]", re.ASCII
)
_LINE = re.compile(rb"#[^\n]*|([^=]*)=((?:\\.|[^\\\n])*)[^\n]*", re.DOTALL)
"A comment, or a name and a value as GRUB takes them apart: a name may run over several lines."


@dataclass(frozen=True, slots=True)
class Slot:
    """What is known of a slot."""

    state: State
    tries: int = 0
    """Starts left, 0 to 3; counts only while the state is `new`."""

    @property
    def startable(self) -> bool:
        """Say whether it may be started."""
        return self.state == "good" or (self.state == "new" and self.tries > 0)


NEW = Slot("new", TRIES)
GOOD = Slot("good", TRIES)
BAD = Slot("bad", 0)


@dataclass(frozen=True, slots=True)
class Env:
    """The words of one copy."""

    seq: int
    primary: Name
    a: Slot
    b: Slot
    last: Name

    def slot(self, name: Name) -> Slot:
        """Return what is known of a slot."""
        return self.a if name == "A" else self.b

    def put(self, name: Name, slot: Slot) -> "Env":
        """Return the same with another slot in it."""
        return replace(self, a=slot) if name == "A" else replace(self, b=slot)


def is_name(text: str) -> bool:
    """Say whether a text names a slot."""
    return text in NAMES


def other(name: Name) -> Name:
    """Return the slot that is not this one."""
    return "B" if name == "A" else "A"


def fresh(running: Name) -> Env:
    """Return the words of a box just flashed: one slot good, the other empty."""
    return Env(FIRST, running, BAD, BAD, running).put(running, GOOD)


def unknown(running: Name) -> Env:
    """Return what is assumed when both copies are lost: each slot has its tries."""
    return Env(FIRST, running, NEW, NEW, running)


def block(words: Sequence[tuple[str, str]]) -> bytes:
    """Return a GRUB environment block of 1024 octets.

    Raises:
        ValueError: The words do not fit into the first sector.
    """
    text = SIGNATURE + b"".join(f"{name}={value}\n".encode() for name, value in words)
    if len(text) > SECTOR:
        raise ValueError(f"{len(text)} octets of words; at most {SECTOR} fit")
    return text.ljust(SIZE, b"#")


def encode(env: Env) -> bytes:
    """Return a copy as it is written."""
    start = (str(env.seq), env.primary, env.a.state, env.b.state, env.last)
    return block([
        *zip(("seq", "primary", "a", "b", "last"), start, strict=True),
        ("tries_a", str(env.a.tries)),
        ("tries_b", str(env.b.tries)),
        ("end", ".".join(start)),
    ])  # fmt: skip


def marker(build: int, args: str = "") -> bytes:
    """Return the `slot.env` of a boot slot: its age, and words for the kernel's command line.

    GRUB itself notes in it whether the slot was confirmed; it is asked when both copies are lost.

    Raises:
        ValueError: The build is no positive number, or the words do not fit.
    """
    if build < 1 or "\n" in args or "\\" in args:
        raise ValueError("a build is a positive number, the words are plain text of one line")
    return block([("build", str(build)), ("confirmed", "0"), *([("args", args)] if args else [])])


def words(octets: bytes) -> dict[str, str]:
    """Return what GRUB's load_env reads from a file: {} if it is no environment block."""
    if not octets.startswith(SIGNATURE):
        return {}
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in _pairs(octets, len(SIGNATURE))
    }


def _pairs(octets: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at < len(octets) and (line := _LINE.match(octets, at)):
        if line[1] is not None:
            yield line[1].split(b"\0")[0], _plain(line[2])
        at = line.end() + 1


def _plain(value: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", value, flags=re.DOTALL).split(b"\0")[0]


def decode(octets: bytes) -> Env | None:
    """Return the words of a copy; None if it is not whole."""
    found = words(octets)
    start = ".".join(found.get(name, "") for name in ("seq", "primary", "a", "b", "last"))
    tries = [found.get("tries_a", ""), found.get("tries_b", "")]
    if found.get("end") != start or not _WHOLE.fullmatch(".".join([start, *tries])):
        return None
    seq, primary, a, b, last = start.split(".")
    return Env(
        int(seq), cast("Name", primary), Slot(cast("State", a), int(tries[0])),
        Slot(cast("State", b), int(tries[1])), cast("Name", last),
    )  # fmt: skip


def newest(copies: Sequence[bytes]) -> tuple[int, Env] | None:
    """Return which copy counts, and its words; None if neither is whole."""
    whole = [(at, env) for at, env in enumerate(map(decode, copies)) if env is not None]
    return max(whole, key=lambda pair: (pair[1].seq, -_left(pair[1]), -pair[0]), default=None)


def _left(env: Env) -> int:
    """Return a number that is less in the copy of two alike that took the last count."""
    return 10 * env.a.tries + env.b.tries


def order(env: Env) -> list[Name]:
    """Return the slots in the order in which GRUB tries to start them."""
    wanted: tuple[Name, Name] = (env.primary, other(env.primary))
    ready = [name for name in wanted if env.slot(name).startable]
    resort: tuple[Name, Name] = (env.last, other(env.last))
    return ready + [name for name in resort if name not in ready]


def choose(env: Env) -> Name:
    """Return the slot that the next start is made with."""
    return order(env)[0]


def set_primary(env: Env, name: Name, running: Name | None) -> Env:
    """Return the words with another slot first.

    A slot that is not known to start has to be confirmed anew, however good it once was.
    """
    proven = env.slot(name).state == "good" and name in {env.primary, running}
    return replace(env if proven else env.put(name, NEW), primary=name)


def set_good(env: Env, name: Name) -> Env:
    """Return the words with a slot confirmed."""
    return replace(env.put(name, GOOD), last=name)


def set_bad(env: Env, name: Name, running: Name | None) -> Env:
    """Return the words with a slot given up: it failed, or is about to be overwritten."""
    rest = other(name)
    overwritten = running == rest
    leave = overwritten or env.slot(rest).state == "good"
    return replace(env.put(name, BAD), last=rest if leave and env.last == name else env.last)
