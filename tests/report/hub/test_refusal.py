# SPDX-License-Identifier: Apache-2.0
"""Every reason code has a consequence, and those that people must know of a sentence."""

import pytest

from edge.report.event import Class
from edge.report.hub import refusal
from edge.report.hub.refusal import What


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        (0x00, What.TAKEN),
        (0x10, What.HOLD),
        (0x80, What.LATER),
        (0x83, What.ASIDE),
        (0x87, What.STOP),
        (0x90, What.LATER),
        (0x91, What.LATER),
        (0x95, What.HALVE),
        (0x97, What.HOLD),
        (0x99, What.ASIDE),
    ],
)
def test_what_follows(reason: int, what: What) -> None:
    assert refusal.act(reason).what is what


def test_no_code_is_passed_over_in_silence() -> None:
    for reason in range(256):
        act = refusal.act(reason)
        quiet = act.what in {What.TAKEN, What.HALVE} or reason == 0x10
        assert bool(act.alarm) != quiet
        assert bool(act.text(Class.BLOCK, reason)) != quiet
        assert not act.alarm or act.alarm in refusal.OF_A_CONNECTION


def test_the_sentence_names_class_and_code() -> None:
    said = refusal.act(0x99).text(Class.METRIC, 0x99)
    assert "metric" in said
    assert "0x99" in said
