# SPDX-License-Identifier: Apache-2.0
"""A box whose disk is full when its processes start: they do, say so, and mend themselves."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.report.outbox.scribe import CRAMPED
from hil.hub.fleet import members
from hil.loopback import free_port
from tests.flows.house import NODE, House, house, until
from tests.small_core import SPOOFED, hep, invite
from tests.small_disk import fill, small_disk

pytestmark = [pytest.mark.root, pytest.mark.peer("mosquitto", "mount", "umount")]

DISK = 64 << 20
TRUNK = '[trunk.intl]\nclass = "international"\nmode = "enforce"\n'


@pytest.fixture
def one(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made, small_disk(made.state, DISK):
        try:
            yield made
        finally:
            made.close()


def alarms(one: House) -> list[str]:
    """Return the alarms of the box, as the hub knows them."""
    return next((member.alarms for member in members(one.store) if member.node == NODE), [])


def test_both_processes_start_on_a_full_disk_and_mend_themselves(one: House) -> None:
    port = free_port()
    one.write_config(f'[tap.mirror]\ndriver = "hep"\nport = {port}\n{TRUNK}')
    parts = (one.core, one.uplink)
    for part in (one.broker, one.hub, *parts):
        part.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch:

        def is_told(call: str) -> bool:
            switch.sendto(hep(invite(SPOOFED, call)), ("127.0.0.1", port))
            return any(event["call"] == call for event in one.kinds("verdict"))

        until(lambda: is_told("before"), "the hub hears of a call")
        for part in parts:
            part.kill()
        for ballast in one.state.rglob("*.ballast"):
            ballast.unlink()  # as an earlier life gave it up
        filled = fill(one.state)
        for part in parts:
            part.start()
        until(lambda: CRAMPED in alarms(one), "the box is back, and says what is the matter")
        filled.unlink()
        until(lambda: is_told("after"), "the hub hears of another call")
    assert [part.stop() for part in parts] == [0, 0]
