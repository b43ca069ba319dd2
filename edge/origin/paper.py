# SPDX-License-Identifier: Apache-2.0
"""A dossier on paper: as text, as a page that is printed, and with its numbers masked.

The page is one file without script or foreign parts: any browser opens and prints it, in ten years
as well. Of a masked dossier nobody learns a telephone number; countries, areas, addresses and the
ids of the evidence stay, so that who has a right to more can ask for it.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import msgspec

from edge.detect.case import Case
from edge.detect.origin import Clue, Evidence
from edge.log import mask
from edge.verdict.explain import utc

STYLE = Path(__file__).with_name("paper.css")
NS = 10**9
SAID_BY = {
    "heard": "heard by our tap",
    "network": "said by a network on the way",
    "claimed": "claimed by the sender",
}
MASKED = (
    "Telephone numbers are masked: country and area are shown, the last seven digits are not."
    " The evidence holds them, and is handed out under its record ids on a legal request."
)
KEPT = frozenset({"id", "code", "kind", "trust", "record", "tap", "title"})
"Words of ours, which hold no number; an id may look like one."


def masked(case: Case) -> Case:
    """Return a dossier without telephone numbers, in whatever value they stood."""
    return msgspec.convert(_masked(msgspec.to_builtins(case)), Case)


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: inner if key in KEPT else _masked(inner) for key, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list | tuple) else value


# Text -------------------------------------------------------------------------


def text(case: Case) -> Iterator[str]:
    """Yield a dossier for people, line by line."""
    yield f"Campaign {case.id}, score {case.score:.2f}"
    yield f"First call {when(case.first)}, found {when(case.found)}, last {when(case.last)}"
    yield f"{calls(case)}, {case.callers} numbers shown, {case.callees} numbers called, about"
    yield "Why it is one:"
    yield from (f"  {reason.text()}" for reason in case.reasons)
    yield "What its calls have in common:"
    yield from (f"  {member.kind}: {member.value}" for member in case.members)
    yield f"Where it comes from, by {case.noted} calls, the surest first:"
    for line in case.lines:
        yield from _clue(line)


def calls(case: Case) -> str:
    """Return how many calls are its."""
    return f"{case.calls} calls since it was found, {case.calls_before} before"


def when(at: int) -> str:
    """Return a time, nanoseconds since the epoch, for people."""
    return utc(at // NS)


def _clue(line: Clue) -> Iterator[str]:
    place = f" ({line.place})" if line.place else ""
    yield f"  {line.title}: {line.value}{place}"
    yield (
        f"    confidence {line.confidence:.2f}, {SAID_BY.get(line.trust, line.trust)},"
        f" in {line.calls} calls"
    )
    for one in line.evidence:
        yield f"    {_evidence(one)}"


def _evidence(one: Evidence) -> str:
    return (
        f"record {one.record}, leaf {one.leaf}: frame {one.frame} of tap {one.tap},"
        f" {when(one.at)}, call {one.call}"
    )


# Page -------------------------------------------------------------------------


def page(case: Case, node: str, made: int, *, is_masked: bool) -> str:
    """Return a dossier as a page of HTML.

    Args:
        case: The dossier, masked already if that is said.
        node: The appliance that made it; empty if it has no name.
        made: When the page is made, nanoseconds since the epoch.
        is_masked: Whether the page says so.
    """
    return "\n".join((
        "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Origin dossier {escape(case.id)}</title>",
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>", "</head>", "<body>",
        *_head(case, node, made), *([f'<p class="note">{MASKED}</p>'] if is_masked else []),
        *_why(case), *_hours(case), *_common(case), *_clues(case), *_foot(case),
        "</body>", "</html>", "",
    ))  # fmt: skip


def _head(case: Case, node: str, made: int) -> Iterator[str]:
    maker = f"made by Qalqan Edge {escape(node)}".rstrip()
    yield f"<header><h1>Origin dossier {escape(case.id)}</h1>"
    yield f'<p class="soft">{maker}, {when(made)}; times are UTC</p></header>'
    yield '<dl class="facts">'
    facts = {
        "Score": f"{case.score:.2f} of 1",
        "First call": when(case.first),
        "Found": when(case.found),
        "Last call": when(case.last),
        "Calls": f"{case.calls_before + case.calls:,}",
        "Numbers shown": f"about {case.callers:,}",
        "Numbers called": f"about {case.callees:,}",
    }
    for name, value in facts.items():
        yield f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"


def _why(case: Case) -> Iterator[str]:
    yield "<h2>Why these calls belong together</h2><ul>"
    yield from (f"<li>{escape(reason.text())}</li>" for reason in case.reasons)
    yield "</ul>"


def _hours(case: Case) -> Iterator[str]:
    """Yield a column for each hour of the day."""
    most = max(case.hours, default=0)
    if not most:
        return
    yield "<h2>When it calls, by the hour, UTC</h2>"
    spoken = ", ".join(f"{hour:02}: {count}" for hour, count in enumerate(case.hours) if count)
    yield f'<svg class="hours" viewBox="0 0 480 96" role="img" aria-label="Calls by hour {spoken}">'
    for hour, count in enumerate(case.hours):
        height = 72 * count / most
        yield (
            f'<rect x="{hour * 20 + 3}" y="{76 - height:.1f}" width="14" height="{height:.1f}"/>'
            f'<text x="{hour * 20 + 10}" y="90">{hour:02}</text>'
        )
    yield "</svg>"


def _common(case: Case) -> Iterator[str]:
    yield "<h2>What its calls have in common</h2><ul>"
    for member in case.members:
        yield f"<li>{escape(member.kind)} <code>{escape(member.value)}</code></li>"
    yield "</ul>"


def _clues(case: Case) -> Iterator[str]:
    yield f"<h2>Where it comes from, by {case.noted:,} calls</h2>"
    yield "<p>The surest first. What our tap heard is a fact; what a network wrote on the way is"
    yield "likely; what the sender wrote may be a lie, and the same lie each time is a trace.</p>"
    for line in case.lines:
        place = f" <span>{escape(line.place)}</span>" if line.place else ""
        yield f'<section class="clue {escape(line.trust)}"><h3>{escape(line.title)}</h3>'
        yield f"<p><code>{escape(line.value)}</code>{place}</p>"
        yield (
            f'<p class="soft">{SAID_BY.get(line.trust, escape(line.trust))}, in {line.calls:,}'
            f" calls, {when(line.first)} to {when(line.last)}; confidence"
            f' <meter min="0" max="1" value="{line.confidence:.2f}"></meter>'
            f" {line.confidence:.2f}</p><ul>"
        )
        yield from (f"<li>{escape(_evidence(one))}</li>" for one in line.evidence)
        yield "</ul></section>"


def _foot(case: Case) -> Iterator[str]:
    records = {one.record for line in case.lines for one in line.evidence if one.record}
    yield f'<footer class="soft">Every line stands on the frames it names, in {len(records)}'
    yield "records of a log that cannot be changed unnoticed (<code>qalqan evidence verify</code>)."
    yield "</footer>"
