# SPDX-License-Identifier: Apache-2.0
"""What `qalqan watch` draws: lines of text, none wider than the terminal, as many as it has.

What the wire or a file said is made printable in one place, `_say`: nobody else writes here.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TypeAlias

from rich.text import Text

from edge.cli.printable import printable
from edge.cli.watch_seen import Seen
from edge.console.history import MINUTES, Totals
from edge.console.wording import WORDS
from edge.doctor.finding import Level
from edge.model.verdict import Mode
from edge.seen.glance import mark_of
from edge.seen.recent import Call
from edge.seen.trunk_report import STOPPING

GOOD, BAD, SOFT, TITLE = "green", "bold red", "dim", "bold"
MARKS = {"stopped": "red", "would": "yellow", "failed": "bold magenta", "": ""}
"As on the page, but for `stopped`: red is what `qalqan run` has for it."
LEVELS = {Level.OK: GOOD, Level.WARN: "yellow", Level.FAIL: BAD}
VERDICTS = {
    "allow": "let through", "observe": "noted", "divert": "diverted", "block": "blocked",
}  # fmt: skip
BARS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
LABEL = 8
"Before a row of bars; as much stays behind it for their sum."
LEAST_CALLS = 6
"Lines that calls are given, whatever else there is."
WIDE, NARROW, TALL = 120, 60, 40
"From here on four columns, from here on two; from here on higher bars."
GAP = 2
MOST_NAME, MOST_NUMBER, MOST_FATE = 12, 18, 34
SHOWN = 25
"Calls where no terminal says how many it has room for."
SPANS = ((86_400, "d"), (3600, "h"), (60, "min"))

Section: TypeAlias = list[Text]
"Its title first."


def picture(seen: Seen, width: int, height: int | None, keys: str = "") -> list[Text]:
    """Return the lines; of any number if there is no `height`. `keys` stands below all."""
    top = [*_head(seen), *_bars(seen.hour, width, 3 if (height or 0) >= TALL else 1)]
    end = [_say(keys, SOFT)] if keys else []
    groups = _groups(seen, width)
    size = (width - GAP * (len(groups) - 1)) // len(groups)
    room = None
    if height:
        room = max(height - len(top) - len(end) - LEAST_CALLS - 2, len(groups[-1]) * 2)
    columns = [_fitted(group, room) for group in groups]
    middle = [_beside(row, size) for row in zip_longest(*columns)]
    calls = seen.calls[: height or SHOWN]
    lines = [*top, *middle, Text(), *_calls(calls, width)]
    if height:
        lines = lines[: height - len(end)]
        lines += [Text()] * (height - len(end) - len(lines))
    return [_cut(line, width) for line in (*lines, *end)]


def _say(text: str, style: str = "") -> Text:
    return Text(printable(text), style)


def _cut(line: Text, width: int, *, pad: bool = False) -> Text:
    line.truncate(width, overflow="ellipsis", pad=pad)
    line.no_wrap = True
    return line


# Above ------------------------------------------------------------------------


def _head(seen: Seen) -> Iterator[Text]:
    clock = datetime.fromtimestamp(seen.at, UTC)
    line = Text.assemble((" Qalqan Edge ", "bold reverse"), "  ", _say(seen.node, TITLE))
    line.append(f"  {clock:%Y-%m-%d %H:%M:%S} UTC")
    for name, up in seen.processes.items():
        line.append_text(Text(f"  {name} {'runs' if up else 'does not run'}", GOOD if up else BAD))
    yield line
    for one in seen.findings:
        if one.check.startswith("process:"):
            yield _say(f"{one.check.partition(':')[2]} {one.text}: {one.hint}", BAD)
    if seen.stopped_by:
        yield _say(f"STOPPED: no trunk stops a call: {seen.stopped_by}", BAD)
    calls, stopped, would = seen.totals
    yield Text.assemble(
        f"calls heard {calls:,}   ", (f"stopped {stopped:,}", MARKS["stopped"]), "   ",
        (f"would have been stopped {would:,}", MARKS["would"]),
    )  # fmt: skip


def _bars(hour: Sequence[Totals], width: int, rows: int) -> Iterator[Text]:
    """Yield the last hour: what was stopped, and what would have been, by one measure."""
    kept = hour[-max(1, min(MINUTES, width - 2 * LABEL)) :]
    most = max((max(one.stopped, one.would) for one in kept), default=0) or 1
    for mark, values in (
        ("stopped", [one.stopped for one in kept]), ("would", [one.would for one in kept]),
    ):  # fmt: skip
        eighths = [-(-8 * rows * value // most) for value in values]
        for row in reversed(range(rows)):
            label, total = (f"{mark:{LABEL}}", f" {sum(values):,}") if row == 0 else (" " * 8, "")
            drawn = "".join(_cell(one - 8 * row, is_floor=row == 0) for one in eighths)
            yield Text.assemble(label, (drawn, MARKS[mark]), (total, MARKS[mark]))
    yield _say(f"{'':{LABEL}}by the minute, the last {len(kept)}", SOFT)


def _cell(eighths: int, *, is_floor: bool) -> str:
    if eighths <= 0:
        return NOTHING if is_floor else " "
    return BARS[min(eighths, 8) - 1]


# Beside each other ------------------------------------------------------------


def _groups(seen: Seen, width: int) -> list[list[Section]]:
    """Return what stands in each column."""
    taps, trunks, hub, lists, alarms, doctor = (
        [_say(title, TITLE), *rows]
        for title, rows in (
            ("Taps", _taps(seen)), ("Trunks", _trunks(seen)), ("Hub", _hub(seen)),
            ("Lists", _lists(seen)), ("Alarms since the start", _alarms(seen)),
            ("Doctor", _doctor(seen)),
        )
    )  # fmt: skip
    if width >= WIDE:
        return [[taps], [trunks], [hub, lists], [alarms, doctor]]
    if width >= NARROW:
        return [[taps, trunks], [hub, lists, alarms, doctor]]
    return [[taps, trunks, hub, lists, alarms, doctor]]


def _taps(seen: Seen) -> Iterator[Text]:
    size = _longest(one.name for one in seen.taps)
    for one in seen.taps:
        up = ("hears", GOOD) if one.up else ("is not open, heard", BAD)
        lost = (f"lost {one.lost:,}", BAD if one.lost else "")
        yield Text.assemble(_name(one.name, size), "  ", up, f" {one.heard:,}, ", lost)


def _trunks(seen: Seen) -> Iterator[Text]:
    size = _longest(one.trunk for one in seen.trunks)
    for one in seen.trunks:
        now = one.running
        calls = f"{now.calls:>6,} calls, {now.stopped:,} stopped" if now else "     –"
        mode = Text(f"{one.mode.value:8}", TITLE if one.mode is Mode.ENFORCE else "")
        yield Text.assemble(_name(one.trunk, size), "  ", mode, calls)


def _hub(seen: Seen) -> Iterator[Text]:
    hub = seen.hub
    if not hub.configured:
        yield _say("none configured: the box stands alone")
        return
    if hub.online:
        yield _say("takes events", GOOD)
    else:
        yield _say("broker is there, hub is not" if hub.connected else "cannot be reached", BAD)
    oldest = f", the oldest for {_span(hub.oldest_s)}" if hub.waiting else ""
    yield _say(f"{hub.waiting:,} events wait{oldest}")


def _lists(seen: Seen) -> Iterator[Text]:
    for one in seen.lists:
        version = f" version {one.version}" if one.version else ""
        age = f", signed {_span(one.age_s)} ago" if one.age_s is not None else ""
        entries = f"{one.entries:,} {'entry' if one.entries == 1 else 'entries'}"
        yield _say(f"{one.name}{version}{age}, {entries}", BAD if one.is_stale else "")
    if not seen.lists:
        yield _say("none is loaded")


def _alarms(seen: Seen) -> Iterator[Text]:
    for one in seen.alarms:
        where = f" on {one.trunk}" if one.trunk else ""
        yield _say(f"{WORDS['alarm'].get(one.name, one.name)}{where} × {one.times}", BAD)
    if not seen.alarms:
        yield _say("none", GOOD)


def _doctor(seen: Seen) -> Iterator[Text]:
    for one in seen.findings:
        yield Text.assemble(_say(one.check, LEVELS[one.level]), " ", _say(one.text))
    if not seen.findings:
        yield _say("all is well", GOOD)


def _fitted(sections: Iterable[Section], room: int | None) -> list[Text]:
    """Return sections below each other, the longest of them cut until all fit."""
    kept = [[*one] for one in sections]
    left = [0] * len(kept)
    while room is not None and sum(map(len, kept)) > room:
        at = max(range(len(kept)), key=lambda at: len(kept[at]))
        if len(kept[at]) <= 2:  # noqa: PLR2004 - a title and a line
            break
        kept[at].pop(-2 if left[at] else -1)
        left[at] += 1
        if left[at] == 1:
            kept[at].pop()
            left[at] += 1
            kept[at].append(Text())
        kept[at][-1] = _say(f"… {left[at]} more", SOFT)
    return [line for section in kept for line in section]


def _beside(row: Iterable[Text | None], size: int) -> Text:
    cells = [_cut((one or Text()).copy(), size, pad=True) for one in row]
    return Text(" " * GAP).join(cells)


def _longest(names: Iterable[str]) -> int:
    return min(MOST_NAME, max((_say(one).cell_len for one in names), default=0))


def _name(name: str, size: int) -> Text:
    return _cut(_say(name), size, pad=True)


def _span(seconds: float) -> str:
    for size, unit in SPANS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


# Calls ------------------------------------------------------------------------


def _calls(calls: Sequence[Call], width: int) -> Iterator[Text]:
    if not calls:
        yield _say("no call was heard since the box began to listen", SOFT)
        return
    rows = [_cells(one) for one in calls]
    heads = ("time", "trunk", "calling", "called", "verdict", "what became of it")
    most = (8, MOST_NAME, MOST_NUMBER, MOST_NUMBER, MOST_NAME)
    sizes = [
        min(limit, max(one[at].cell_len for one in (*rows, [*map(Text, heads)])))
        for at, limit in enumerate(most)
    ]
    left = width - sum(sizes) - len(sizes)
    sizes.append(min(MOST_FATE, left))
    for line in ([Text(head, SOFT) for head in (*heads, "rule")], *rows):
        fitted = [_cut(cell, size, pad=True) for cell, size in zip(line, sizes, strict=False)]
        rule = [line[-1]] if width >= WIDE else []
        yield Text(" ").join([*fitted, *rule])


def _cells(call: Call) -> list[Text]:
    style = MARKS[mark_of(call)]
    would = call.action != call.wanted and call.wanted in STOPPING
    verdict = f"would {call.wanted}" if would else VERDICTS.get(call.action, call.action)
    clock = datetime.fromtimestamp(call.at, UTC)
    return [
        Text(f"{clock:%H:%M:%S}"), _say(call.trunk), _say(call.calling), _say(call.called),
        _say(verdict, style), _say(WORDS["fate"].get(call.fate, call.fate), style),
        _say(call.rule, SOFT),
    ]  # fmt: skip
