# SPDX-License-Identifier: Apache-2.0
"""The latest lines that the box's processes logged, out of systemd's journal, which is only read.

`journalctl` is called with words of ours alone: who looks chooses among the names of a table. What
it prints is bounded in time, lines and octets, and whatever stands there is text of one line.
"""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock, Timer
from typing import Final, NamedTuple

import msgspec

UNITS: Final = {
    "core": ("qalqan-core.service",),
    "uplink": ("qalqan-uplink.service",),
    "page": ("qalqan-page.service",),
    "health": ("qalqan-health.service", "qalqan-fallback.service"),
    "update": ("rauc.service",),
}
"Whose lines are shown, and under which units they are logged."
LEVELS: Final = ("info", "warning", "error")
"The least first."
MOST_LINES = 200
"Shown."
MOST_READ = 2000
"Of all levels; what is shown is chosen among these."
MOST_OCTETS = 8 << 20
"Of what is printed; the newest come first."
MOST_TEXT = 1000
"Characters of a line."
PATIENCE_S = 5.0
FRESH_S = 5.0
"What was read is shown for so long, whoever asks."
PROGRAM = "journalctl"

PROCESSES: Final = {unit: process for process, units in UNITS.items() for unit in units}
WHOSE = ("UNIT", "_SYSTEMD_UNIT")
"Fields that name a unit: the one that systemd speaks of, else the one that speaks."
FIELDS = ("MESSAGE", "PRIORITY", "_TRANSPORT", *WHOSE)
ERROR, WARNING = 3, 4
"Priorities of syslog (RFC 5424 section 6.2.1) up to which a line is called so."
SAID = {"critical": "error", "error": "error", "warning": "warning"}
"Levels of our own log; all others are `info`."
OF_OURS = frozenset({"at", "event", "level"})
"Keys of a line of our own log that are shown at their own place."


class Line(NamedTuple):
    """A line."""

    at_s: float
    process: str
    level: str
    text: str


class Logs:
    """Asks the journal, not oftener than is needed, and one at a time."""

    def __init__(self, program: str = PROGRAM) -> None:
        """Ask with this program."""
        self._program = program
        self._lock = Lock()
        self._read: tuple[float, str, list[Line]] | None = None

    def lines(self, process: str, level: str, now_s: float) -> list[Line] | None:
        """Return lines of a process and of a level or above, the newest first.

        Args:
            process: Of `UNITS`; of all if it is none of them.
            level: Of `LEVELS`; `info` if it is none of them.
            now_s: The time that does not step.

        Returns:
            None where there is no journal, or nothing in it may be read.
        """
        process = process if process in UNITS else ""
        with self._lock:
            kept = self._read
            if not kept or kept[1] != process or not 0 <= now_s - kept[0] <= FRESH_S:
                kept = self._read = now_s, process, self._asked(process)
        wanted = LEVELS[LEVELS.index(level) if level in LEVELS else 0 :]
        found = [line for line in kept[2] if line.level in wanted]
        return found[:MOST_LINES] if kept[2] else None

    def _asked(self, process: str) -> list[Line]:
        try:
            printed = _printed(words_of(self._program, process))
        except OSError:
            return []
        return list(lines_of(printed))


def words_of(program: str, process: str) -> list[str]:
    """Return how the journal is asked for a process of `UNITS`; for all where none is named."""
    units = UNITS[process] if process else PROCESSES
    return [
        program, "--output=json", f"--output-fields={','.join(FIELDS)}", "--no-pager", "--quiet",
        "--reverse", f"--lines={MOST_READ}", *(f"--unit={unit}" for unit in units),
    ]  # fmt: skip


def _printed(words: list[str]) -> bytes:
    """Return what a program prints, at most `MOST_OCTETS`. Raises `OSError` if it is not there."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - our own words, no shell
        words, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet
    ) as asked:
        patience = Timer(PATIENCE_S, asked.kill)
        patience.start()
        try:
            printed = asked.stdout.read(MOST_OCTETS) if asked.stdout else b""
            if len(printed) == MOST_OCTETS:
                asked.kill()
            asked.wait()
        finally:
            patience.cancel()
    return printed


# What a line says -------------------------------------------------------------


def lines_of(printed: bytes) -> Iterator[Line]:
    """Yield the lines of an answer in JSON, one object a line; one that cannot be read is left."""
    for octets in printed.splitlines():
        with suppress(msgspec.MsgspecError, ValueError, OverflowError):
            yield _line(msgspec.json.decode(octets, type=dict[str, object]))


def _line(entry: dict[str, object]) -> Line:
    """Return a line of the journal (systemd.journal-fields(7)). Raises `ValueError`."""
    at_s = int(_text(entry.get("__REALTIME_TIMESTAMP"))) / 1e6
    named = (PROCESSES.get(_text(entry.get(field))) for field in WHOSE)
    process = next((name for name in named if name), "")
    message = _text(entry.get("MESSAGE"))
    try:
        ours = msgspec.json.decode(message, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return Line(at_s, process, _level(entry), _plain(message))
    level = SAID.get(str(ours.get("level")), "info")
    return Line(at_s, process, level, _plain(" ".join(_words(ours))))


def _text(value: object) -> str:
    """Return a field: text, octets that are none, the first of several; too long a one is null."""
    if isinstance(value, list):
        numbers = [one for one in value if isinstance(one, int)]
        if len(numbers) == len(value):
            return bytes(one & 0xFF for one in numbers).decode(errors="replace")
        return _text(value[0])
    return value if isinstance(value, str) else ""


def _level(entry: dict[str, object]) -> str:
    """Return the level of a line that is not of our own log.

    One of a process of ours that has another form is the trace of a failure: it is to be seen.
    """
    priority = _text(entry.get("PRIORITY"))
    number = int(priority) if priority.isdecimal() else WARNING + 1
    if number <= ERROR:
        return "error"
    is_ours = _text(entry.get("_SYSTEMD_UNIT")).startswith("qalqan-")
    is_trace = is_ours and entry.get("_TRANSPORT") == "stdout"
    return "warning" if number == WARNING or is_trace else "info"


def _words(ours: dict[str, object]) -> Iterator[str]:
    yield str(ours.get("event", ""))
    for name, value in ours.items():
        if name not in OF_OURS:
            shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"{name}={shown}"


def _plain(text: str) -> str:
    """Return a text as one line, without what would act on who reads it."""
    cut = text[:MOST_TEXT]
    return " ".join("".join(one if one.isprintable() else " " for one in cut).split())
