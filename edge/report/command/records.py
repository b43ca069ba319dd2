# SPDX-License-Identifier: Apache-2.0
"""What is asked of the evidence: `explain` tells the records of a call, `export` hands them out."""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field

from edge.errors import InputError
from edge.report.command.act import ONE, Job, Outcome
from edge.report.command.signed import Denied, Vouched, Why, by_sides
from edge.report.message import Wire

MOST_ANSWER = 192 * 1024
"Octets of a bundle, or of records, that an answer carries."


class CallArgs(Wire):
    """Which call: its Call-ID or the id of its record."""

    call: str = Field(min_length=1, max_length=512)


class Explain:
    """`explain`: the records of a call."""

    args = CallArgs
    changes = False

    def __init__(self, find: Callable[[str], Sequence[Mapping[str, Any]]]) -> None:
        """Ask `find` for the records of a call."""
        self._find = find

    def allowed(self, args: CallArgs, vouched: Vouched) -> tuple[str, ...]:
        """One side is enough to ask."""
        del args
        return by_sides(vouched, ONE)

    def act(self, args: CallArgs, job: Job) -> Outcome:
        """Answer with as many records as fit."""
        del job
        found, records, room = self._find(args.call), [], MOST_ANSWER
        for record in found:
            room -= len(msgspec.json.encode(record))
            if room < 0:
                break
            records.append(record)
        text = f"{len(found)} records"
        if len(records) < len(found):
            text = f"the first {len(records)} of {text}; export has all"
        return Outcome(text, {"records": records})

    finish = act


class Export:
    """`export`: the evidence of a call as one file."""

    args = CallArgs
    changes = False

    def __init__(
        self, bundle: Callable[[str], tuple[str, bytes]], leave: Callable[[str, bytes], Path]
    ) -> None:
        """Have `bundle` make the file (name, octets); `leave` writes one that is too large.

        `bundle` raises `InputError` where there is no such call.
        """
        self._bundle = bundle
        self._leave = leave

    def allowed(self, args: CallArgs, vouched: Vouched) -> tuple[str, ...]:
        """One side is enough to ask."""
        del args
        return by_sides(vouched, ONE)

    def act(self, args: CallArgs, job: Job) -> Outcome:
        """Answer with the file itself, if it is not too large."""
        del job
        try:
            name, octets = self._bundle(args.call)
        except InputError as error:
            raise Denied(Why.UNKNOWN_CALL, str(error)) from error
        if len(octets) > MOST_ANSWER:
            path = self._leave(name, octets)
            raise Denied(
                Why.TOO_LARGE,
                f"the bundle has {len(octets)} octets; it lies at {path} for a week at most",
            )
        encoded = base64.b64encode(octets).decode()
        return Outcome(f"{len(octets)} octets", {"name": name, "base64": encoded})

    finish = act
