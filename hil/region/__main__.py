# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.region`: a region with traffic, to be left running and watched. Needs root.

The box beside it is the built image in QEMU, or with `--core` the process of this checkout.
"""

import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.live import Live

from edge import clock
from edge.errors import ConfigError
from hil.region import traffic
from hil.region.beside import Beside
from hil.region.e1 import Exchange
from hil.region.machine import in_qemu
from hil.region.serial import Pty
from hil.region.show import Sides, Told, picture
from hil.region.tables import SWITCH
from hil.region.world import Region, region

LOOK_S = 0.5
LEAST_WIDTH = 100
AtWork: TypeAlias = tuple[Region, Exchange, Callable[[], Told]]


@contextmanager
def beside(folder: Path, *, pbx: bool) -> Iterator[AtWork]:
    """Have the process `core` of this checkout as the box."""
    with region(folder, taps=False, pbx=pbx) as made, ExitStack() as stack:
        probe, port = Pty(), Pty()
        exchange = Exchange(probe, port)
        stack.callback(exchange.close)
        box = Beside(made, probe.port, port.port)

        def told() -> Told:
            rows = [{**one, "result": one["outcome"]} for one in box.outcomes()]
            return Told("core of this checkout", rows, f"its files: {box.folder}")

        yield made, exchange, told


def main(
    *,
    core: Annotated[bool, typer.Option("--core", help="The process of this checkout.")] = False,
    pbx: Annotated[bool, typer.Option("--pbx", help="An Asterisk too, with --core.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=200, help="SIP calls a second.")] = 3,
    seconds: Annotated[float, typer.Option(min=0, help="End after so long; 0: never.")] = 0,
    keep: Annotated[Path | None, typer.Option(help="Folder where all is written and left.")] = None,
) -> None:
    """Have a region at work, and show it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell had it ignored
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    folder = (keep or Path(tempfile.mkdtemp(prefix="region-"))).resolve()
    try:
        with beside(folder, pbx=pbx) if core else in_qemu(folder, console.print) as at_work:
            _watch(console, at_work, rate, seconds)
    except KeyboardInterrupt:
        console.print("\nEnded: callers, switch, phones, box.")
    except ConfigError as wrong:
        sys.stderr.write(f"region: {wrong}\n")
        raise typer.Exit(1) from wrong
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _watch(console: Console, at_work: AtWork, rate: float, seconds: float) -> None:
    """Show the region until somebody ends it, or for so long."""
    made, exchange, told = at_work
    console.width = max(console.width, LEAST_WIDTH)
    end_s = clock.monotonic_s() + seconds if seconds else float("inf")
    callers, pause = [traffic.begin(made, rate)], threading.Event()
    if made.second != SWITCH:
        callers.append(traffic.begin(made, rate / 2, second=True))
    try:
        with traffic.on_e1(exchange), Live(console=console, auto_refresh=False) as live:
            while clock.monotonic_s() < end_s and callers[0].process.poll() is None:
                sides = Sides(made.watcher.calls(), exchange.counts(), made.watcher.missed)
                live.update(picture(sides, told(), rate), refresh=True)
                pause.wait(LOOK_S)
    finally:
        for one in callers:
            one.stop()


if __name__ == "__main__":
    typer.run(main)
