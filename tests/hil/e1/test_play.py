# SPDX-License-Identifier: Apache-2.0
"""What the player sends is what a probe would, in its order and at its pace."""

from drivers.taps.e1_serial.wire import Reader, Record
from hil.e1.play import CALLS, lines, played
from hil.e1.probe import A_TO_B, B_TO_A, Probe


def test_both_directions_of_every_call() -> None:
    sent: list[bytes] = []
    probe, bits = Probe(sent.append), lines("q931")
    blocks = len(list(played(probe, bits)))
    assert probe.ticks == blocks * 160
    records = [record for octets in sent for record in Reader().feed(octets)]
    assert all(isinstance(record, Record) for record in records)
    assert {record.direction for record in records} == {A_TO_B, B_TO_A}
    sequences = [record.sequence for record in records]
    assert sequences == list(range(len(records)))
    forth = b"".join(record.payload for record in records if record.direction == A_TO_B)
    assert len(forth) == -(-len(bits[0]) // 8)


def test_lines_of_both_signallings_differ() -> None:
    assert len(CALLS) == 4
    assert lines("isup") != lines("q931")
