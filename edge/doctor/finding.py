# SPDX-License-Identifier: Apache-2.0
"""What the doctor says: one line a thing, each with how it is mended where it is not well.

A sentence is English, and names its values in braces: `text` and `hint` are whole, and who shows
them in another language has sentence and values apart. A sentence stands as it is in the call, or
under a name of its file, where those who collect them for the translators find it.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeAlias

import msgspec
from typing_extensions import override

SCHEMA_VERSION: Final = 1
"Raised when a field changes its meaning or goes; a new line or field does not raise it."


class Level(Enum):
    """How a thing stands."""

    OK = "ok"
    WARN = "warn"
    "Works, and people should look at it."
    FAIL = "fail"
    "Does not work."


class Counts(dict[str, int]):
    """How often each of several things was seen."""

    @override
    def __str__(self) -> str:
        return ", ".join(f"{thing} × {times}" for thing, times in self.items())


Value: TypeAlias = str | int | float | Counts


class Finding(msgspec.Struct, frozen=True):
    """One line."""

    check: str
    "What was looked at: `clock`, `tap:mirror`; kept the same from version to version."
    level: Level
    seen: str
    "What was seen: a sentence."
    mended: str = ""
    "How it is mended: a sentence; empty where it is well."
    values: dict[str, Value] = {}
    "What both sentences name."

    @property
    def text(self) -> str:
        """What was seen, in English."""
        return self.seen.format(**self.values)

    @property
    def hint(self) -> str:
        """How it is mended, in English; empty where it is well."""
        return self.mended.format(**self.values)


def ok(check: str, seen: str, /, **values: Value) -> Finding:
    """Say that a thing is well."""
    return Finding(check, Level.OK, seen, "", values)


def warn(check: str, seen: str, mended: str, /, **values: Value) -> Finding:
    """Say that people should look at a thing."""
    return Finding(check, Level.WARN, seen, mended, values)


def fail(check: str, seen: str, mended: str, /, **values: Value) -> Finding:
    """Say that a thing does not work."""
    return Finding(check, Level.FAIL, seen, mended, values)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level of all."""
    order = list(Level)
    return max((one.level for one in findings), key=order.index, default=Level.OK)


def as_json(node: str, findings: list[Finding]) -> dict[str, object]:
    """Return all of it, ready for JSON."""
    return {
        "v": SCHEMA_VERSION,
        "node": node,
        "level": worst(findings).value,
        "findings": [
            {"check": one.check, "level": one.level.value, "text": one.text, "hint": one.hint}
            for one in findings
        ],
    }
