# SPDX-License-Identifier: Apache-2.0
"""What the doctor says: one line a thing, each with how it is mended where it is not well."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

import msgspec

SCHEMA_VERSION: Final = 1
"Raised when a field changes its meaning or goes; a new line or field does not raise it."


class Level(Enum):
    """How a thing stands."""

    OK = "ok"
    WARN = "warn"
    "Works, and people should look at it."
    FAIL = "fail"
    "Does not work."


class Finding(msgspec.Struct, frozen=True):
    """One line."""

    check: str
    "What was looked at: `clock`, `tap:mirror`; kept the same from version to version."
    level: Level
    text: str
    "What was seen."
    hint: str = ""
    "How it is mended; empty where it is well."


def ok(check: str, text: str) -> Finding:
    """Say that a thing is well."""
    return Finding(check, Level.OK, text)


def warn(check: str, text: str, hint: str) -> Finding:
    """Say that people should look at a thing."""
    return Finding(check, Level.WARN, text, hint)


def fail(check: str, text: str, hint: str) -> Finding:
    """Say that a thing does not work."""
    return Finding(check, Level.FAIL, text, hint)


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
        "findings": [msgspec.to_builtins(one) for one in findings],
    }
