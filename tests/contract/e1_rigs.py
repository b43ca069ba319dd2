# SPDX-License-Identifier: Apache-2.0
"""How E1 taps are made to hear, and to lose their device: by the twins of what they listen to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from edge.ports import Tap
from hil.e1.probe import A_TO_B, B_TO_A, with_crc
from tests.twins.e1_probe import PtyProbe
from tests.twins.gth import Gth
from tests.twins.osmo_e1d import OsmoE1d


class Twin(Protocol):
    def close(self) -> None: ...


class TwinRig:
    """The four functions of a rig around one twin, which is made when a tap is about to open."""

    def __init__(
        self,
        make: Callable[[Path], Twin],
        settings: Callable[[Any], dict[str, Any]],
        hear: Callable[[Any], None],
    ) -> None:
        self._make = make
        self._settings = settings
        self._hear = hear
        self._twin: Any = None

    def settings(self, folder: Path) -> dict[str, Any]:
        self._twin = self._make(folder)
        return self._settings(self._twin)

    def hear(self, _tap: Tap) -> None:
        self._hear(self._twin)

    def vanish(self, _tap: Tap) -> None:
        self._twin.close()

    @contextmanager
    def place(self) -> Iterator[None]:
        yield
        self._twin.close()


def two_records(probe: PtyProbe) -> None:
    for direction in (A_TO_B, B_TO_A):
        probe.raw(1, 16, direction, b"\x7e" * 160)


def two_blocks(daemon: OsmoE1d) -> None:
    for line in (0, 1):
        daemon.raw(line, 16, b"\x7e" * 160)


def two_frames(gth: Gth) -> None:
    for tag in (0, 1):
        gth.hear(tag, with_crc(b"\xff\xff\x00"))


E1_RIGS = {
    "e1_serial": TwinRig(lambda _: PtyProbe(), lambda probe: {"port": probe.port}, two_records),
    "gth": TwinRig(
        lambda _: Gth(),
        lambda gth: {
            "host": "127.0.0.1",
            "port": gth.port,
            "links": [{"a_to_b": "1A", "b_to_a": "2A"}],
        },
        two_frames,
    ),
    "osmo_e1d": TwinRig(OsmoE1d, lambda daemon: {"control": daemon.control}, two_blocks),
}
