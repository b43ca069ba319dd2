# SPDX-License-Identifier: Apache-2.0
"""`qalqan replay`: the whole pipeline over captures, as if they were heard now."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from edge import config as config_file
from edge.cli import jsonlines
from edge.cli.board import Board
from edge.cli.capture import RawE1, TsRate, check_readable
from edge.cli.options import ConfigFile
from edge.decode.hdlc import FULL_RATE
from edge.errors import InputError
from edge.evidence.journal import Journal, is_evidence
from edge.intake.ear import Ear, ears_of, hear_all
from edge.judging import build_pipeline, pcap_part
from edge.model.event import TapBlind
from edge.model.message import Malformed
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding, Pipeline
from edge.process.service import Notifier
from edge.seen.tally import Tally
from edge.verdict.guardrail import Alarm

DEGRADED = 3


def replay(  # noqa: PLR0913 - options of a command
    files: Annotated[list[Path], typer.Argument(help="Captures: pcap, pcapng or e1cap.")],
    config: ConfigFile,
    *,
    speed: Annotated[
        float, typer.Option(min=0, max=1000, help="1: as it happened, 10: ten times, 0: at once.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    evidence: Annotated[
        Path | None, typer.Option(help="Folder for the evidence of every stopped call.")
    ] = None,
    raw_e1: RawE1 = False,
    ts_rate: TsRate = FULL_RATE,
) -> None:
    """Hear captures through the whole pipeline and show every call and its verdict.

    The captures take the place of all taps that the configuration names; trunks, lists and rules
    are those of the configuration. Nothing is told to any switch.
    Example: qalqan replay trunk.pcap --config edge.toml --speed 1
    """
    settings = config_file.load(config)
    check_readable(files)
    hand = ReplayHand(
        as_json=json, journal=Journal(evidence) if evidence else None, paced=speed > 0
    )
    pipeline = build_pipeline(settings, hand.alarm)
    name = next(iter(settings.tap), "replay")
    (ear,) = ears_of(
        {name: pcap_part(files, speed, ts_rate if raw_e1 else 0)},
        pipeline,
        hand.take,
        settings.trunk,
    )
    try:
        with hand:
            asyncio.run(hear_all([ear], Notifier({})))
    finally:  # a file that is no capture does not take away what was heard before it
        hand.close(pipeline, ear)
    if ear.lost:
        where = ", ".join(f"{cause}: {count}" for cause, count in ear.lost.items())
        raise InputError(f"not read to the end ({where}); `qalqan decode` says where")
    if hand.tally.malformed or hand.tally.blind:
        raise typer.Exit(DEGRADED)


class ReplayHand:
    """Shows and counts what comes of every unit, and keeps the evidence."""

    def __init__(self, *, as_json: bool, journal: Journal | None, paced: bool = False) -> None:
        """Print JSON lines, or draw the board."""
        self.tally = Tally()
        self._journal = journal
        self._json = as_json
        self._paced = paced
        self._board = None if as_json else Board(self.tally)

    def __enter__(self) -> None:
        """Begin to draw."""
        if self._board:
            self._board.start()

    def __exit__(self, *_: object) -> None:
        """Stop drawing, also after an error."""
        if self._board:
            self._board.stop()

    def take(self, unit: Unit, found: list[Finding]) -> None:
        """Take what came of one unit."""
        for finding in found:
            self.tally.count(finding)
            if isinstance(finding, Decided) and self._journal and is_evidence(finding.verdict):
                self._journal.keep(finding)
            if self._json:
                jsonlines.put(_line(unit, finding))
        if found and self._paced and self._json:
            jsonlines.flush()  # somebody looks at the pipe's other end
        if found and self._board:
            self._board.show(unit.at, found)

    def alarm(self, alarm: Alarm) -> None:
        """Take an alarm of the guardrail."""
        self.tally.alarm(alarm)
        if self._json:
            at = jsonlines.seconds(alarm.at)
            put = {"event": "alarm", "t": at, "name": alarm.name, "trunk": alarm.trunk}
            jsonlines.put({**put, "text": alarm.text})

    def close(self, pipeline: Pipeline, ear: Ear) -> None:
        """Print the summary, and say where the evidence lies."""
        if self._journal:
            self._journal.close()
        self.tally.end(pipeline, ear.lost)
        if self._board is None:
            jsonlines.put({"summary": self.tally.summary(self._journal)})
            return
        self._board.close(self._journal)


def _line(unit: Unit, finding: Finding) -> jsonlines.Line:
    if isinstance(finding, Malformed):
        return jsonlines.malformed_line(finding)
    if isinstance(finding, TapBlind):
        return jsonlines.blind_line(finding, unit.clock)
    if isinstance(finding, Decided):
        return jsonlines.verdict_line(finding.offer, finding.verdict, finding.took_ns)
    return jsonlines.event_line(finding, unit.clock)
