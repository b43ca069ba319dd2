# SPDX-License-Identifier: Apache-2.0
"""Every message that the generator can make is one to tshark, with the fields that were meant."""

import subprocess
from pathlib import Path

import pytest

from hil.e1.calls import (
    NATIONAL,
    Call,
    Link,
    Number,
    isup_frames,
    isup_messages,
    q931_frames,
    q931_messages,
    timeslots,
)
from hil.e1.capture import LAPD, MTP2, pcap

CALL = Call(
    Number("442079460123"),
    Number("7172000001", NATIONAL),
    redirecting=Number("447700900456"),
    generic=Number("12025550123", screening=0),
)
OVERLAP = Call(Number("442079460123"), Number("77172000001"), overlap=3, answered=False, cause=21)


def tshark(path: Path, *fields: str) -> list[list[str]]:
    command = ["tshark", "-r", str(path), "-T", "fields"]
    command += [word for field in fields for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.peer("tshark")
def test_isup(tmp_path: Path) -> None:
    path = tmp_path / "isup.pcap"
    steps = isup_frames([(CALL, Link(cic=17)), (OVERLAP, Link(cic=18))])
    path.write_bytes(pcap(MTP2, (step.octets for step in steps)))
    rows = tshark(
        path, "isup.message_type", "isup.cic", "mtp3.opc", "mtp3.dpc", "mtp2.fsn", "mtp2.bsn",
        "_ws.malformed",
    )  # fmt: skip
    types = [int(row[0], 0) for row in rows]
    assert types == [1, 6, 44, 9, 12, 16, 1, 2, 2, 2, 12, 16]
    assert {row[1] for row in rows[:6]} == {"17"}
    ends = {0: ["2057", "4114"], 1: ["4114", "2057"]}
    assert [row[2:4] for row in rows] == [ends[step.side] for step in steps]
    assert [row[4] for row, step in zip(rows, steps, strict=True) if not step.side] == [
        str(n) for n in range(sum(not step.side for step in steps))
    ]
    assert {row[6] for row in rows} == {""}


@pytest.mark.peer("tshark")
def test_numbers_of_an_iam(tmp_path: Path) -> None:
    path = tmp_path / "iam.pcap"
    path.write_bytes(pcap(MTP2, [isup_frames([(CALL, Link())])[0].octets]))
    shown = subprocess.run(
        ["tshark", "-r", str(path), "-V", "-O", "isup"], capture_output=True, text=True, check=True
    ).stdout
    for digits in ("442079460123", "7172000001", "447700900456", "12025550123"):
        assert digits in shown.replace(" ", "")
    for parameter in ("Calling party number", "Redirecting number", "Generic number"):
        assert parameter in shown
    assert "Malformed" not in shown


@pytest.mark.peer("tshark")
def test_q931(tmp_path: Path) -> None:
    path = tmp_path / "q931.pcap"
    steps = q931_frames([CALL, OVERLAP])
    path.write_bytes(pcap(LAPD, (step.octets for step in steps)))
    rows = tshark(
        path, "q931.message_type", "q931.calling_party_number.digits",
        "q931.called_party_number.digits", "q931.cause_value", "_ws.malformed",
    )  # fmt: skip
    messages = [row for row in rows if row[0]]
    types = [int(row[0], 0) for row in messages]
    assert types[:8] == [5, 2, 1, 7, 15, 0x45, 0x4D, 0x5A]
    assert types[8:] == [5, 0x0D, 0x7B, 0x7B, 0x7B, 0x45, 0x4D, 0x5A]
    assert (messages[0][1], messages[0][2]) == ("442079460123", "7172000001")
    assert "".join(row[2] for row in messages[8:13]) == "77172000001"
    assert [int(row[3]) for row in messages if row[3]] == [16, 21]
    assert {row[4] for row in rows} == {""}
    assert len(rows) == 2 * len(messages)  # each acknowledged


def test_a_call_has_two_sides() -> None:
    for messages in (isup_messages(CALL), q931_messages(CALL)):
        sides = [step.side for step in messages]
        assert (sides[0], set(sides)) == (0, {0, 1})


def test_both_directions_run_at_the_same_pace() -> None:
    forth, back = timeslots(isup_frames([(CALL, Link())]), octets_apart=100)
    assert abs(len(forth) - len(back)) < 16
    assert len(forth) > 6 * 100 * 8
