# SPDX-License-Identifier: Apache-2.0
"""Every promise of the project, the command that shows it, and whether it holds now.

    python -m tests.acceptance [WORD ...] [--list | --table | --go-on]
                                                            (`make acceptance ONLY=word`)

A promise holds if its command succeeds; one of `make bench` if no row of its table is short of its
target. All of them together take some four hours of a machine that does nothing else, so each is
written down when it was shown, with the commit it was shown at: `build/acceptance.json`, what its
command said in `build/acceptance`. The table has all of them, those that were never shown too.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from edge.clock import monotonic_s

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider"
LAST_LINES = 4
"Of what a command said, that are shown when it fails."


class Promise(NamedTuple):
    """What is promised, and what shows it."""

    name: str
    "As `ONLY` has it."
    says: str
    command: str
    "For bash, in the project's root."
    bench: str = ""
    "A pattern of the names of those rows of the table that show it."

    @property
    def in_a_line(self) -> str:
        """Return the command as people read it, and would type it."""
        return " ".join(self.command.replace(sys.executable, "python").split())


CLONE = """
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
git clone --quiet . "$folder/clone" && cd "$folder/clone"
make demo SPEED=2 && make test
"""

_SHOWN: tuple[Promise, ...] = (
    Promise("fresh", "a fresh clone: the two commands of the README", CLONE),
    Promise("decode", "every vector equals tshark, field by field",
            f"{PYTEST} tests/decode/test_oracle_sip.py"),
    Promise("fuzz", "100,000 random and mutated messages: no exception",
            f"{PYTEST} tests/decode/sip/test_fuzz.py tests/decode/test_e1_fuzz.py"),
    Promise("replay", "replay and live speed beside sngrep and tshark",
            "make bench", "replay|INVITE unit|live|tap alone"),
    Promise("balance", "sent = heard + lost, to the unit, in overload too",
            f"{PYTEST} tests/flows/test_balance.py"),
    Promise("heals", "a tap heals when its interface went and came",
            f"{PYTEST} tests/flows/test_live_capture.py"),
    Promise("soak", "ten minutes of 5,000 messages/s: memory is flat", "make soak"),
    Promise("e1", "a call of bits ends as its SIP twin",
            f"{PYTEST} tests/flows/test_e1_calls.py"),
    Promise("timeslots", "16 timeslots in under 15 % of a core; the deframer's ratio",
            "make bench", "HDLC|16 timeslot"),
    Promise("look-up", "the blocklist beside LMDB, SQLite and set; swap and delta",
            "make bench", "look-up|opening|private|worst|snapshot|memory to|delta"),
    Promise("tour", "make keys, write a list, sign twice, publish, apply, look up",
            f"{PYTEST} tests/blocklist/test_tour.py"),
    Promise("losses", "acknowledged and lost: nothing", "make losses"),
    Promise("kills", "kill -9 of every process, 200 times: nothing lost, nothing twice",
            "make kills"),
    Promise("uplink", "the uplink's speed", "make bench", "backlog|urgent"),
    Promise("ladders", "a call is stopped by Kamailio and by Asterisk, drawn",
            f"{PYTEST} tests/flows/test_stopping.py tests/flows/test_stopping_e1.py"),
    Promise("fail-open", "each fault, each way to stop: calls go through",
            f"{PYTEST} tests/flows/test_fail_open.py"),
    Promise("gate", "the gate beside Kamailio under the same load", "make bench", "SIP redirect"),
    Promise("cycle", "update, confirm, five bad versions, every cut point", "make cycle"),
    Promise("image", "two builds are one, and it boots to hearing", "make image-test"),
    Promise("rig", "all scenarios on the virtual place", "make hil"),
    Promise("hour", "an hour of 1,000 calls/s with all faults: flat, balanced, proved",
            "make hour"),
    Promise("eval", "honest calls touched, campaigns found, memory of ten days", "make eval"),
    Promise("device", "one device, 1,000 numbers, one fingerprint",
            f"{PYTEST} tests/detect/test_fingerprint.py"),
    Promise("dossier", "every line of a dossier is traced to a frame",
            f"{PYTEST} tests/flows/test_campaigns.py"),
    Promise("newcomer", "a newcomer learns why a call was stopped, and lifts the block",
            f"{PYTEST} tests/console/test_browser.py"),
)  # fmt: skip
NAMED = "|".join(one.bench for one in _SHOWN if one.bench)
LIMITS = Promise("limits", "all other rows of the table", "make bench", f"(?!{NAMED})")
PROMISES = (*_SHOWN, LIMITS)


class Result(msgspec.Struct):
    """What came of a promise."""

    name: str
    says: str
    command: str
    holds: bool
    seconds: float
    said: str
    "In a line: what was measured, or why it does not hold."
    commit: str = ""
    "What was checked out, `+` behind it if something was changed; empty if it is not known."


class Shown(NamedTuple):
    """How a command ended."""

    code: int
    seconds: float
    log: Path


def run(promise: Promise) -> Shown:
    """Run a command; what it says goes to a file of its own."""
    log = BUILD / "acceptance" / f"{promise.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    began_s = monotonic_s()
    with log.open("wb") as out:
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", promise.command], cwd=ROOT, stdout=out,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
            env={**os.environ, "QALQAN_REQUIRE_PEERS": "1"},
        )  # fmt: skip
    return Shown(ended.returncode, monotonic_s() - began_s, log)


def results(
    promises: Sequence[Promise],
    tell: Callable[[str], object],
    run: Callable[[Promise], Shown] = run,
) -> Iterator[Result]:
    """Show one promise after the other; a command that shows several is run once."""
    ran: dict[str, Shown] = {}
    for promise in promises:
        tell(f"{promise.name}: {promise.says} ...")
        commit = checked_out()
        shown = ran.get(promise.command) or run(promise)
        ran[promise.command] = shown
        yield _result(promise, shown, commit)


def checked_out() -> str:
    """Return what is checked out, `+` behind it if something was changed; empty without git."""

    def git(*words: str) -> str:
        asked = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return asked.stdout.strip() if asked.returncode == 0 else ""

    try:
        return git("rev-parse", "--short", "HEAD") + "+" * bool(git("status", "--porcelain"))
    except FileNotFoundError:
        return ""


class Book:
    """What was shown, and when: the newest of each promise, on disk as soon as it is known."""

    def __init__(self, path: Path) -> None:
        """Go on with what is written there."""
        self._path = path
        try:
            known = msgspec.json.decode(path.read_bytes(), type=list[Result])
        except (FileNotFoundError, msgspec.MsgspecError):  # none yet, or of another shape
            known = []
        self.found = {one.name: one for one in known}

    def take(self, result: Result) -> None:
        """Write a result down."""
        self.found[result.name] = result
        octets = msgspec.json.format(msgspec.json.encode([*self.found.values()]))
        fresh = self._path.with_suffix(".fresh")
        fresh.write_bytes(octets)
        fresh.replace(self._path)

    def holds(self, promise: Promise, commit: str) -> bool:
        """Whether a promise was shown to hold at a commit, with nothing changed since."""
        one = self.found.get(promise.name)
        clean = bool(commit) and not commit.endswith("+")
        return clean and one is not None and one.holds and one.commit == commit


def _result(promise: Promise, shown: Shown, commit: str) -> Result:
    holds, said = shown.code == 0, ""
    if not holds:
        said = " / ".join(_tail(shown.log)) or f"exit code {shown.code}"
    elif promise.bench:
        said = short_of(rows(), promise.bench)
        holds = not said
    return Result(
        promise.name, promise.says, promise.in_a_line, holds, round(shown.seconds, 1),
        said or next(iter(_tail(shown.log)[-1:]), ""), commit,
    )  # fmt: skip


def rows() -> list[dict[str, object]]:
    """Return the rows that `make bench` has left."""
    found: list[dict[str, object]] = json.loads((BUILD / "bench.json").read_text("utf-8"))
    return found


def short_of(rows: Sequence[dict[str, object]], names: str) -> str:
    """Return the rows whose names match that are short; empty if there are some and none is."""
    mine = [row for row in rows if re.match(names, str(row["name"]))]
    if not mine:
        return f"no row is named {names}"
    return "; ".join(
        f"{row['name']}: {row['value']} {row['unit']}, ratio {row['ratio']}, target {row['target']}"
        for row in mine if row["ok"] is False
    )  # fmt: skip


def _tail(log: Path) -> list[str]:
    """Return the last lines of a log, as a person would read them."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", log.read_text(encoding="utf-8", errors="replace"))
    return [line.strip() for line in text.splitlines() if line.strip()][-LAST_LINES:]


