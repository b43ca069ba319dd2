# SPDX-License-Identifier: Apache-2.0
"""Has the logs of this box signed as they grow, and keeps the hub's signatures under them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from math import inf

from edge import clock
from edge.errors import InputError
from edge.evidence.checkpoint import LogChanged, Signer
from edge.report.event import Class, Event, Moment
from edge.report.message import Cosigned
from edge.report.outbox.outbox import Kept

LOOK_EVERY_S = 1.0
CHECK_EVERY_S = 3600.0
"How often a log is read from its beginning: a leaf may be changed while we run."
RECORD_S = 5.0
"How long the disk is waited for at the end."


class Signatures:
    """The checkpoints of all logs, by the origin that each has."""

    def __init__(
        self,
        signers: Mapping[str, Signer],
        record: Callable[[Event], Future[Kept]],
        moment: Callable[[], Moment],
        stand: Callable[[str, str], object],
    ) -> None:
        """Report checkpoints by `record`; `stand` raises an alarm, an empty text ends it."""
        self._signers = signers
        self._record = record
        self._recorded: list[Future[Kept]] = []
        self._moment = moment
        self._stand = stand
        self._checked_s = clock.monotonic_s()
        self._alone = asyncio.Lock()
        self._came: list[Cosigned] = []

    def cosigned(self, signatures: Sequence[Cosigned]) -> None:
        """Take the hub's signatures; they are kept at the next look."""
        self._came += signatures

    async def forever(self) -> None:
        """Look at the logs again and again."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def finish(self) -> None:
        """Sign what there is, due or not, on disk before this returns: the process is to end."""
        await self.look()
        await self.look(inf)
        if self._recorded:
            await asyncio.wait([*map(asyncio.wrap_future, self._recorded)], timeout=RECORD_S)

    async def look(self, now_s: float | None = None) -> None:
        """Sign what has grown, and keep what the hub has signed; files are read in a thread."""
        now_s = clock.monotonic_s() if now_s is None else now_s
        check = CHECK_EVERY_S <= now_s - self._checked_s < inf
        if check:
            self._checked_s = now_s
        came, self._came = self._came, []
        self._recorded = [one for one in self._recorded if not one.done()]
        async with self._alone:
            for event in await asyncio.to_thread(self._look, came, now_s, check=check):
                self._recorded.append(self._record(event))

    def _look(self, came: Sequence[Cosigned], now_s: float, *, check: bool) -> list[Event]:
        for one in came:
            signer = self._signers.get(one.origin)
            if signer and (why := signer.countersign(one.size, one.signature)):
                self._stand(f"{one.origin}.cosignature", why)
            elif signer:
                self._stand(f"{one.origin}.cosignature", "")
        found = [self._sign(*item, now_s, check=check) for item in self._signers.items()]
        return [event for event in found if event]

    def _sign(self, origin: str, signer: Signer, now_s: float, *, check: bool) -> Event | None:
        try:
            if check:
                signer.check()
            fields = signer.sign(now_s)
        except (LogChanged, InputError) as error:
            self._stand(f"{origin}.log", str(error))
            return None
        self._stand(f"{origin}.log", "")
        return Event(Class.AUDIT, "checkpoint", self._moment(), dict(fields)) if fields else None

    def sizes(self) -> dict[str, int]:
        """Return how many leaves of each log the hub has signed for."""
        return {origin: signer.cosigned for origin, signer in self._signers.items()}

    def close(self) -> None:
        """Close their files."""
        for signer in self._signers.values():
            signer.close()
