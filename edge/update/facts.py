# SPDX-License-Identifier: Apache-2.0
"""Finds out how this box stands, for `edge.update.health` and for people: only reads and looks."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from edge import clock, counters
from edge.blocklist.store import Store, open_list
from edge.config import Config
from edge.counters import Declared
from edge.errors import ListError
from edge.moment import Moments
from edge.places import Places
from edge.seen.readings import Reading, read
from edge.update.health import Facts, Rules

ALIVE_S = 10.0
"A process that has not written its numbers for longer does not run."
HOUR_S = 3600
PROBE = ".probe"
PROBE_OCTETS = 4096
PATIENCE_S = 30.0
PATIENCE_FOR = {"rauc": 120.0}
"It asks the boot choice several times, each a program of its own: a minute on a slow machine."
NS = 1_000_000_000
OWN = "qalqan-health.service"
"Which does not ask about itself."

Run = Callable[..., str]
"Runs a program with words and returns what it printed. Raises `OSError` if it came to nothing."


def run(*words: str) -> str:
    """Run a program of the system. Raises `OSError` where it is not there, or failed."""
    patience_s = PATIENCE_FOR.get(words[0], PATIENCE_S)
    try:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            words, capture_output=True, text=True, timeout=patience_s, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise OSError(f"{words[0]} did not answer in {patience_s:.0f} s") from late
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout


def rules_of(config: Config) -> Rules:
    """Return by which rules this box confirms a version."""
    table = config.health
    return Rules(table.settle_s, table.deadline_s, table.without_hub == "grace", table.grace_s)


def expected_of(config: Config) -> tuple[str, ...]:
    """Return the processes that write their numbers; the page reads those of others."""
    return ("core", "uplink") if config.hub.brokers else ("core",)


def unreadable(why: str, folder: Path, run: Run = run) -> Facts:
    """Return how a box stands of which this version cannot read the configuration."""
    return Facts(config=why, disk=disk(folder), failed=failed(run))


class Collector:
    """Looks at a box."""

    def __init__(
        self, config: Config, places: Places, *, run: Run = run, moments: Moments | None = None
    ) -> None:
        """Look at the box of this configuration; `run` asks systemd."""
        self._config = config
        self._places = places
        self._run = run
        self._moments = moments or Moments()
        self._lists: dict[str, tuple[object, str]] = {}
        "By name: which file was read to its end, and what was wrong with it."
        self._before = hub_before(places.acked)

    def readings(self) -> dict[str, Reading]:
        """Return the numbers of the processes that run."""
        found = read(self._places.run)
        return {
            name: one for name, one in found.items() if 0 <= one.age_s(self._moments) <= ALIVE_S
        }

    def facts(self) -> Facts:
        """Return how the box stands now."""
        config, readings = self._config, self.readings()
        core, uplink = readings.get("core"), readings.get("uplink")
        up = labelled(core, counters.PART_UP)
        online = bool(labelled(uplink, counters.HUB_ONLINE).get("", 0))
        return Facts(
            expected=expected_of(config),
            pids={name: one.pid for name, one in readings.items()},
            taps={name: bool(up.get(name)) for name in config.tap},
            lists={name: self._list(name, core) for name in config.hub.lists},
            hub=online if config.hub.brokers else None,
            hub_before=self._before,
            disk=disk(self._places.update),
            failed=failed(self._run),
        )

    def _list(self, name: str, core: Reading | None) -> str:
        """Return what is wrong with a list; one that did not change is not read again."""
        store = Store(self._places.lists, name)
        try:
            stat = store.current.stat()
        except OSError:
            return "there is none yet"
        stamp = (stat.st_ino, stat.st_mtime_ns)
        if self._lists.get(name, (None,))[0] != stamp:
            self._lists[name] = stamp, whole(store)
        loaded = name in labelled(core, counters.LIST_ENTRIES)
        return self._lists[name][1] or "core has not loaded it" * (not loaded)


def whole(store: Store) -> str:
    """Return what is wrong with the octets of a list; empty if they are as they were written."""
    try:
        open_list(store.current).verify()
    except ListError as error:
        return str(error)
    return ""


def labelled(reading: Reading | None, declared: Declared) -> Mapping[str, float]:
    """Return the values of a number by its first label; under an empty one where it has none."""
    if reading is None:
        return {}
    own = (one for one in reading.series() if one.declared is declared)
    return {(one.labels or ("",))[0]: one.values[0] for one in own}


def hub_before(acked: Path) -> bool:
    """Whether the hub has acknowledged something within the hour before the machine started."""
    try:
        at_ns = acked.stat().st_mtime_ns
    except OSError:
        return False
    started_ns = clock.now_ns() - clock.boot_ns()
    return at_ns >= started_ns - HOUR_S * NS


def disk(folder: Path) -> str:
    """Return why a folder takes no file; empty where one was written, synced and read back."""
    path = folder / PROBE
    octets = os.urandom(PROBE_OCTETS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            out.write(octets)
            out.flush()
            os.fsync(out.fileno())
        back = path.read_bytes()
        path.unlink()
    except OSError as refusal:
        return refusal.strerror or str(refusal)
    return "" if back == octets else "it returns other octets than were written"


def failed(run: Run) -> tuple[str, ...] | None:
    """Return the units that have failed; None if systemd cannot be asked."""
    words = ("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager")
    try:
        lines = run(*words).splitlines()
    except OSError:
        return None
    names = [line.split()[0] for line in lines if line.strip()]
    return tuple(name for name in names if name != OWN)
