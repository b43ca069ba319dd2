# SPDX-License-Identifier: Apache-2.0
"""Sets up structlog: JSON lines for a pipe, colours for a terminal, no subscriber in either.

Telephone numbers are masked in whatever is logged; who may see them looks at the evidence.
"""

import re
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from edge.clock import now_ns

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}

KEPT_OFF = 7
"""Digits masked at the end of a number: the longest subscriber number of the Kazakh plan (727, and
all mobile codes). Country and area stay; of a four-digit area code the last digit goes too."""

_NUMBER = re.compile(
    r"(\+\d{1,8})\d{7}(?!\d)"
    r"|(?<![^\W_])(?<!\d\.)(\d{1,8})\d{7}(?![^\W_]|\.\d|-[0-9a-f]{4}-)",
    re.ASCII | re.IGNORECASE,
)
"""Behind a plus sign it is one, whatever stands around it. Without, it is one unless letters stand
beside it, it is part of a decimal, or begins a UUID: a recording is often called after a number."""
_SHORT_NUMBER = re.compile(r"(?<!\d)(\+?)(\d{5,7})(?!\d)", re.ASCII)
_NUMBER_KEYS = frozenset({"called", "calling", "number", "redirecting"})
"Under these, local numbers of five digits and more are masked too."


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) from now on, `level` of `LEVELS` and above."""
    stream = stream or sys.stderr
    renderer: Processor = (
        structlog.dev.ConsoleRenderer()
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            mask_numbers,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the time in UTC, to the millisecond."""
    now = datetime.fromtimestamp(now_ns() / 1e9, UTC)
    event["at"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def mask_numbers(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask the telephone numbers in all values, however deep."""
    return {key: value if key == "at" else _masked(value, key) for key, value in event.items()}


def _masked(value: object, key: str) -> object:
    """Return `value` without numbers; what JSON does not know becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {name: _masked(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner, key) for inner in value]
    return mask(str(value), local=key in _NUMBER_KEYS)


def mask(text: str, *, local: bool = False) -> str:
    """Mask the last seven digits of every number in `text`; of local numbers all, if asked."""
    text = _NUMBER.sub(lambda hit: (hit[1] or hit[2]) + "*" * KEPT_OFF, text)
    if local:
        text = _SHORT_NUMBER.sub(lambda hit: hit[1] + "*" * len(hit[2]), text)
    return text
