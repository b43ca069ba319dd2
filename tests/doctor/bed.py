# SPDX-License-Identifier: Apache-2.0
"""A box for the doctor to look at: files and numbers as processes would have left them."""

from collections.abc import Callable, Iterator
from pathlib import Path

from edge import config
from edge.counters import Counter, Gauge
from edge.counting import Numbers
from edge.doctor.finding import Finding
from edge.doctor.patient import Patient, patient_of
from edge.moment import Moments
from edge.seen.readings import Meter, Recorder

TOML = """
[node]
name = "bench"
state_dir = "{state}"
[tap.mirror]
driver = "memory"
[hub]
brokers = ["127.0.0.1:1883"]
"""


class Bed:
    """The box; `core` and `uplink` are there once they have said a number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = {"core": Numbers(), "uplink": Numbers()}
        self.more = ""
        self.toml = TOML
        self.synced = True
        self.systemd: Callable[..., str] = lambda *_words: ""

    def say(self, process: str, declared: Counter | Gauge, value: float, *labels: str) -> None:
        self.numbers[process][declared].of(*labels).value = value

    def patient(self, *processes: str) -> Patient:
        moments = Moments(synced=lambda: self.synced, once_synced=lambda: False)
        for name in processes:
            Recorder(self.folder / "run", Meter(name, self.numbers[name], moments)).write()
        text = self.toml.format(state=self.folder) + self.more
        found = patient_of(config.parse(text, self.folder / "edge.toml"), moments)
        return found._replace(run=self.systemd, sys=self.folder / "sys")


def lines(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    """Return check and level of each line; what is not well has a hint, and nothing else has."""
    found = list(findings)
    assert all(bool(one.hint) is (one.level.value != "ok") for one in found)
    return [(one.check, one.level.value) for one in found]
