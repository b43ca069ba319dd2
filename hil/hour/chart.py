# SPDX-License-Identifier: Apache-2.0
"""Lines over time as SVG, one band below the other, with the faults as stripes behind them."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, LEFT, RIGHT = 900, 70, 130
BAND, APART, TOP, FOOT = 90, 34, 60, 26
COLOURS = ("#17508f", "#1b7f4c", "#b3261e", "#8a5a00", "#6b3fa0", "#0b7285", "#5b6b7b")
MINUTE_S, MARKS = 60, 8
"Of the line of time: so many minutes are named at most."
Points = Sequence[tuple[float, float]]


class Band(NamedTuple):
    """What is drawn above one line of time."""

    title: str
    lines: Mapping[str, Points]
    "By name: time, seconds, and value. A gap of time is a gap of the line."


class Stripe(NamedTuple):
    """A time at which something was the matter."""

    title: str
    begins_s: float
    ends_s: float


def svg(bands: Sequence[Band], stripes: Sequence[Stripe], total_s: float, gap_s: float) -> str:
    """Return the picture; points further apart than `gap_s` are not joined."""
    high = TOP + len(bands) * (BAND + APART) + FOOT
    scale = (WIDTH - LEFT - RIGHT) / (total_s or 1)
    lines = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {high}" role="img" font-size="11">',
        *_stripes(stripes, scale, high - FOOT),
    ]
    for number, band in enumerate(bands):
        lines += _band(band, TOP + number * (BAND + APART) + APART, scale, gap_s)
    lines += _minutes(total_s, scale, high)
    return "\n".join([*lines, "</svg>"])


def _stripes(stripes: Sequence[Stripe], scale: float, bottom: float) -> Iterator[str]:
    for number, one in enumerate(stripes, 1):
        at = LEFT + one.begins_s * scale
        wide = max((one.ends_s - one.begins_s) * scale, 2)
        yield (f'<rect x="{at:.1f}" y="{TOP}" width="{wide:.1f}" height="{bottom - TOP:.0f}" '
               f'fill="#f3d9d6"><title>{escape(one.title)}</title></rect>')  # fmt: skip
        yield (f'<text x="{at:.1f}" y="{TOP - 6}" fill="#b3261e" '
               f'transform="rotate(-35 {at:.1f} {TOP - 6})">{number}</text>')  # fmt: skip


def _band(band: Band, top: float, scale: float, gap_s: float) -> Iterator[str]:
    values = [value for points in band.lines.values() for _, value in points]
    most = max(values, default=0) * 1.05 or 1
    bottom = top + BAND
    yield f'<text x="{LEFT}" y="{top - 6}" font-weight="600">{escape(band.title)}</text>'
    yield f'<path d="M{LEFT} {top}V{bottom}H{WIDTH - RIGHT}" fill="none" stroke="#5b6b7b"/>'
    for value in (0, most):
        at = bottom - value / most * BAND
        yield f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:,.0f}</text>'
    for number, (name, points) in enumerate(band.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(_path(points, scale, (bottom, BAND / most), gap_s))
        yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        yield (f'<text x="{WIDTH - RIGHT + 8}" y="{top + 10 + 13 * number}" fill="{colour}">'
               f'{escape(name)}</text>')  # fmt: skip


def _path(points: Points, scale: float, height: tuple[float, float], gap_s: float) -> Iterator[str]:
    bottom, each = height
    before_s = float("-inf")
    for at_s, value in points:
        word = "M" if at_s - before_s > gap_s else "L"
        yield f"{word}{LEFT + at_s * scale:.1f} {bottom - value * each:.1f}"
        before_s = at_s


def _minutes(total_s: float, scale: float, high: float) -> Iterator[str]:
    minutes = total_s / MINUTE_S
    step = next((one for one in (1, 2, 5, 10, 15, 30) if minutes / one <= MARKS), 60)
    for minute in range(0, int(minutes) + 1, step):
        at = LEFT + minute * MINUTE_S * scale
        yield f'<text x="{at:.1f}" y="{high - 8}" text-anchor="middle">{minute} min</text>'
