# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hour`: an hour under traffic and faults, judged. Needs root.

The report is left in `build/hour/`; Ctrl-C ends it early, with a report of what was until then.
Exit code 1: a promise was broken; 2: it could not begin.
"""

import json
import os
import platform
import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.errors import ConfigError
from hil.bench.measure import Place, Run
from hil.bench.report import write
from hil.hour.faults import FAULTS
from hil.hour.hour import Hour, Moment
from hil.hour.house import SIPP, house, unmount
from hil.hour.schedule import schedule
from hil.hour.verdict import verdict
from image.places import SOURCE

RESULT = SOURCE / "build" / "hour"
WORK = RESULT / "work"
OF_CALLS = frozenset({b"verdict", b"outcome"})
"Events of the log."
LOGS = ("core", "uplink", "page", "hub", "broker", "kamailio")


class Teller:
    """Says on a terminal, or for programs, how it stands."""

    def __init__(self, *, as_lines: bool) -> None:
        """Say it in lines of JSON, or for people."""
        self._console = Console(highlight=False)
        self._as_lines = as_lines

    def moment(self, one: Moment) -> None:
        """Say how it stands."""
        if self._as_lines:
            self._console.print(json.dumps(one._asdict()), soft_wrap=True, markup=False)
            return
        now = f"   {one.now.replace('_', ' ')}" if one.now else ""
        self._console.print(
            f"{one.at_s / 60:5.1f} min  {one.a_second:6.0f} calls/s  {one.calls:9} calls  "
            f"{one.refused:6} refused  core {one.memory_mb:6.1f} MB{now}", markup=False,
        )  # fmt: skip

    def end(self, run: Run, page: str) -> None:
        """Say what came of it."""
        if self._as_lines:
            facts = {"passed": run.passed, "report": page}
            self._console.print(json.dumps(facts), soft_wrap=True, markup=False)
            return
        for scenario, figure in run.figures():
            measure = figure.measure
            self._console.print(
                f"{figure.verdict:<7} {scenario.name:<16} {measure.name}: {figure.value:g} "
                f"{measure.unit} (limit {measure.limit:g})", soft_wrap=True, markup=False,
            )  # fmt: skip
        for scenario in run.scenarios:
            if scenario.outcome != "passed":
                self._console.print(
                    f"FAILED  {scenario.name}: {scenario.why}", soft_wrap=True, markup=False
                )
        self._console.print(f"{'It holds' if run.passed else 'IT DOES NOT HOLD'}: {page}")


def main(
    *,
    minutes: Annotated[float, typer.Option(min=1, max=1440, help="How long.")] = 60,
    rate: Annotated[float, typer.Option(min=SIPP + 1, max=5000, help="Calls a second.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the order of the faults.")] = 1,
    as_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Have an hour of traffic and faults, and judge it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell had it ignored
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.path.ismount(WORK / "box" / "state"):  # of a run that was killed
        unmount(WORK / "box" / "state")
    shutil.rmtree(RESULT, ignore_errors=True)
    WORK.mkdir(parents=True)
    teller, facts = Teller(as_lines=as_lines), _facts(minutes, rate, seed)
    run = Run(Place("hour", is_emulated=False, facts=facts))
    total_s = 60 * minutes
    slots = schedule({name: one.lasts_s for name, one in FAULTS.items()}, total_s, seed)
    try:
        with house(WORK, rate) as made:
            hour = Hour(made, slots, total_s, run, teller.moment)
            try:
                hour.go()
            except KeyboardInterrupt:
                facts = (*facts, ("ended early", f"after {hour.lasted_s / 60:.1f} minutes"))
                run.place = run.place._replace(facts=facts)
            hour.settle()
            verdict(hour, run, rate, seed)
            for name in LOGS:
                run.scenarios[0].attach(_calm(WORK / f"{name}.log"))
        page = write(run, RESULT)
    except ConfigError as wrong:
        sys.stderr.write(f"hour: {wrong}\n")
        raise typer.Exit(2) from wrong
    teller.end(run, str(page))
    shutil.rmtree(WORK, ignore_errors=True)
    if not run.passed:
        raise typer.Exit(1)


def _calm(log: Path) -> Path:
    """Return a log without what is said of each call: that is in the evidence, and long."""
    calm = log.with_name(f"calm-{log.name}")
    if log.exists():
        with log.open("rb") as told, calm.open("wb") as rest:
            rest.writelines(line for line in told if not OF_CALLS.intersection(line.split(b'"')))
    return calm


def _facts(minutes: float, rate: float, seed: int) -> tuple[tuple[str, str], ...]:
    machine = f"{os.cpu_count()} processors, {platform.machine()}, Linux {platform.release()}"
    return (
        ("machine", machine), ("Python", platform.python_version()),
        ("wanted", f"{minutes:g} minutes at {rate:g} calls a second"), ("seed", str(seed)),
    )  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
