# SPDX-License-Identifier: Apache-2.0
"""What is known of the trunks of a box from its files: modes, numbers, what was to be stopped.

For the command `qalqan trunk` and for the page; nothing here changes anything.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from edge.config import Config
from edge.errors import ConfigError, InputError
from edge.evidence.shelf import days, read_record
from edge.model.verdict import Mode
from edge.modes import is_stopped, read_modes
from edge.moment import Moments
from edge.places import places_of
from edge.seen.readings import read
from edge.seen.trunk_report import Report, Running, running

ALIVE_S = 5.0
"Since `core` wrote its numbers, which it does each second."

Complain = Callable[[str], object]


class Standing(NamedTuple):
    """A trunk as it is now."""

    trunk: str
    kind: str
    configured: Mode
    mode: Mode
    "In force."
    stopped_all: bool
    by: tuple[str, ...]
    "Who stops its calls: its enforcer, or its gates."
    running: Running | None

    def line(self) -> dict[str, object]:
        """Return it ready for JSON."""
        now = self.running
        return {
            "trunk": self.trunk,
            "class": self.kind,
            "configured": self.configured.value,
            "mode": self.mode.value,
            "stopped_all": self.stopped_all,
            "by": list(self.by),
            "calls": now.calls if now else None,
            "stopped": now.stopped if now else None,
        }


def standings(config: Config, complain: Complain) -> Iterator[Standing]:
    """Yield every trunk; `complain` is told of modes that cannot be read."""
    held, modes = bool(stopped_by(config)), modes_set(config, complain)
    for name, table in config.trunk.items():
        mode = Mode.OBSERVE if held else modes.get(name, table.mode)
        by = (table.enforcer,) if table.enforcer else tuple(table.gates)
        now = running_now(config, name)
        yield Standing(name, table.kind.value, table.mode, mode, held, by, now)


def reports(config: Config, names: Sequence[str], since_s: float) -> list[Report]:
    """Return a report of each trunk from one reading of the evidence. Raises `InputError`."""
    found = {name: Report(name, since_s) for name in names}
    for record in _records(places_of(config).evidence, since_s):
        one = found.get(str(record.get("trunk")))
        if one:
            one.add(record)
    return list(found.values())


def _records(evidence: Path, since_s: float) -> Iterator[dict[str, Any]]:
    """Yield the records of evidence of the days since a time; none where there is no evidence."""
    # A call is heard before it is kept: never on the day after.
    first = (datetime.fromtimestamp(since_s, UTC) - timedelta(days=1)).date().isoformat()
    for day in days(evidence):
        if day.name < first:
            continue
        for path in sorted(day.glob("*.jsonl")):
            try:
                with path.open("rb") as file:
                    yield from filter(None, map(read_record, file))
            except OSError as refusal:
                raise InputError(f"{path}: {refusal.strerror}") from refusal


def modes_set(config: Config, complain: Complain) -> dict[str, Mode]:
    """Return the modes that were set; those that cannot be read are said, and count as none."""
    try:
        return read_modes(places_of(config).modes)
    except ConfigError as error:
        complain(str(error))
        return dict.fromkeys(config.trunk, Mode.OBSERVE)


def stopped_by(config: Config) -> str:
    """Return what has all trunks only observed; empty if nothing has."""
    if config.enforce.stop:
        return "`stop` in the configuration"
    place = places_of(config).stop
    return str(place) if is_stopped(place) else ""


def running_now(config: Config, name: str) -> Running | None:
    """Return what `core` counts of a trunk, if it runs."""
    reading = read(places_of(config).run).get("core")
    if reading is None or reading.age_s(Moments()) > ALIVE_S:
        return None
    return running(name, reading.series())
