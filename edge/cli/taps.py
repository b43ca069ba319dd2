# SPDX-License-Identifier: Apache-2.0
"""`qalqan taps watch`: what every tap hears, now. Nothing is decided, kept or told to anybody."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from edge import clock, config as config_file, plugins
from edge.cli import jsonlines
from edge.cli.options import ConfigFile
from edge.cli.printable import printable
from edge.decode.signalling import Signalling
from edge.errors import ConfigError, mendable
from edge.model.message import Malformed, Message
from edge.model.unit import Unit
from edge.ports import Losses, Tap
from edge.process.supervise import Supervised
from edge.settings.keys import Part

DRAW_EVERY_S = 0.5
MOST_TYPES = 6
"Kinds of message shown of a tap."
COLUMNS = ("tap", "state", "units/s", "kbit/s", "messages", "unread", "lost", "channels")

app = typer.Typer(help="What the taps hear.", no_args_is_help=True)


class Watched:
    """One tap: what was heard since it was opened, and in the last moments."""

    def __init__(self, name: str, part: Part) -> None:
        """Prepare to hear."""
        self.name = name
        self.supervised = Supervised(name, self._hear)
        self.ended = False
        self.units = self.octets = self.malformed = 0
        self.messages: Counter[str] = Counter()
        self.channels: dict[str, str] = {}
        "By channel and direction: what it carries, its alarms."
        self.lost: Mapping[str, int] = {}
        self._part = part
        self._decoder = Signalling()
        self._before = (clock.monotonic_s(), 0, 0)

    async def _hear(self) -> None:
        """Hear until the tap ends. Raises `DriverLost` if its device goes away."""
        tap: Tap = await plugins.load("taps", self._part.driver).open(
            self.name, self._part.settings
        )
        try:
            while units := await tap.read():
                self.take(units, tap.lost())
        finally:
            await tap.close()
        self.ended = True

    def take(self, units: Sequence[Unit], lost: Losses) -> None:
        """Count what was heard, and what was lost below the tap."""
        for unit in units:
            self.units += 1
            self.octets += len(unit.data)
            for message in self._decoder.feed(unit):
                self._count(message)
        self.lost = dict(lost.by_cause) | self._decoder.losses()

    def _count(self, message: Message | Malformed) -> None:
        if isinstance(message, Malformed):
            self.malformed += 1
            return
        if message.proto != "e1":
            self.messages[f"{message.proto} {message.type}"] += 1
            return
        alarms = message.fields().get("alarms")
        said = (
            " ".join(map(str, alarms)) or "no alarm" if isinstance(alarms, list) else message.type
        )
        self.channels[f"{message.unit.channel} {message.unit.direction.value}"] = said

    def rates(self) -> tuple[float, float]:
        """Return units and kbit a second since the last call."""
        now, (then, units, octets) = clock.monotonic_s(), self._before
        self._before = (now, self.units, self.octets)
        passed = max(now - then, 1e-3)
        return (self.units - units) / passed, (self.octets - octets) * 8e-3 / passed

    @property
    def state(self) -> str:
        """`running`, `ended`, or why the tap is lost."""
        return "ended" if self.ended else self.supervised.state

    def line(self) -> jsonlines.Line:
        """Return everything, ready for JSON."""
        return {
            "tap": self.name,
            "state": self.state,
            "units": self.units,
            "octets": self.octets,
            "messages": dict(self.messages.most_common()),
            "malformed": self.malformed,
            "lost": {cause: count for cause, count in self.lost.items() if count},
            "channels": self.channels,
        }


@app.command()
def watch(
    config: ConfigFile,
    *,
    seconds: Annotated[float, typer.Option(min=0, help="Stop after so long; 0: never.")] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a tap, at the end.")
    ] = False,
) -> None:
    """Show alarms, rates and messages of every tap the configuration names, live.

    The taps are opened as `run` would open them: most devices have room for only one of the two.
    Ends with the last tap (captures end), or at Ctrl-C. Example: qalqan taps watch -c edge.toml
    """
    settings = config_file.load(config)
    if not settings.tap:
        raise ConfigError(f"{config}: no tap to hear; add a table [tap.NAME] with a driver")
    taps = [Watched(name, part) for name, part in settings.tap.items()]
    console = Console(stderr=json)
    with Live(table(taps), console=console, auto_refresh=False, transient=json) as live:
        draw = partial(_draw, taps, live)
        asyncio.run(_watch(taps, seconds or None, draw))
    if json:
        for tap in taps:
            jsonlines.put(tap.line())


def _draw(taps: Sequence[Watched], live: Live) -> None:
    live.update(table(taps), refresh=live.console.is_terminal)


async def _watch(taps: Sequence[Watched], seconds: float | None, draw: Callable[[], None]) -> None:
    with mendable(), contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            hearing = [group.create_task(tap.supervised.forever(), name=tap.name) for tap in taps]
            while not all(task.done() for task in hearing):
                draw()
                await asyncio.wait(hearing, timeout=DRAW_EVERY_S)
    draw()


def table(taps: Sequence[Watched]) -> Table:
    """Return what the taps hear as a table."""
    found = Table(title="Taps", title_justify="left")
    for column in COLUMNS:
        found.add_column(column)
    for tap in taps:
        units, kbit = tap.rates()
        types = (f"{kind} {count}" for kind, count in tap.messages.most_common(MOST_TYPES))
        lost = (f"{cause} {count}" for cause, count in tap.lost.items() if count)
        channels = (f"{channel}: {said}" for channel, said in tap.channels.items())
        words = (tap.state, f"{units:.0f}", f"{kbit:.0f}", "\n".join(types), str(tap.malformed))
        found.add_row(
            tap.name, *map(printable_lines, (*words, "\n".join(lost), "\n".join(channels)))
        )
    return found


def printable_lines(text: str) -> str:
    """Return lines that are safe to show."""
    return "\n".join(map(printable, text.split("\n")))
