# SPDX-License-Identifier: Apache-2.0
"""The machine is started anew by logind, or by whoever waits for the file."""

from pathlib import Path

import pytest

from edge.errors import DriverLost
from edge.update.power import LOGIND, REBOOT, Logind
from tests.twins.rauc import Twin, private_bus

pytestmark = [pytest.mark.peer("dbus-daemon"), pytest.mark.asyncio]


async def test_logind_is_asked_and_no_file_is_left(tmp_path: Path) -> None:
    with private_bus(tmp_path) as address:
        async with Twin(address, LOGIND) as twin:
            await Logind(tmp_path, address).reboot()
            assert twin.reboots == 1
    assert not (tmp_path / REBOOT).exists()


async def test_where_logind_is_not_there_a_file_is_left(tmp_path: Path) -> None:
    with private_bus(tmp_path) as address:
        await Logind(tmp_path, address).reboot()
    assert (tmp_path / REBOOT).exists()


async def test_where_nobody_does_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(DriverLost, match="nobody starts this machine anew"):
        await Logind(tmp_path / "none", "unix:path=/nowhere").reboot()
