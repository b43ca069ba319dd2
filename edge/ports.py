# SPDX-License-Identifier: Apache-2.0
"""The three sockets in the wall: a Tap hears, a Gate is asked, an Enforcer is told.

Drivers import these words, not a parent class. Each driver module offers one `DRIVER`, found by
entry point (`qalqan.taps`, `qalqan.gates`, `qalqan.enforcers`) and imported only when named.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar

import msgspec
from pydantic import BaseModel

from edge.model.event import CallOffered
from edge.model.unit import Unit
from edge.model.verdict import Verdict


class Losses(msgspec.Struct, frozen=True):
    """What was lost below a tap since it was opened, by cause; counts never decrease."""

    by_cause: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> int:
        """Units lost, all causes."""
        return sum(count for _, count in self.by_cause)


class Tap(Protocol):
    """Hears."""

    async def read(self) -> Sequence[Unit]:
        """Return the next units, oldest first; empty means the tap has ended for good.

        Yields to the event loop at least once a call. Raises `DriverLost` if the device is gone.
        """

    def lost(self) -> Losses:
        """Return what was lost below this tap since it was opened."""

    async def close(self) -> None:
        """Give the device back. May be called twice."""


class Receipt(msgspec.Struct, frozen=True):
    """What the switch said to an order; not yet proof that the call stopped."""

    order: str
    accepted: bool
    answer: str


class Order(msgspec.Struct, frozen=True):
    """What a switch is told. Idempotent by `id`."""

    id: str
    call: CallOffered
    verdict: Verdict
    deadline_ns: int


class Gate(Protocol):
    """Is asked before the call goes on."""

    async def serve(self, decide: Callable[[CallOffered], Verdict]) -> None:
        """Answer until cancelled. `decide` is a plain function and answers in the same tick."""


class Enforcer(Protocol):
    """Is told."""

    async def enforce(self, order: Order) -> Receipt:
        """Tell the switch. A timeout or `EnforceError` means that the call goes through."""


class Trait(Enum):
    """What a driver's table row in `drivers/README.md` and `qalqan drivers` may claim."""

    OFFLINE = "offline"
    "Reads what was recorded; ends."
    LIVE = "live"
    "Hears what happens now."


ConfigT = TypeVar("ConfigT", bound=BaseModel)
PartT_co = TypeVar("PartT_co", covariant=True)


class Driver(msgspec.Struct, Generic[ConfigT, PartT_co], frozen=True):
    """What a driver module offers under the name `DRIVER`."""

    name: str
    config: type[ConfigT]
    "A pydantic model, `extra=forbid`, ranges at the fields; becomes a table of the TOML file."
    open: Callable[[str, ConfigT], Awaitable[PartT_co]]
    "Opens the device under the given name. Raises `DriverLost` if it cannot be had now."
    summary: str
    "One sentence for `qalqan drivers`."
    trait: Trait = Trait.LIVE
