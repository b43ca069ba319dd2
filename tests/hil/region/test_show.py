# SPDX-License-Identifier: Apache-2.0
"""The screen of a region that is left running."""

from rich.console import Console

from hil.region.show import Sides, Told, picture
from hil.region.tables import ABROAD, BOX, CONTROL, SWITCH
from hil.region.watch import Message, Seen

MS = 1_000_000


def shown(sides: Sides, told: Told) -> str:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(picture(sides, told, 3))
    console.file.close()
    return console.export_text()


def call(*said: tuple[int, str, str, str]) -> Seen:
    messages = [
        Message(at * MS, source, destination, label, "c", "+1", "+2", "INVITE")
        for at, source, destination, label in said
    ]
    return Seen("c", "+447700900101", "77172000001", messages)


def test_calls_stops_and_both_sums() -> None:
    stopped = call(
        (0, ABROAD, SWITCH, "INVITE"), (9, SWITCH, ABROAD, "603 Decline"),
    )  # fmt: skip
    diverted = call(
        (0, ABROAD, SWITCH, "INVITE"), (5, BOX, CONTROL, "302 Moved Temporarily"),
        (9, SWITCH, ABROAD, "180 Ringing"),
    )  # fmt: skip
    told = Told("a box", [{"result": "stopped", "text": "stopped: +447700900101, heard 603"}])
    text = shown(Sides([stopped, diverted], {"ended": 2, "stopped": 1}, 7), told)
    assert "SIP: 2 calls  diverted 1  stopped 1, 7 frames not seen" in text
    assert "E1:  3 calls  ended 2  stopped 1" in text
    assert "box: stopped 1" in text
    assert "9 ms" in text
    assert "+447700900101, heard 603" in text


def test_nothing_yet() -> None:
    assert "box: nothing yet" in shown(Sides([], {}, 0), Told("a box", []))
