# SPDX-License-Identifier: Apache-2.0
"""The three sockets in the wall: a Tap hears, a Gate is asked, an Enforcer is told.

Drivers import these words, not a parent class. Each driver module offers one `DRIVER`, found by
entry point (`qalqan.taps`, `qalqan.gates`, `qalqan.enforcers`) and imported only when named.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar

import msgspec
from pydantic import BaseModel

from edge.model.answer import Answer
from edge.model.event import CallOffered
from edge.model.message import Message
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


class Order(msgspec.Struct, frozen=True):
    """What a switch is told. Idempotent by `id`: told twice, it is answered alike and done once."""

    id: str
    call: CallOffered
    verdict: Verdict
    answer: Answer
    deadline_ns: int
    "Epoch time after which the call goes through; nothing is told to a switch any more."


class Receipt(msgspec.Struct, frozen=True):
    """What the switch said to an order; not yet proof that the call stopped."""

    order: str
    accepted: bool
    answer: str
    "In the switch's words, or ours where it has none: a line for people."


Decide = Callable[[Message], Answer]
"""The house's answer to the message that offers a call, found in the same tick: it awaits nothing.

The message says by `unit.tap` which gate asks, by `flow.source` from where the switch heard it."""


class Gate(Protocol):
    """Is asked before the call goes on."""

    counts: Counter[str]
    "What it was asked and what it did; never decreases."

    async def serve(self, decide: Decide) -> None:
        """Answer until cancelled. Raises `DriverLost` if the port is gone.

        Whatever goes wrong in asking, the answer is to go on.
        """

    async def close(self) -> None:
        """Give the port back. May be called twice."""


class Enforcer(Protocol):
    """Is told."""

    async def enforce(self, order: Order) -> Receipt:
        """Tell the switch, and nothing about any other call; several orders may be under way.

        Raises `EnforceError` if the switch cannot do it (no such call, refused), `DriverLost` if
        the switch is gone: in both cases, and after the deadline, the call goes through.
        """

    async def watch(self) -> None:
        """Wait until the switch is lost. Raises `DriverLost`; the supervisor opens it again."""

    async def close(self) -> None:
        """Let the switch go. May be called twice."""


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
