# SPDX-License-Identifier: Apache-2.0
"""Whether what the box claims is proven: by its evidence, by the wire, and at the hub."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edge.evidence.audit import audit
from edge.evidence.bundle import export
from edge.evidence.note import VerifierKey
from edge.evidence.shelf import lines, read_record
from edge.evidence.verify import verify
from edge.model.outcome import STOPS
from hil.region.tables import HELP

CLAIMS = frozenset(one.value for one in STOPS)
LAST_S = 4.0
"Of a life that was killed: a look at it is a second apart, and a commit takes a while."
MOST_BUNDLES = 100
"That are made and checked as at a court; each needs the whole log."


class Claim(NamedTuple):
    """A call that the box says it has stopped."""

    record: str
    "Of its verdict."
    call: str
    trunk: str


class Evidence(NamedTuple):
    """What the log of evidence says."""

    stops: tuple[Claim, ...]
    outcomes: Mapping[str, float]
    "Records of verdicts of which is said what became of the call, and when that was settled."
    unproven: tuple[str, ...]
    "Stops without a refusal that was heard, and without frames."
    emergencies: int
    "Calls for help that it acted on, or would have."
    records: int


def read_log(folder: Path) -> Evidence:
    """Read a whole log. Raises `InputError`."""
    stops: list[Claim] = []
    outcomes: dict[str, float] = {}
    unproven: list[str] = []
    emergencies = count = 0
    for line in lines(folder):
        record = read_record(line.octets)
        if record is None:
            continue
        count += 1
        if "outcome" in record:
            outcomes[str(record["of"])] = float(record["time"])
            if record["outcome"] in CLAIMS:
                stops.append(Claim(str(record["of"]), str(record["call"]), str(record["trunk"])))
                if not record["heard"] or not record.get("frames"):
                    unproven.append(str(record["of"]))
        emergencies += is_touched_emergency(record)
    return Evidence(tuple(stops), outcomes, tuple(unproven), emergencies, count)


def is_touched_emergency(record: dict[str, Any]) -> bool:
    """Return whether a record is of a call for help that is to be stopped or diverted."""
    touched = {"block", "divert"} & {record.get("action"), record.get("wanted")}
    return record.get("called") == HELP and bool(touched)


def damage(folder: Path) -> list[str]:
    """Return what is wrong with the records, frames and leaves of a log, a sentence each."""
    return list(audit(folder))


def unverified(
    folder: Path, stops: Sequence[Claim], hub: VerifierKey, seed: int
) -> tuple[int, list[str]]:
    """Make bundles of some stops and check them; return how many, and what is wrong with which."""
    some = random.Random(seed).sample(stops, min(len(stops), MOST_BUNDLES))  # noqa: S311 - a sample
    wrong: list[str] = []
    for one in some:
        report = verify(export(folder, one.record, wrong.append).files, None, hub)
        if not report.is_proven:
            wrong.append(f"{one.record}: {report.wrong or 'the hub has not signed for it'}")
    return len(some), wrong


def unwitnessed(stops: Sequence[Claim], refused: Collection[str], trunk: str) -> list[str]:
    """Return the calls of a trunk that are said to be stopped, and that nobody heard refused."""
    return [one.call for one in stops if one.trunk == trunk and one.call not in refused]


def told_wrongly(outcomes: Collection[str], told: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the records whose outcome the hub was never told, and those it was told twice."""
    times = Counter(told)
    return (
        sorted(one for one in outcomes if not times[one]),
        sorted(one for one, count in times.items() if count > 1),
    )


def cut_off(
    untold: Collection[str], outcomes: Mapping[str, float], deaths_s: Sequence[float]
) -> list[str]:
    """Return those of the untold that were settled just before `core` was killed, by any death.

    They stand in the evidence; what tells the hub was killed before it had them on disk.
    """
    return [one for one in untold if any(0 <= died - outcomes[one] < LAST_S for died in deaths_s)]
