# SPDX-License-Identifier: Apache-2.0
"""What `core` counts for others to watch: findings as they come, the rest as it stands."""

import os
from collections.abc import Sequence
from contextlib import suppress

from edge import counters
from edge.counting import Numbers
from edge.enforce.post import Post
from edge.evidence.journal import Journal
from edge.intake.ear import Ear
from edge.intake.gatehouse import Gatehouse
from edge.lists import ListWatch
from edge.model.event import CallEnd, CallOffered, CallReleased, TapBlind
from edge.model.message import Malformed
from edge.model.outcome import Outcome
from edge.origin.suspects import Suspects
from edge.pipeline import Decided, Finding, Pipeline
from edge.stopping import Stopping
from edge.verdict.guardrail import Alarm

GIVEN_UP = {end.value for end in CallEnd} - {CallEnd.SIGNALLED.value}
"Causes of a release that nobody signalled."


class Counted:
    """Findings, as they come."""

    def __init__(self, numbers: Numbers) -> None:
        """Count into `numbers`."""
        self._offered = numbers[counters.CALLS_OFFERED]
        self._calls = numbers[counters.CALLS]
        self._verdicts = numbers[counters.VERDICTS]
        self._took = numbers[counters.VERDICT_SECONDS].of()
        self._malformed = numbers[counters.MALFORMED]
        self._lost = numbers[counters.UNITS_LOST]
        self._alarms = numbers[counters.ALARMS]
        self._outcomes = numbers[counters.OUTCOMES]
        self._stopped = numbers[counters.STOP_SECONDS].of()

    def take(self, finding: Finding) -> None:
        """Count a finding."""
        if isinstance(finding, Decided):
            verdict, trunk = finding.verdict, finding.offer.trunk.name
            labels = verdict.action.value, verdict.wanted.value, verdict.rule, trunk
            self._verdicts[labels].value += 1
            self._took.observe(finding.took_ns / 1e9)
        elif isinstance(finding, CallOffered):
            self._offered[finding.trunk.name,].value += 1
        elif isinstance(finding, CallReleased):
            ended = "answered" if finding.answered else "unanswered"
            self._calls["forgotten" if finding.cause in GIVEN_UP else ended,].value += 1
        elif isinstance(finding, Malformed):
            self._malformed[finding.layer,].value += 1
        elif isinstance(finding, TapBlind):
            self._lost[finding.tap, finding.cause].value += finding.lost

    def outcome(self, outcome: Outcome) -> None:
        """Count what became of a call that was to be stopped."""
        self._outcomes[outcome.result.value, outcome.trunk].value += 1
        if outcome.is_stop and outcome.after_ns:
            self._stopped.observe(outcome.after_ns / 1e9)

    def alarm(self, alarm: Alarm) -> None:
        """Count an alarm."""
        self._alarms[alarm.name, alarm.trunk].value += 1


class StopFigures:
    """How those who stop calls stand, looked at once a second."""

    def __init__(
        self, numbers: Numbers, stopping: Stopping, parts: Sequence[Gatehouse | Post]
    ) -> None:
        """Look at what these count."""
        self._stopping = stopping
        self._gates = [part for part in parts if isinstance(part, Gatehouse)]
        self._parts = [part.part for part in parts]
        self._orders = numbers[counters.ORDERS]
        self._pending = numbers[counters.STOPS_PENDING].of()
        self._gate = numbers[counters.GATE]
        self._up = numbers[counters.PART_UP]
        self._restarts = numbers[counters.PART_RESTARTS]

    def look(self) -> None:
        """Take over how they stand."""
        for what, count in self._stopping.counts.items():
            self._orders[what,].value = count
        self._pending.value = self._stopping.pending
        for gate in self._gates:
            for what, count in gate.counts.items():
                self._gate[gate.name, what].value = count
        for part in self._parts:
            self._up[part.name,].value = int(not part.lost)
            self._restarts[part.name,].value = part.restarts


class CoreFigures:
    """How the parts of the process stand, looked at once a second."""

    def __init__(
        self, numbers: Numbers, pipeline: Pipeline, ears: Sequence[Ear], journal: Journal
    ) -> None:
        """Look at what these count."""
        self._pipeline = pipeline
        self._journal = journal
        self._units = [(ear, numbers[counters.UNITS].of(ear.name)) for ear in ears]
        self._became = numbers[counters.UNITS_BECAME]
        self._open = numbers[counters.PART_UP]
        self._up = numbers[counters.CALLS_UP].of()
        self._records = numbers[counters.EVIDENCE_RECORDS].of()
        self._lost = numbers[counters.EVIDENCE_LOST].of()
        self._free = numbers[counters.DISK_FREE].of()
        self._disk = numbers[counters.DISK].of()

    def look(self) -> None:
        """Take over how they stand."""
        for ear, cell in self._units:
            cell.value = ear.heard
            self._open[ear.name,].value = int(ear.is_open)
        for fate, count in self._pipeline.decoder.became.items():
            self._became[fate,].value = count
        self._up.value = self._pipeline.tracker.up
        self._records.value = self._journal.records
        self._lost.value = self._journal.lost
        with suppress(OSError):
            disk = os.statvfs(self._journal.folder)
            self._free.value = disk.f_bavail * disk.f_frsize
            self._disk.value = disk.f_blocks * disk.f_frsize


class DetectFigures:
    """Who was found to be behind calls, looked at once a second."""

    def __init__(self, numbers: Numbers, suspects: Suspects) -> None:
        """Look at what `suspects` counts."""
        self._suspects = suspects
        self._keys = numbers[counters.DETECT_KEYS].of()
        self._evicted = numbers[counters.DETECT_EVICTED].of()
        self._unknown = numbers[counters.DETECT_UNKNOWN].of()
        self._failed = numbers[counters.DETECT_FAILED].of()
        self._campaigns = numbers[counters.CAMPAIGNS].of()
        self._withdrawn = numbers[counters.CAMPAIGNS_WITHDRAWN].of()
        self._calls = numbers[counters.CAMPAIGN_CALLS].of()

    def look(self) -> None:
        """Take over how they stand."""
        suspects, detector = self._suspects, self._suspects.detector
        self._keys.value = len(detector.behaviour)
        self._evicted.value = detector.behaviour.evicted
        self._unknown.value = detector.behaviour.unknown
        self._failed.value = suspects.failed
        self._campaigns.value = len(detector.campaigns)
        self._withdrawn.value = detector.campaigns.withdrawn
        self._calls.value = suspects.touched


class LoadedFigures:
    """The lists that are asked, as they are held in memory."""

    def __init__(self, numbers: Numbers, watch: ListWatch) -> None:
        """Look at what `watch` has loaded."""
        self._watch = watch
        self._entries = numbers[counters.LIST_ENTRIES]

    def look(self) -> None:
        """Take over how they stand."""
        for name, entries in self._watch.entries().items():
            self._entries[name,].value = entries
