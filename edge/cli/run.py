# SPDX-License-Identifier: Apache-2.0
"""`qalqan run` and the processes it starts: the appliance at work."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import structlog
import typer
from msgspec import structs

from edge import config as config_file, log
from edge.children import run_children
from edge.cli.tally import Tally
from edge.config import Config
from edge.core import build
from edge.ear import Ear, ears_of, hear_all
from edge.errors import ConfigError, QalqanError
from edge.evidence.journal import Journal, is_evidence
from edge.model.event import TapBlind, shown
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding, Pipeline
from edge.service import Notifier
from edge.verdict.guardrail import Alarm

DEGRADED = 3

BUG = 70
"EX_SOFTWARE of sysexits(3): neither input nor usage was wrong."

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The appliance's TOML file.")]


def run(config: ConfigFile) -> None:
    """Run the appliance: all its processes, each started again if it dies.

    Ends when every tap has ended (captures do), or at Ctrl-C.

    Example: qalqan run --config edge.toml
    """
    _checked(config)
    code = asyncio.run(run_children(config))
    if code:
        raise typer.Exit(code)


def core(config: ConfigFile) -> None:
    """Run the process `core` alone: taps, verdicts, evidence. systemd and `run` call it."""
    log.set_up()
    settings = _checked(config)
    hand = CoreHand(Journal(settings.node.state_dir / "evidence"))
    pipeline, watch = build(settings, hand.alarm)
    ears = ears_of(settings.tap, pipeline, hand.take, settings.trunk)
    try:
        asyncio.run(hear_all(ears, Notifier(), watch))
    except QalqanError:
        raise
    except Exception as bug:
        # Unlike a wrong input, a bug is worth another try: the exit code tells them apart.
        structlog.get_logger("core").exception("bug", exc_info=bug)
        raise typer.Exit(BUG) from bug
    finally:
        hand.close(pipeline, ears)
    if any(ear.lost for ear in ears):
        raise typer.Exit(DEGRADED)


def _checked(config: Path) -> Config:
    settings = config_file.load(config)
    if not settings.tap:
        raise ConfigError(f"{config}: no tap to hear; add a table [tap.NAME] with a driver")
    return settings


class CoreHand:
    """Logs what was decided and keeps the evidence."""

    def __init__(self, journal: Journal) -> None:
        """Write evidence to `journal`."""
        self.tally = Tally()
        self._journal = journal
        self._log = structlog.get_logger("core")

    def take(self, unit: Unit, found: list[Finding]) -> None:  # noqa: ARG002 - shape of a Hand
        """Take what came of one unit."""
        for finding in found:
            self.tally.count(finding)
            if isinstance(finding, TapBlind):
                self._log.warning("tap blind", **structs.asdict(finding))
            if isinstance(finding, Decided) and is_evidence(finding.verdict):
                self._keep(finding)

    def _keep(self, decided: Decided) -> None:
        record = self._journal.keep(decided)
        offer, verdict = decided.offer, decided.verdict
        self._log.info(
            "verdict",
            action=verdict.action.value,
            wanted=verdict.wanted.value,
            rule=verdict.rule,
            trunk=offer.trunk.name,
            calling=shown(offer.calling.number),
            called=shown(offer.called.number),
            record=record,
        )

    def alarm(self, alarm: Alarm) -> None:
        """Take an alarm of the guardrail."""
        self.tally.alarm(alarm)
        self._log.warning("alarm", name=alarm.name, trunk=alarm.trunk, text=alarm.text)

    def close(self, pipeline: Pipeline, ears: Sequence[Ear]) -> None:
        """Log the balance of the run."""
        self._journal.close()
        self.tally.end(pipeline, sum((Counter(ear.lost) for ear in ears), Counter()))
        heard = {ear.name: ear.heard for ear in ears}
        self._log.info("ended", heard=heard, **self.tally.summary(self._journal))
