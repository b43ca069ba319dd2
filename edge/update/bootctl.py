# SPDX-License-Identifier: Apache-2.0
"""RAUC's hand on the boot choice: its interface of a custom bootloader, standard library only.

    bootctl get-primary | set-primary A|B | get-state A|B | set-state A|B good|bad | get-current
    bootctl mend                  write both copies anew if one of them is not whole or older
    bootctl show                  what is known, for people
    bootctl new A|B               a first copy, to stdout
    bootctl new-slot BUILD [ARGS] the slot.env of a boot slot, to stdout

A copy is overwritten in place and never made shorter: first the one that does not count, then,
after it has reached the medium, the other. At every instant one of them is whole.
"""

import fcntl
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from edge.update import bootenv, sectors
from edge.update.bootenv import Env, Name

FOLDER = Path("/efi/qalqan")
CMDLINE = Path("/proc/cmdline")
COPIES = ("env.0", "env.1")


class BootctlFailed(Exception):
    """The boot choice could not be read or written; says what to do."""


class Store:
    """The two copies."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder they are in."""
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other calls out until the block ends."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def read(self) -> list[bytes]:
        """Return both copies; what cannot be read is empty."""
        return [sectors.read(self.folder / name, bootenv.SIZE) for name in COPIES]

    def write(self, env: Env) -> None:
        """Put words in both copies, newer than what they hold.

        Raises:
            NotWritten: A copy was not taken by the medium; the other one is whole.
            OSError: The medium refuses.
        """
        found = bootenv.newest(self.read())
        stale, seq = (1 - found[0], found[1].seq + 1) if found else (0, env.seq)
        written = bootenv.encode(replace(env, seq=seq))
        for at in (stale, 1 - stale):
            sectors.overwrite(self.folder / COPIES[at], written)

    def alike(self) -> bool:
        """Say whether both copies say the same, and hold nothing else."""
        copies = self.read()
        found = bootenv.newest(copies)
        return found is not None and copies == [bootenv.encode(found[1])] * len(copies)


def running(cmdline: Path) -> Name | None:
    """Return the slot this system was started from; None if it was started by other means."""
    found = re.search(r"(?:^|\s)rauc\.slot=([AB])(?:\s|$)", cmdline.read_text())
    return cast("Name", found[1]) if found else None


class Bootctl:
    """The commands, each with its words as text."""

    def __init__(self, folder: Path = FOLDER, cmdline: Path = CMDLINE) -> None:
        """Remember where the copies and the kernel's command line are."""
        self.store = Store(folder)
        self.cmdline = cmdline

    def known(self) -> Env:
        """Return what is known now.

        Raises:
            BootctlFailed: Both copies are lost, and it is not known which slot runs.
        """
        found = bootenv.newest(self.store.read())
        if found:
            return found[1]
        now = running(self.cmdline)
        if now is None:
            raise BootctlFailed(
                f"{self.store.folder}: both copies are lost, and the kernel's command line has no "
                "rauc.slot=; start from a slot, or write them with 'bootctl new'"
            )
        return bootenv.unknown(now)

    def get_current(self) -> str:
        """Return the slot that runs."""
        now = running(self.cmdline)
        if now is None:
            raise BootctlFailed(f"{self.cmdline} has no rauc.slot=")
        return now

    def get_primary(self) -> str:
        """Return the slot the next start is made with."""
        return bootenv.choose(self.known())

    def get_state(self, name: str) -> str:
        """Return whether a slot may be started."""
        return "good" if self.known().slot(_name(name)).startable else "bad"

    def set_primary(self, name: str) -> None:
        """Put a slot first."""
        known = self.known()
        self._put(bootenv.set_primary(known, _name(name), running(self.cmdline)))

    def set_state(self, name: str, state: str) -> None:
        """Confirm a slot, or give it up."""
        slot, known = _name(name), self.known()
        if state == "good":
            self._put(bootenv.set_good(known, slot))
        elif state == "bad":
            self._put(bootenv.set_bad(known, slot, running(self.cmdline)))
        else:
            raise BootctlFailed(f"a state is good or bad, not {state!r}")

    def mend(self) -> None:
        """Have both copies whole and alike."""
        self._put(self.known())

    def show(self) -> str:
        """Return what is known, a line for each slot."""
        env, now = self.known(), running(self.cmdline)
        whole = ["whole" if bootenv.decode(octets) else "lost" for octets in self.store.read()]
        lines = [f"copies: {', '.join(whole)}; next start: {bootenv.choose(env)}"]
        for name in bootenv.NAMES:
            slot = env.slot(name)
            left = f", {slot.tries} tries left" if slot.state == "new" else ""
            lines.append(f"{name}: {slot.state}{left}{', runs' if name == now else ''}")
        return "\n".join(lines)

    def _put(self, env: Env) -> None:
        """Write only what is not there: a medium wears out."""
        if env != self.known() or not self.store.alike():
            self.store.write(env)


def _name(text: str) -> Name:
    if not bootenv.is_name(text):
        raise BootctlFailed(f"a slot is A or B, not {text!r}")
    return cast("Name", text)


def _new(name: str) -> bytes:
    return bootenv.encode(bootenv.fresh(_name(name)))


def _new_slot(build: str, *args: str) -> bytes:
    return bootenv.marker(int(build), " ".join(args))


def _say(answer: object) -> None:
    if isinstance(answer, bytes):
        sys.stdout.buffer.write(answer)
    elif answer is not None:
        sys.stdout.write(f"{answer}\n")


def main(arguments: Sequence[str] | None = None, bootctl: Bootctl | None = None) -> int:
    """Do one command; return 0 if it is done, 1 if it failed, 2 if there is no such command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    here = bootctl or Bootctl(Path(os.environ.get("QALQAN_BOOT_ENV", FOLDER)))
    commands: dict[tuple[str, int], Callable[..., object]] = {
        ("get-current", 0): here.get_current, ("get-primary", 0): here.get_primary,
        ("get-state", 1): here.get_state, ("set-primary", 1): here.set_primary,
        ("set-state", 2): here.set_state, ("mend", 0): here.mend, ("show", 0): here.show,
    }  # fmt: skip
    makers: dict[str, Callable[..., object]] = {"new": _new, "new-slot": _new_slot}
    verb, rest = (given[0], given[1:]) if given else ("", [])
    command = commands.get((verb, len(rest)))
    try:
        if command is not None:
            with here.store.locked():
                _say(command(*rest))
        elif verb in makers and rest:
            _say(makers[verb](*rest))
        else:
            sys.stderr.write(__doc__ or "")
            return 2
    except (BootctlFailed, sectors.NotWritten, OSError, ValueError) as why:
        sys.stderr.write(f"bootctl: {why}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
