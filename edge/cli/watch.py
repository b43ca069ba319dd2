# SPDX-License-Identifier: Apache-2.0
"""`qalqan watch`: what the page *Now* shows, in a terminal, for a box without a page.

It only reads what the processes leave in files, and goes on where they come and go.
"""

import os
import select
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live

from edge import clock, config as config_file
from edge.cli import jsonlines
from edge.cli.options import ConfigFile
from edge.cli.watch_picture import picture
from edge.cli.watch_seen import Seen, Watcher
from edge.config import Config
from edge.errors import InputError
from edge.places import places_of

EVERY_S = 1.0
NS = 1_000_000_000
END, PAUSE = "q", "p"
KEYS = "q ends   p pauses"
PAUSED = "PAUSED   q ends   p goes on"
ENDING = frozenset({signal.SIGINT, signal.SIGTERM})
MOST_OCTETS = 1024
"Of what is read at once."
OFF = b"\0"
"A key that does nothing (termios: `_POSIX_VDISABLE`)."


def watch(
    config: ConfigFile,
    *,
    mask: Annotated[bool, typer.Option("--mask", help="Show no telephone number whole.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Draw once, and leave.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a second; with --once one.")
    ] = False,
) -> None:
    """Show what the box hears, decides and stops, drawn each second; `q` ends it, `p` pauses.

    The same as the page shows under "Now". What the processes leave in the state folder is read,
    nothing else: whichever of them is there. Example: qalqan watch --mask
    """
    settings = config_file.load(config)
    _may_read(settings)
    watcher = Watcher(settings, masked=mask)
    console = Console(highlight=False)
    if json:
        _tell(watcher, once=once)
    elif once:
        _print(console, _look(watcher))
    elif sys.stdout.isatty() and not console.is_dumb_terminal:
        _draw(console, watcher)
    else:
        raise typer.BadParameter("there is no terminal to draw on: say --once or --json")


def _may_read(config: Config) -> None:
    """Raise `InputError` if the files may not be read: it would look as if nothing ran."""
    try:
        next(places_of(config).run.iterdir(), None)
    except FileNotFoundError:
        return
    except OSError as refusal:
        raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal


def _look(watcher: Watcher) -> Seen:
    return watcher.look(clock.monotonic_s(), clock.now_ns() / NS)


def _tell(watcher: Watcher, *, once: bool) -> None:
    with _awake(None) as woken:
        while True:
            jsonlines.put(_look(watcher).line())
            jsonlines.flush()
            if once or woken.wait(EVERY_S) == END:
                return


def _print(console: Console, seen: Seen) -> None:
    for line in picture(seen, console.width, None):
        line.rstrip()  # in place: no blanks at the end of a line on paper
        console.print(line, crop=True)


def _draw(console: Console, watcher: Watcher) -> None:
    """Draw until somebody has seen enough; the terminal is left as it was."""
    keyboard = sys.stdin.fileno() if sys.stdin.isatty() else None
    live = Live(
        console=console, screen=True, auto_refresh=False, redirect_stdout=False,
        redirect_stderr=False,
    )  # fmt: skip
    with _awake(keyboard) as woken, live:
        seen, is_paused, pressed = _look(watcher), False, ""
        while pressed != END:
            lines = picture(seen, *console.size, PAUSED if is_paused else KEYS)
            live.update(Group(*lines), refresh=True)
            pressed = woken.wait(EVERY_S)
            is_paused ^= pressed == PAUSE
            seen = seen if is_paused else _look(watcher)


class _Woken:
    """Waits for a key, or a signal: to end, or because the terminal has another size."""

    def __init__(self, keyboard: int | None, signals: socket.socket) -> None:
        """Wait for what is pressed on a keyboard, if there is one, and for numbers of signals."""
        self._keyboard = keyboard
        self._signals = signals

    def wait(self, seconds: float) -> str:
        """Wait so long at most; returns `END`, `PAUSE`, or nothing: then it is time to draw."""
        signals = self._signals.fileno()
        watched = [signals] if self._keyboard is None else [signals, self._keyboard]
        ready, _, _ = select.select(watched, [], [], seconds)
        if signals in ready and ENDING & {*self._signals.recv(MOST_OCTETS)}:
            return END
        if self._keyboard is None or self._keyboard not in ready:
            return ""
        octets = os.read(self._keyboard, MOST_OCTETS)
        pressed = octets.decode("ascii", "replace").lower()
        if END in pressed or not octets:
            return END
        return PAUSE if PAUSE in pressed else ""


@contextmanager
def _awake(keyboard: int | None) -> Iterator[_Woken]:
    """Have keys and signals come to who waits; all is as before when it is left."""
    waking, woken = socket.socketpair()
    waking.setblocking(False)  # noqa: FBT003 - the shape that a socket has
    watched = [*ENDING, signal.SIGWINCH]
    with waking, woken, _cbreak(keyboard):
        before = {one: signal.signal(one, lambda _number, _frame: None) for one in watched}
        kept = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        try:
            yield _Woken(keyboard, woken)
        finally:
            signal.set_wakeup_fd(kept)
            for one, handler in before.items():
                signal.signal(one, handler)


@contextmanager
def _cbreak(keyboard: int | None) -> Iterator[None]:
    """Have each key come at once and unseen; Ctrl-Z, which would leave half a picture, is off."""
    if keyboard is None:
        yield
        return
    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        ours = termios.tcgetattr(keyboard)
        ours[6][termios.VSUSP] = OFF
        termios.tcsetattr(keyboard, termios.TCSANOW, ours)
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
