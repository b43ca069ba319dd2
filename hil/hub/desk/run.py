# SPDX-License-Identifier: Apache-2.0
"""Shows the desk until it is stopped: beside the hub's own processes, on the same database."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge import clock
from edge.console import first_code
from edge.console.serve import Ends, Tls, serve
from edge.counting import Numbers
from edge.process.service import signals
from hil.hub.desk.office import Means, Office
from hil.hub.desk.site import site_of

NS = 10**9
Say = Callable[[str], object]


def run(means: Means, listen: str, tls: Tls | None, say: Say) -> None:
    """Show it at an address. Raises `QalqanError`."""
    office = Office(means, tls=tls is not None)
    if not office.people.all():
        tell_code(office.folder, say)
    asyncio.run(_show(office, listen, tls, say))


def tell_code(folder: Path, say: Say) -> None:
    """Make the code of the first engineer. Raises `InputError`."""
    code = first_code.make(folder, clock.now_ns() // NS)
    say(f"{code}\nwithin an hour, at the desk: /first")


async def _show(office: Office, listen: str, tls: Tls | None, say: Say) -> None:
    def ending() -> None:
        office.is_ending = True

    def opened(places: list[str]) -> None:
        for place in places:
            say(f"{'https' if tls else 'http'}://{place}/")

    site, ends = site_of(office, Numbers()), Ends(opened, ending)
    running = asyncio.ensure_future(  # noqa: TID251 - awaited below
        serve(site, listen, tls, ends, "--listen")
    )
    with signals(stop=running.cancel, reload=lambda: None), suppress(asyncio.CancelledError):
        await running
