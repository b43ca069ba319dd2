# SPDX-License-Identifier: Apache-2.0
"""What both signallings share; the ladders of `test_isup` and `test_q931` drive the rest."""

from edge.call.seizure import content_of
from tests.call.circuit_talk import IAM, Q931, SETUP, A, B, Isup, isup_message, rel
from tests.call.sip_talk import NS


def test_the_same_content_is_told_from_another() -> None:
    assert content_of(isup_message(IAM, at=1)) == content_of(isup_message(IAM, B, 9, 2))
    assert content_of(isup_message(IAM)) != content_of(isup_message(rel()))


def test_the_seizures_of_a_circuit_are_numbered() -> None:
    isup = Isup()
    for attempt in (1, 2, 3):
        assert isup.hear(IAM) == [f"offered {attempt}"]
        isup.hear(rel())


def test_a_call_is_found_by_every_key_until_it_is_over() -> None:
    talk = Q931()
    talk.hear(SETUP)
    calls = talk.calls.calls
    call = calls.find(("e1/1:16", "network", 7))
    assert call is not None
    assert calls.find(("nothing",), ("e1/1:16", 3)) is call
    calls.place(call, ("e1/1:16", 4))
    assert calls.find(("e1/1:16", 4)) is call
    talk.wait(300)
    assert calls.find(*call.keys) is None


def test_who_is_over_is_not_up_but_remembered() -> None:
    isup = Isup()
    isup.hear(IAM)
    assert (isup.calls.calls.up, len(isup.calls.calls)) == (1, 1)
    isup.hear(rel())
    assert (isup.calls.calls.up, len(isup.calls.calls)) == (0, 1)


def test_a_call_touched_late_is_patient_anew() -> None:
    isup = Isup()
    isup.hear(IAM)
    call = isup.calls.calls.find((2, A, B, 5))
    assert call is not None
    isup.calls.calls.touch(call, 200 * NS)
    assert isup.wait(300) == []
    assert isup.wait(199) == ["released idle by us"]