def table(promises: Sequence[Promise], found: Mapping[str, Result]) -> Table:
    """Return the table for people, a row for every promise."""
    made = Table(title="Promised, and shown", title_justify="left")
    for name in ("promise", "command", "minutes", "holds", "at", "what it said"):
        made.add_column(name, overflow="fold")
    for promise in promises:
        if one := found.get(promise.name):
            word = "[green]yes[/]" if one.holds else "[bold red]NO[/]"
            minutes, said = f"{one.seconds / 60:.1f}", _plain(one.said)
            made.add_row(one.says, _plain(one.command), minutes, word, one.commit, said)
        else:
            made.add_row(promise.says, _plain(promise.in_a_line), "", "[dim]not shown[/]", "", "")
    return made


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def main(words: Sequence[str]) -> int:
    """Show what is asked for, or all; return 0 if all of it holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("only", nargs="*", help="promises whose name has one of these words in it")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--list", action="store_true", help="show what there is, and run nothing")
    how.add_argument("--table", action="store_true", help="show what was found, and run nothing")
    how.add_argument("--go-on", action="store_true", help="leave out what holds at this commit")
    asked = parser.parse_args(words)
    chosen = [
        one for one in PROMISES
        if not asked.only or any(word in one.name for word in asked.only)
    ]  # fmt: skip
    if not chosen:
        parser.error(f"no promise is named so; there are {', '.join(p.name for p in PROMISES)}")
    console = Console(soft_wrap=False)
    if asked.list:
        for one in chosen:
            console.print(f"{one.name:10} {one.says}", highlight=False, markup=False)
        return 0
    BUILD.mkdir(exist_ok=True)
    book, commit = Book(BUILD / "acceptance.json"), checked_out()
    if not asked.table:
        left = [one for one in chosen if not (asked.go_on and book.holds(one, commit))]
        for found in results(left, lambda text: console.print(text, style="dim", markup=False)):
            book.take(found)
    console.print(table(PROMISES, book.found))
    shown = [book.found.get(one.name) for one in chosen]
    return 0 if all(one and one.holds for one in shown) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
