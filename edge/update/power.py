# SPDX-License-Identifier: Apache-2.0
"""Has the machine started anew: by logind, or by a unit that waits for a file. Implements `Power`.

logind asks polkit, and an image without it lets nobody but root: then `qalqan-reboot.path` sees the
file, and that is all that `uplink` may have of root.
"""

from pathlib import Path

from edge.errors import DriverLost
from edge.update.rauc import BusError, Call, called, opened

REBOOT = "reboot"
"File in the folder of updates; the unit removes it before it starts the machine anew."
LOGIND = "org.freedesktop.login1"


class Logind:
    """Asks logind, and where that does not do it, leaves the file."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        """Leave the file in `folder`; find logind on the system's bus, or on another one."""
        self._file = folder / REBOOT
        self._address = address

    async def reboot(self) -> None:
        """Ask for it. Raises `DriverLost`."""
        call = Call(LOGIND, "/org/freedesktop/login1", f"{LOGIND}.Manager", "Reboot")
        try:
            async with opened(self._address) as bus:
                await called(bus, call, "b", [False])
        except (BusError, DriverLost):
            try:
                self._file.touch()
            except OSError as error:
                raise DriverLost(f"nobody starts this machine anew: {error}") from error
