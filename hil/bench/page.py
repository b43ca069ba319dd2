# SPDX-License-Identifier: Apache-2.0
"""The report as a page: from what `report.json` holds to HTML, without script or foreign file."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from hil.bench.measure import Promise

STYLE = Path(__file__).with_name("page.css")
ROOM = 1.25
"How far a bar's scale reaches beyond the limit."
KIB = 1024
WHOLE = 100
"From here on three figures are whole numbers."
Facts = Mapping[str, Any]


def html(found: Facts) -> str:
    """Return the page."""
    return "\n".join((
        '<!DOCTYPE html>', '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(found['product'])}: acceptance report</title>",
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>", "</head>", "<body>",
        *_head(found), "<main>", *_figures(found), "<h2>Scenarios</h2>",
        *(line for one in found["scenarios"] for line in _scenario(one)),
        "</main>", *_foot(found), "</body>", "</html>", "",
    ))  # fmt: skip


def shown(value: float) -> str:
    """Return a number as people read it: three figures, thousands apart."""
    if value == int(value):
        return f"{int(value):,}".replace(",", " ")
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= WHOLE else f"{value:.3g}"


def title(name: str) -> str:
    """Return a scenario's name as a heading: words, those of the trade in capitals."""
    trade = {"sip": "SIP", "e1": "E1", "invite": "INVITE", "cpu": "CPU"}
    words = [trade.get(word, word) for word in name.split("_") if word]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def _head(found: Facts) -> Iterator[str]:
    scenarios = found["scenarios"]
    failed = [one for one in scenarios if one["outcome"] not in {"passed", "skipped"}]
    verdicts = [figure["verdict"] for one in scenarios for figure in one["figures"]]
    yield "<header>"
    yield f"<h1>{escape(found['product'])}: acceptance report</h1>"
    yield f'<p class="soft">{escape(found["began"])}, source {escape(found["source"] or "?")}</p>'
    yield '<div class="sum">'
    passed = sum(one["outcome"] == "passed" for one in scenarios)
    state = "failed" if failed else "passed"
    yield f'<div class="{state}"><b>{passed} of {len(scenarios)}</b>scenarios passed</div>'
    for verdict, text in (("kept", "promises kept"), ("broken", "promises broken"),
                          ("shown", "shown, not judged here")):  # fmt: skip
        number = verdicts.count(verdict)
        mark = verdict if number else "none"
        yield f'<div class="{mark}"><b>{number}</b>{text}</div>'
    yield "</div>"
    yield '<dl class="facts">'
    yield f"<dt>place</dt><dd>{escape(found['place']['name'])}</dd>"
    for name, value in found["place"]["facts"].items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
    yield "</dl></header>"


def _figures(found: Facts) -> Iterator[str]:
    yield "<h2>Figures against promises</h2>"
    if found["place"]["is_emulated"]:
        yield ('<p class="soft">This box was a virtual machine in software emulation, many times '
               "slower than the product. What depends on the machine's speed is shown beside its "
               "limit and judged on real hardware only; a limit that is kept even here is "
               "kept.</p>")  # fmt: skip
    rows = [(one, figure) for one in found["scenarios"] for figure in one["figures"]]
    if not rows:
        yield '<p class="soft">Nothing was measured.</p>'
        return
    yield '<table><thead><tr><th class="w1">what</th><th class="w2">measured</th>'
    yield '<th class="w3">against the limit</th><th class="w4"></th></tr></thead><tbody>'
    for scenario, figure in rows:
        where = f'<a href="#{escape(scenario["name"])}">{escape(title(scenario["name"]))}</a>'
        yield from _row(figure, f"{escape(figure['says'])} {where}")
    yield "</tbody></table>"


def _row(figure: Facts, more: str) -> Iterator[str]:
    verdict, unit = figure["verdict"], escape(figure["unit"])
    name = escape(figure["name"])
    below = f'<br><span class="soft">{more}</span>' if more else ""
    yield f'<tr class="{verdict}"><td class="w1">{name}{below}</td>'
    yield f'<td class="value w2"><b>{shown(figure["value"])}</b> {unit}</td>'
    yield f'<td class="w3">{_bar(figure)}</td>'
    yield f'<td class="w4"><span class="chip {verdict}">{verdict}</span></td></tr>'


def _bar(figure: Facts) -> str:
    """Return a bar with a mark at the limit, and the limit and its origin in words."""
    value, limit = figure["value"], figure["limit"]
    bound = "at most" if figure["better"] == "less" else "at least"
    words = f"{bound} {shown(limit)} {escape(figure['unit'])}" if limit else "not one"
    scale = f'<span class="scale">{words}: {escape(Promise(figure["promise"]))}</span>'
    end = max(limit * ROOM, value) or 1
    fill, mark = (f"{100 * part / end:.1f}%" for part in (max(value, 0), limit))
    return (
        f'<div class="track"><i style="width:{fill}"></i><u style="left:{mark}"></u></div>{scale}'
    )


def _scenario(one: Facts) -> Iterator[str]:
    outcome = one["outcome"]
    yield f'<article class="{outcome}" id="{escape(one["name"])}">'
    yield f'<div class="head"><h3>{escape(title(one["name"]))}</h3>'
    yield (f'<span class="soft">{shown(round(one["seconds"], 1))} s '
           f'<span class="chip {outcome}">{outcome}</span></span></div>')  # fmt: skip
    yield f"<p>{escape(one['says'])}</p>"
    if one["figures"]:
        yield "<table><tbody>"
        for figure in one["figures"]:
            yield from _row(figure, "")
        yield "</tbody></table>"
    yield from _list(map(escape, one["notes"]))
    for chart in one["charts"]:
        yield f"<figure><figcaption>{escape(chart['title'])}</figcaption>{chart['svg']}</figure>"
    for ladder in one["ladders"]:
        yield f"<figure><figcaption>{escape(ladder['title'])}</figcaption>"
        yield f"<pre>{escape(ladder['text'].rstrip())}</pre></figure>"
    if one["why"]:
        yield f'<pre class="why">{escape(one["why"])}</pre>'
    if one["files"]:
        yield f'<p class="files">Attached: {", ".join(map(_file, one["files"]))}</p>'
    yield "</article>"


def _list(items: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{item}</li>" for item in items]
    if lines:
        yield f"<ul>{''.join(lines)}</ul>"


def _file(one: Facts) -> str:
    size = shown(round(one["octets"] / KIB)) if one["octets"] >= KIB else "< 1"
    return f'<a href="{escape(one["name"])}">{escape(one["title"])}</a> ({size} KiB)'


def _foot(found: Facts) -> Iterator[str]:
    yield '<footer><p class="soft">'
    yield f"Written by the rig of {escape(found['product'])}. Limits are the product's promises; "
    yield "the same figures for programs are in <code>report.json</code>."
    yield "</p></footer>"
