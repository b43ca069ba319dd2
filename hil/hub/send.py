# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub send NODE ...`: signs a command, gives it to the hub, waits for its answer.

Where two people must sign and sit apart, the first writes a draft (`--draft FILE`), the second
sends it: `send NODE --key HIS draft FILE`. Nothing here is trusted by an appliance but signatures.
"""

import asyncio
import base64
import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from edge import clock
from edge.blocklist.manifest import read_record, read_signed
from edge.errors import ConfigError, InputError, ListError
from edge.report.lists.urgent import write_urgent
from edge.report.message import Command, Result
from edge.trust.keys import read_signer
from hil.hub.commander import answer_to, give, new_order, order_in, signed
from hil.hub.store import Store, sqlite_url

app = typer.Typer(
    help="Have an appliance do something: block, unblock, mode, config, explain, export, ...",
    no_args_is_help=True,
    # Keys and the like may stand anywhere on the line; what a command knows alone is left to it.
    context_settings={"allow_interspersed_args": True, "ignore_unknown_options": True},
)

LOOK_EVERY_S = 0.1
UNANSWERED = 3
"Exit code where no answer came in time; the command stands until it expires."
_NS = 10**9

Key = Annotated[
    list[Path] | None,
    typer.Option("--key", help="Private key file of who signs; once for each of the two sides."),
]
File = Annotated[Path, typer.Argument(help="Urgent record, as `qalqan list urgent` writes it.")]
Call = Annotated[str, typer.Argument(help="Call-ID, or id of the record.")]


class Sender(NamedTuple):
    """What all commands share."""

    node: str
    url: str
    keys: tuple[Path, ...]
    life_s: int
    wait_s: float
    draft: Path | None


@app.callback()
def _options(  # noqa: PLR0913 - one option each
    context: typer.Context,
    node: Annotated[str, typer.Argument(help="Name of the appliance.")],
    *,
    key: Key = None,
    db: Annotated[str, typer.Option("--db", help="URL of the hub's database.")] = "",
    folder: Annotated[Path, typer.Option(help="Where the hub keeps it.")] = Path("state/hub"),
    hours: Annotated[float, typer.Option(min=0.01, max=168, help="It expires then.")] = 24,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the answer.")] = 30,
    draft: Annotated[
        Path | None, typer.Option(help="Sign and write it here, for the other side to send.")
    ] = None,
) -> None:
    url = db or sqlite_url(folder / "hub.db")
    context.obj = Sender(node, url, tuple(key or ()), int(hours * 3600), wait, draft)


@app.command()
def block(context: typer.Context, file: File) -> None:
    """Block the numbers of an urgent record that both sides of its list have signed."""
    _send(context, "block", _urgent(file))


@app.command()
def unblock(context: typer.Context, file: File) -> None:
    """Lift what an urgent record lifts; one side is enough."""
    _send(context, "unblock", _urgent(file))


@app.command()
def mode(
    context: typer.Context,
    trunk: Annotated[str, typer.Argument(help="Name of the trunk.")],
    wanted: Annotated[str, typer.Argument(help="observe (one side signs) or enforce (both).")],
) -> None:
    """Set what a trunk's verdicts do."""
    _send(context, "mode", {"trunk": trunk, "mode": wanted})


@app.command()
def enforcement(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(help="off (one side signs) or on (both).")],
) -> None:
    """Stop nothing on any trunk of an appliance, whatever its mode, or stop calls again."""
    if wanted not in {"on", "off"}:
        raise InputError(f"{wanted!r} is neither on nor off")
    _send(context, "enforcement", {"on": wanted == "on"})


