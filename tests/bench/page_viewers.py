# SPDX-License-Identifier: Apache-2.0
"""People who watch the page: each is signed in, is told of calls, and has what changes loaded anew.

python -m tests.bench.page_viewers PORT COUNT: says `ready` when all watch, and at SIGTERM what
became of it, as JSON.
"""

import asyncio
import json
import signal
import sys
from time import perf_counter

from tests.console.site_house import PASSWORD, Browser

NAME = "viewer"
EVERY_S = 5.0
"As the script of the page has it."
LONGEST_LINE = 1 << 20


class Viewers:
    """All of them, from one process."""

    def __init__(self, port: int) -> None:
        """Watch the page at a port."""
        self._port = port
        self._watching = 0
        self._all_watch = asyncio.Event()
        self.told = 0
        "Messages of the stream."
        self.loaded_ms: list[float] = []
        self.refused = 0

    def sign_in(self) -> str:
        """Sign in one more; returns what their browser sends from then on."""
        browser = Browser(self._port)
        browser.get("/sign-in")
        answer = browser.post("/sign-in", name=NAME, password=PASSWORD)
        assert answer.status == 303, answer.words
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    async def forever(self, cookies: list[str]) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(cookies):
                group.create_task(self._listen(one, len(cookies)))
                group.create_task(self._reload(one, EVERY_S * number / len(cookies)))
            await self._all_watch.wait()
            print("ready", flush=True)

    async def _listen(self, cookies: str, of: int) -> None:
        reader, _ = await self._asked("/calls", cookies)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        self._watching += 1
        if self._watching == of:
            self._all_watch.set()
        while line := await reader.readline():
            self.told += line.startswith(b"data: ")
        self.refused += 1  # it ends for none of them

    async def _reload(self, cookies: str, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        while True:
            began = perf_counter()
            reader, writer = await self._asked("/live", cookies, "Connection: close\r\n")
            whole = await reader.read()
            writer.close()
            self.refused += not whole.startswith(b"HTTP/1.1 200")
            self.loaded_ms.append((perf_counter() - began) * 1000)
            await asyncio.sleep(EVERY_S)

    async def _asked(
        self, path: str, cookies: str, more: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection("127.0.0.1", self._port, limit=LONGEST_LINE)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {cookies}\r\n"
        streams[1].write(f"{head}{more}\r\n".encode())
        return streams


async def main(port: int, count: int) -> None:
    """Watch until SIGTERM."""
    viewers = Viewers(port)
    cookies = [viewers.sign_in() for _ in range(count)]
    watching = asyncio.ensure_future(viewers.forever(cookies))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, watching.cancel)
    try:
        await watching
    except asyncio.CancelledError:
        took = sorted(viewers.loaded_ms)
        print(json.dumps({
            "told": viewers.told, "loaded": len(took), "refused": viewers.refused,
            "load_p99_ms": took[len(took) * 99 // 100] if took else None,
        }))  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
