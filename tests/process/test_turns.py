# SPDX-License-Identifier: Apache-2.0
"""Turns are short while calls are decided, and as they were when that is over."""

import sys

import pytest

from edge.process.turns import TURN_S, short_turns


def test_turns_are_short_and_then_as_before() -> None:
    before = sys.getswitchinterval()
    assert before > TURN_S
    with short_turns():
        assert sys.getswitchinterval() == pytest.approx(TURN_S)
    assert sys.getswitchinterval() == before