@app.command()
def config(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The whole TOML file.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="Rises; the second of now if not given.")
    ] = None,
) -> None:
    """Put a configuration on trial: it stays if the hub is reached with it. Both sides sign."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error
    _send(context, "config", {"toml": text, "version": version or _now_s()})


@app.command()
def explain(context: typer.Context, call: Call) -> None:
    """Have the reasons for what was done with a call."""
    _send(context, "explain", {"call": call})


@app.command()
def export(
    context: typer.Context,
    call: Call,
    out: Annotated[Path, typer.Option(help="Where the bundle goes.")],
) -> None:
    """Have the evidence of a call."""
    result = _send(context, "export", {"call": call}, quiet=True)
    if result is not None:
        out.write_bytes(base64.b64decode(result.data["base64"]))
        typer.echo(f"{out}: {result.text}")


@app.command()
def update(
    context: typer.Context,
    firmware: Annotated[str, typer.Option(help="Version of the firmware that is wanted.")] = "",
) -> None:
    """Have new lists looked for now, or other firmware installed; both sides sign."""
    campaign = {"id": f"by-hand-{_now_s()}", "version": firmware}
    _send(context, "update", {"campaign": campaign} if firmware else {})


@app.command()
def restart(
    context: typer.Context,
    process: Annotated[str, typer.Argument(help="core or uplink.")] = "core",
) -> None:
    """Have a process start anew."""
    _send(context, "restart", {"process": process})


@app.command()
def draft(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What the other side has written.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Sign and send what the other side has written with `--draft`, after seeing it.

    Example: python -m hil.hub send astana-1 --key engineer.pem draft order.json
    """
    sender: Sender = context.obj
    try:
        command = Command.model_validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: no command: {error}") from error
    order = order_in(command)
    if order.node != sender.node:
        raise ConfigError(f"{file}: is for {order.node}")
    typer.echo(f"{order.kind} {json.dumps(order.args, ensure_ascii=False, indent=2)}")
    if not yes:
        typer.confirm(f"Sign this for {order.node}?", abort=True)
    _go(sender, command)


def _urgent(file: Path) -> dict[str, Any]:
    """Return an urgent record as arguments, after a look whether it is one."""
    try:
        taken = read_signed(file.read_bytes())
        read_record(taken.record)
    except (OSError, ListError) as error:
        raise ListError(f"{file}: {error}") from error
    found: dict[str, Any] = json.loads(write_urgent(taken))
    return found


def _send(
    context: typer.Context, kind: str, args: dict[str, Any], *, quiet: bool = False
) -> Result | None:
    """Make a command, sign it, give it; return its answer, shown unless `quiet`, if it is done."""
    sender: Sender = context.obj
    body = new_order(sender.node, kind, args, _now_s(), sender.life_s)
    return _go(sender, Command(body=body), quiet=quiet)


def _go(sender: Sender, command: Command, *, quiet: bool = False) -> Result | None:
    command = signed(command, [read_signer(key) for key in sender.keys])
    if sender.draft:
        sender.draft.write_text(command.model_dump_json() + "\n")
        typer.echo(f"{sender.draft}: for the other side to sign and send")
        return None
    store = Store(sender.url)
    try:
        id_ = give(store, command, _now_s())
        result = asyncio.run(_answer(store, id_, sender.wait_s))
    finally:
        store.close()
    if result is None:
        typer.echo(f"{sender.node} has not answered; the command stands ({id_})", err=True)
        raise typer.Exit(UNANSWERED)
    if not quiet or result.state != "done":
        _show(sender.node, result)
    if result.state != "done":
        raise typer.Exit(1)
    return result


async def _answer(store: Store, id_: str, wait_s: float) -> Result | None:
    """Return the answer; None if it does not come in time."""
    until_s = clock.monotonic_s() + wait_s
    while True:
        result = await asyncio.to_thread(answer_to, store, id_)
        if result is not None or clock.monotonic_s() >= until_s:
            return result
        await asyncio.sleep(LOOK_EVERY_S)


def _show(node: str, result: Result) -> None:
    typer.echo(f"{node}: {result.state}: {result.text}")
    for record in result.data.get("records", ()):
        text = record.get("text")
        typer.echo(text if isinstance(text, str) else json.dumps(record, ensure_ascii=False))


def _now_s() -> int:
    return clock.now_ns() // _NS
