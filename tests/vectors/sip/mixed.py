# SPDX-License-Identifier: Apache-2.0
"""The mixed traffic of the demo: what comes over a regional trunk in a bit more than a minute.

Many callers at once, each a SIPp that spreads its calls over the time. The plan is the same at each
recording; only the instants differ. `mixed_traffic.csv` says of every call what it stands for.
"""

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.vectors.sip.captures import (
    ALMATY,
    ASTANA,
    INTL,
    INTL2,
    INTL3,
    KARAGANDA,
    NATIONAL_AGENT,
    NATL,
    NATL2,
    RU,
    UK_HOME,
    UK_MOBILE,
    US,
    Call,
    Capture,
    Run,
)

SPREAD_MS = 70_000
SHORTEST_MS, LONGEST_MS = 1000, 6000
LISTED = (UK_MOBILE + "0101", UK_MOBILE + "0117", UK_MOBILE + "0142", US + "0177", RU + "66")
"Numbers that the demo list blocks one by one."
LISTED_PREFIX = "+4420794605"
"A prefix that the demo list blocks: a hundred numbers."
ROAMER = "+7709000"
"A code laid out like the mobile ones; not assigned, so that nobody's number is shown."
CYRILLIC = ("Служба безопасности", "Қауіпсіздік қызметі", "Полиция", "Банк")

_dice = random.Random(7172)


def _national(n: int) -> str:
    return f"{(ALMATY, KARAGANDA)[n % 2]}{3000 + n}"


def _foreign(n: int) -> str:
    return (f"{UK_HOME}0{300 + n}", f"{US}01{n % 70:02}", f"{RU}{n % 60:02}")[n % 3]


def _calls(
    count: int, kind: str, caller: Callable[[int], str], called: str, name: str = ""
) -> tuple[Call, ...]:
    """Make calls of one kind to numbers under a prefix."""
    width = 12 - len(called)
    return tuple(
        Call(
            caller(n),
            f"{called}{_dice.randrange(10**width):0{width}}",
            name,
            _dice.randrange(SHORTEST_MS, LONGEST_MS),
            kind=kind,
        )
        for n in range(count)
    )


def _rings(count: int, kind: str, caller: Callable[[int], str]) -> tuple[Call, ...]:
    """Make calls that nobody answers; those who give up do so in good time."""
    return tuple(
        Call(
            caller(n),
            f"+77172004{_dice.randrange(1000):03}",
            talk_ms=800 + 200 * (n % 5),
            kind=kind,
        )
        for n in range(count)
    )


def _emergency(callers: Sequence[str], kind: str) -> tuple[Call, ...]:
    codes = ("112", "102", "103", "101", "104")
    return tuple(
        Call(caller, codes[n % 5], talk_ms=2000, kind=kind) for n, caller in enumerate(callers)
    )


def _hidden(asserted: Sequence[str], kind: str) -> tuple[Call, ...]:
    return tuple(
        Call("anonymous", f"{ASTANA}8{n:02}", talk_ms=1500, asserted=number, kind=kind)
        for n, number in enumerate(asserted)
    )


def _listed(n: int) -> str:
    return LISTED[n % len(LISTED)]


GROUPS: tuple[tuple[str, str, str, Sequence[Call]], ...] = (
    (NATL, "call", NATIONAL_AGENT, _calls(38, "ordinary", _national, ASTANA)),
    (
        NATL2,
        "call",
        "Steppe-Mobile-GW/12",
        _calls(22, "ordinary", lambda n: _national(100 + n), ASTANA),
    ),
    (INTL, "call", "NorthTransit-SBC/7.1", _calls(26, "ordinary", _foreign, ASTANA)),
    (NATL, "call", NATIONAL_AGENT, _calls(6, "busy", lambda n: _national(200 + n), "+77172001")),
    (
        NATL,
        "call",
        NATIONAL_AGENT,
        _calls(4, "declined", lambda n: _national(210 + n), "+77172002"),
    ),
    (
        INTL,
        "call",
        "NorthTransit-SBC/7.1",
        _calls(4, "unknown", lambda n: _foreign(40 + n), "+77172003"),
    ),
    (NATL2, "cancel", "Steppe-Mobile-GW/12", _rings(12, "cancelled", lambda n: _national(220 + n))),
    (NATL, "call", NATIONAL_AGENT, _rings(6, "unanswered", lambda n: _national(240 + n))),
    (INTL2, "call", "dialer", _calls(12, "listed", _listed, ASTANA, CYRILLIC[0])),
    (
        INTL2,
        "call",
        "dialer",
        _calls(14, "listed_prefix", lambda n: f"{LISTED_PREFIX}{7 * n:02}", ASTANA, CYRILLIC[3]),
    ),
    (INTL2, "cancel", "dialer", _rings(3, "listed_cancelled", _listed)),
    (
        INTL3,
        "call",
        "dialer",
        _calls(10, "spoofed", lambda n: f"+7717200910{n}", ASTANA, CYRILLIC[2]),
    ),
    (
        INTL3,
        "call",
        "dialer",
        _calls(4, "spoofed", lambda n: f"+7727000910{n}", "+77172001", CYRILLIC[1]),
    ),
    (
        INTL,
        "call",
        "NorthTransit-SBC/7.1",
        _calls(8, "roamer", lambda n: f"{ROAMER}010{n}", ASTANA),
    ),
    (NATL, "call", NATIONAL_AGENT, _emergency([_national(260 + n) for n in range(6)], "emergency")),
    (INTL2, "call", "dialer", _emergency([LISTED[0]], "emergency_listed")),
    (
        INTL,
        "hidden",
        "NorthTransit-SBC/7.1",
        _hidden([_foreign(60 + n) for n in range(5)], "hidden"),
    ),
    (INTL2, "hidden", "dialer", _hidden(LISTED[1:3], "hidden_listed")),
)


def _run(number: int, group: tuple[str, str, str, Sequence[Call]]) -> Run:
    """Spread the calls of a group over the time, not quite evenly."""
    ip, scenario, agent, calls = group
    step = SPREAD_MS / len(calls)
    timed = tuple(
        replace(call, start_ms=1 + int(step * (n + _dice.random()))) for n, call in enumerate(calls)
    )
    place = "natl" if ip in {NATL, NATL2} else "intl"
    return Run(place, ip, scenario, timed, agent, port=5060 + 2 * number)


MIXED = Capture(
    "mixed_traffic",
    "the demo: all kinds of calls over a regional trunk, in real time",
    tuple(_run(number, group) for number, group in enumerate(GROUPS)),
)


def write_calls(path: Path, planned: Mapping[str, tuple[Run, Call]]) -> None:
    """Write what every call of the mixed traffic is."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("call", "peer", "calling", "asserted", "called", "kind", "outcome"))
        for name, (run, call) in planned.items():
            rows.writerow(
                (
                    name,
                    run.place,
                    call.caller,
                    call.asserted or call.caller,
                    call.called,
                    call.kind,
                    run.outcome(call),
                )
            )
