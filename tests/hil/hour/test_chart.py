# SPDX-License-Identifier: Apache-2.0
"""The picture: well formed, to scale, and no markup of what it is told."""

import re
from xml.etree import ElementTree as ET

from hil.hour.chart import BAND, LEFT, RIGHT, TOP, WIDTH, Band, Stripe, svg

HOSTILE = "<b>&'\""
MEMORY = [(0.0, 10.0), (30.0, 20.0), (200.0, 20.0), (240.0, 0.0)]


def drawn() -> ET.Element:
    bands = [Band(HOSTILE, {"core": MEMORY, HOSTILE: []}), Band("none", {})]
    text = svg(bands, [Stripe(HOSTILE, 60, 120)], 240, gap_s=60)
    return ET.fromstring(text)  # noqa: S314 - our own


def test_it_is_well_formed_whatever_it_is_told():
    words = [one.text for one in drawn().iter() if one.text and one.text.strip()]
    assert words.count(HOSTILE) == 3


def test_a_line_breaks_where_nothing_was_seen():
    (line,) = [one.get("d") for one in drawn() if one.get("stroke-width") and one.get("d")]
    assert line is not None
    assert re.sub("[0-9. ]", "", line) == "MLML"


def test_time_goes_from_left_to_right_and_zero_is_below():
    (line,) = [one.get("d") for one in drawn() if one.get("stroke-width") and one.get("d")]
    numbers = [tuple(map(float, pair)) for pair in re.findall(r"([0-9.]+) ([0-9.]+)", line or "")]
    assert [numbers[0][0], numbers[-1][0]] == [LEFT, WIDTH - RIGHT]
    heights = [at for _, at in numbers]
    assert max(heights) == heights[-1]
    assert heights[0] - heights[1] > BAND / 3


def test_a_stripe_is_as_wide_as_it_lasted():
    (stripe,) = [one for one in drawn() if one.tag == "rect"]
    whole = WIDTH - LEFT - RIGHT
    assert float(stripe.get("width", "0")) == whole / 4
    assert float(stripe.get("x", "0")) == LEFT + whole / 4
    assert float(stripe.get("y", "0")) == TOP
