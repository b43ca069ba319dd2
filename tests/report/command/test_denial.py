# SPDX-License-Identifier: Apache-2.0
"""What is not genuine is recorded once, so many an hour, and the rest as a number."""

import pytest

from edge.report.command.denial import MOST_RECORDED, MOST_REMEMBERED, WITHIN_S, Denials
from edge.report.command.signed import Denied, Why

ID = "00000000-0000-4000-8000-000000000000"
NO = Denied(Why.WRONG_KEY, "is signed by nobody")


@pytest.fixture
def said():
    return []


@pytest.fixture
def denials(said):
    return Denials(lambda fields: said.append(fields) or True)


def test_the_same_octets_get_the_same_answer(denials, said):
    assert denials.again("a") is None
    answer = denials.answer("a", ID, NO, 0)
    assert denials.again("a") == answer
    assert (answer.id, answer.state, answer.data) == (ID, "refused", {"why": "wrong-key"})
    assert [one["text"] for one in said] == ["wrong-key: is signed by nobody"]


def test_only_the_last_are_remembered(denials):
    for number in range(MOST_REMEMBERED + 1):
        denials.answer(str(number), ID, NO, 0)
    assert denials.again("0") is None
    assert denials.again("1") is not None


def test_a_flood_is_recorded_as_a_number(denials, said):
    for number in range(MOST_RECORDED + 5):
        denials.answer(str(number), ID, NO, 1000)
    denials.not_read(1000 + WITHIN_S - 1)
    assert (len(said), denials.unread) == (MOST_RECORDED, 1)
    denials.not_read(1000 + WITHIN_S)
    assert [one["text"] for one in said[MOST_RECORDED:]] == [
        "6 more commands that were not genuine", "not a command: no id can be read",
    ]  # fmt: skip


def test_a_clock_that_steps_back_does_not_silence(denials, said):
    for number in range(MOST_RECORDED):
        denials.answer(str(number), ID, NO, 10_000)
    denials.not_read(10)
    assert len(said) == MOST_RECORDED + 1
