# SPDX-License-Identifier: Apache-2.0
"""*Box*: what the doctor finds, the software and its slot, the certificate, the latest log lines.

What the doctor must write or ask systemd for is left to `qalqan doctor` at the box: the page may
do neither.
"""

from threading import Lock
from typing import Any, NamedTuple

from starlette.responses import Response

from edge import counters
from edge.console import logs
from edge.console.certificate import Certificate, read_certificate
from edge.console.desk import Desk, Visit
from edge.console.serve import tls_of
from edge.doctor.finding import Finding, worst
from edge.doctor.patient import Patient, patient_of

FRESH_S = 15.0
"What was found is shown for so long, whoever asks."


class Doctor:
    """Asks the doctor, not oftener than is needed."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._lock = Lock()
        self._found: tuple[float, list[Finding]] | None = None

    def findings(self, desk: Desk) -> list[Finding]:
        """Return what was found a moment ago, or is now."""
        # What checks a certificate takes long to load, and only this page needs it.
        from edge.doctor.examine import SEEN, examine  # noqa: PLC0415 - as said above

        with self._lock:
            now_s = desk.now_s()
            if self._found is None or now_s - self._found[0] > FRESH_S:
                self._found = now_s, examine(patient_of(desk.config, desk.moments), SEEN)
            return self._found[1]


DOCTOR = Doctor()
LOGS = logs.Logs()


class Row(NamedTuple):
    """A finding, in the language of who asks."""

    check: str
    name: str
    "Of the part, the process, the list; empty where there is but one."
    level: str
    text: str
    error: str
    "What the machine said, in English; of which kind it is stands in the text."
    hint: str


def row_of(visit: Visit, finding: Finding) -> Row:
    """Return a finding as it is shown."""
    speech, (kind, _, name) = visit.speech, finding.check.partition(":")
    values, error = dict(finding.values), str(finding.values.get("why", ""))
    if error:
        values["why"] = speech.lack(error)
    told = (speech.told(one, values) for one in (finding.seen, finding.mended))
    text, error, hint = map(visit.shown, (next(told), error, next(told)))
    return Row(speech.word("check", kind), name, finding.level.value, text, error, hint)


def hub_certificate(desk: Desk, patient: Patient) -> Certificate | None:
    """Return the one towards the hub, as far as `uplink` tells: its file is not for the page."""
    ends_s = int(patient.value(counters.CERTIFICATE_END))
    return Certificate(desk.config.node.name, (), "", ends_s) if ends_s else None


def page_certificate(desk: Desk) -> Certificate | None:
    """Return the one by which browsers know this page, as its file is now."""
    tls = tls_of(desk.config.page)
    return read_certificate(tls.certificate) if tls else None


class Log(NamedTuple):
    """The latest lines of the log, and what was asked for."""

    process: str
    "Empty for all."
    level: str
    processes: tuple[str, ...]
    levels: tuple[str, ...]
    lines: list[logs.Line] | None
    "None where there is no journal."


def log_of(visit: Visit) -> Log:
    """Return the lines that were asked for, as they may see them."""
    process, level = (visit.asked(name, 20) for name in ("process", "level"))
    found = LOGS.lines(process, level, visit.desk.now_s())
    shown = (
        [one._replace(text=visit.shown(one.text)) for one in found] if found is not None else None
    )
    return Log(
        process if process in logs.UNITS else "", level if level in logs.LEVELS else logs.LEVELS[0],
        tuple(logs.UNITS), logs.LEVELS, shown,
    )  # fmt: skip


def show(visit: Visit) -> Response:
    """Show how the box stands."""
    from edge.update.state import Folder  # noqa: PLC0415 - as above

    desk = visit.desk
    folder = desk.places.update
    findings = DOCTOR.findings(desk)
    patient = patient_of(desk.config, desk.moments)
    context: dict[str, Any] = {
        "findings": [row_of(visit, one) for one in findings],
        "worst": worst(findings).value,
        "update": Folder(folder).update() if folder.exists() else None,
        "programs": {name: one.software for name, one in sorted(patient.readings.items())},
        "hub_certificate": hub_certificate(desk, patient),
        "page_certificate": page_certificate(desk),
        "now_s": desk.wall_s(),
        "log": log_of(visit),
        "marks": {"info": "", "warning": "warn", "error": "fail"},
    }
    return visit.page("box.html", context)
