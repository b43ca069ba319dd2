# SPDX-License-Identifier: Apache-2.0
"""`qalqan decode`: what is in a capture, message by message."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.cli import jsonlines
from edge.cli.capture import CaptureFiles, RawE1, TsRate
from edge.cli.printable import printable
from edge.decode.hdlc import FULL_RATE
from edge.decode.pcapng import PcapngWriter
from edge.decode.signalling import Signalling
from edge.errors import InputError
from edge.model.message import Malformed, Message
from edge.model.unit import Direction

FAILURE = 1


def decode(
    files: Annotated[list[Path], typer.Argument(help="Captures: pcap, pcapng or e1cap.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    save_malformed: Annotated[
        Path | None,
        typer.Option(help="Write the units that could not be read into this pcapng file."),
    ] = None,
    raw_e1: RawE1 = False,
    ts_rate: TsRate = FULL_RATE,
) -> None:
    """Read captures and print every signalling message heard in them.

    Nothing is judged here: no configuration, no list. Units that cannot be read are shown with the
    layer and the octet where reading stopped. Example: qalqan decode trunk.pcap --json
    """
    if save_malformed in files:
        raise typer.BadParameter(f"{save_malformed} is to be read", param_hint="--save-malformed")
    captures = CaptureFiles(files, ts_rate if raw_e1 else 0)
    decoder = Signalling()
    with _saving(save_malformed) as save:
        printer = _Printer(save, as_json=json, named=len(files) > 1)
        for unit in captures.units("decoding"):
            for message in decoder.feed(unit):
                printer.show(message)
        for broken in captures.malformed:
            printer.show(broken)
    lost = {k: n for k, n in decoder.losses().items() if n}
    printer.summary(captures.frames, decoder.others(), lost)
    for complaint in captures.complaints:
        typer.echo(f"qalqan: {complaint}", err=True)
    if captures.complaints:
        raise typer.Exit(FAILURE)


class _Printer:
    """Prints messages and counts them."""

    def __init__(self, save: Callable[[Malformed], None], *, as_json: bool, named: bool) -> None:
        self._save = save
        self._json = as_json
        self._named = named
        self._messages: Counter[str] = Counter()
        self._malformed = 0

    def show(self, message: Message | Malformed) -> None:
        if isinstance(message, Malformed):
            self._malformed += 1
            self._save(message)
            line, text = jsonlines.malformed_line(message), _malformed_text(message)
        else:
            self._messages[message.type] += 1
            line, text = jsonlines.message_line(message), message_text(message)
        if not self._json:
            typer.echo(text)
            return
        if self._named and message.unit:
            line["file"] = message.unit.tap
        jsonlines.put(line)

    def summary(self, frames: int, other: dict[str, int], lost: dict[str, int]) -> None:
        malformed = self._malformed
        if self._json:
            found = {
                "version": jsonlines.SCHEMA_VERSION,
                "frames": frames,
                "messages": dict(self._messages),
                "malformed": malformed,
                "other": other,
                "lost": lost,
            }
            jsonlines.put({"summary": found})
            return
        kinds = ", ".join(f"{n} {kind}" for kind, n in self._messages.most_common()) or "none"
        typer.echo(f"\n{frames} frames; messages: {kinds}", err=True)
        for name, counts in (("carried no signalling", other), ("lost", lost)):
            if counts:
                typer.echo(f"{name}: " + ", ".join(f"{n} {k}" for k, n in counts.items()), err=True)
        if malformed:
            typer.echo(f"could not be read: {malformed}", err=True)


def message_text(message: Message) -> str:
    """Return a message as one line for people."""
    clock = datetime.fromtimestamp(message.unit.at / 1e9, UTC)
    numbers = f"{message.calling or '?'} > {message.called or '?'}"
    return printable(
        f"{message.unit.number:>7}  {clock:%H:%M:%S.%f}  {_way(message):<46}"
        f"  {message.type:<9} {numbers:<32} {message.call}"
    )


def _way(message: Message) -> str:
    """Return from where to where a message went; on E1 its channel and direction."""
    if message.flow.source:
        return message.flow.text()
    direction = message.unit.direction
    heard = direction.value if direction is not Direction.UNKNOWN else ""
    return " ".join(filter(None, (message.unit.channel, heard, message.proto)))


def _malformed_text(malformed: Malformed) -> str:
    number = malformed.unit.number if malformed.unit else "-"
    return f"{number:>7}  malformed: {malformed.layer} octet {malformed.offset}: {malformed.why}"


@contextmanager
def _saving(path: Path | None) -> Iterator[Callable[[Malformed], None]]:
    """Write the units behind what could not be read, each once, the reason as its comment."""
    if path is None:
        yield lambda _: None
        return
    writer, saved, last = PcapngWriter(), 0, None

    def save(one: Malformed) -> None:
        nonlocal saved, last
        if one.unit and one.unit is not last:
            saved, last = saved + 1, one.unit
            with _writing(path):
                file.write(writer.write(one.unit, f"{one.layer} octet {one.offset}: {one.why}"))

    with _writing(path):
        file = path.open("wb")
        file.write(writer.header())
    try:
        yield save
    finally:
        with _writing(path):
            file.close()
    typer.echo(f"{saved} units written to {path}", err=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say which file the system refused to write."""
    try:
        yield
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal
