# SPDX-License-Identifier: Apache-2.0
"""What comes, as it comes, to a browser that keeps its connection (server-sent events, HTML 9.2).

Once a second it is looked at anew; whoever is no longer signed in is sent nothing more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus
from typing import Any, Generic, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from edge.console.house import HouseT_co, Visit

EVERY_S = 1.0
MOST = 60
"Watchers at once; one more is told to come again later, and loads the page anew meanwhile."
HEARTBEAT = b": here\n\n"
EVERY_BEAT = 15
"Looks without news until the other side is told that we are still there."


class Row(Protocol):
    """What is shown in a line: a struct of texts."""

    @property
    def key(self) -> str:
        """What tells it from others."""


class Streams(Generic[HouseT_co]):
    """All who watch."""

    def __init__(
        self, desk: HouseT_co, rows_of: Callable[[Visit[HouseT_co]], Sequence[Row]]
    ) -> None:
        """Show what `rows_of` finds, the latest first."""
        self._desk = desk
        self._rows_of: Any = rows_of
        self._watching = 0

    async def answer(self, request: Request) -> Response:
        """Answer a browser that wants to be told."""
        visit = await asyncio.to_thread(lambda: Visit(self._desk, request, touch=False))
        if visit.person is None:
            return PlainTextResponse("", HTTPStatus.FORBIDDEN.value)
        if self._watching >= MOST:
            return PlainTextResponse("", HTTPStatus.SERVICE_UNAVAILABLE.value)
        return StreamingResponse(self._tell(request), media_type="text/event-stream")

    async def _tell(self, request: Request) -> AsyncIterator[bytes]:
        self._watching += 1
        told: dict[str, Row] = {}
        quiet = 0
        try:
            yield HEARTBEAT
            while not self._desk.is_ending:
                rows = await asyncio.to_thread(self._rows, request)
                if rows is None:
                    return
                news = [row for row in reversed(rows) if told.get(row.key) != row]
                told = {row.key: row for row in rows}
                if news:
                    yield b"data: " + msgspec.json.encode(news) + b"\n\n"
                quiet = 0 if news else quiet + 1
                if quiet % EVERY_BEAT == EVERY_BEAT - 1:
                    yield HEARTBEAT
                await asyncio.sleep(EVERY_S)
        finally:
            self._watching -= 1

    def _rows(self, request: Request) -> Sequence[Row] | None:
        """Return what is the latest; None if who asks is signed in no longer."""
        visit = Visit(self._desk, request, touch=False)
        return self._rows_of(visit) if visit.person else None
