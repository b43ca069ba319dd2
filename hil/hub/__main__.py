# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub`: the reference hub. Exit codes: 0 ok, 1 failure, 2 usage."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from edge import clock, log
from edge.errors import QalqanError
from hil.hub import admission, conformance as tests, cosign, crew
from hil.hub.campaigns_cli import campaigns
from hil.hub.crew import Orders
from hil.hub.desk_cli import desk, desk_code
from hil.hub.fleet import members
from hil.hub.mqtt import Broker
from hil.hub.pages_cli import page_authority
from hil.hub.rollout_cli import app as rollout_app
from hil.hub.send import app as send_app
from hil.hub.store import Store, sqlite_url
from hil.hub.terms import Where
from hil.hub.traces_cli import trace
from hil.hub.watch import as_json, picture

DRAW_EVERY_S = 1.0

app = typer.Typer(
    name="python -m hil.hub",
    help="The reference hub: takes what appliances report, answers, shows the fleet.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

BrokerOption = Annotated[str, typer.Option("--broker", help="MQTT broker, host:port.")]
Folder = Annotated[Path, typer.Option(help="Where keys, repository and database lie.")]
Database = Annotated[
    str, typer.Option("--db", help="URL: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.")
]
Tls = Annotated[
    Path | None,
    typer.Option(help="Folder of authority.pem, certificate.pem, key.pem; none: no TLS."),
]
Amqp = Annotated[
    list[str] | None,
    typer.Option(
        envvar="QALQAN_HUB_AMQP",
        help="amqp://USER:PASSWORD@HOST:PORT of RabbitMQ; again for each node.",
    ),
]

STATE = Path("state/hub")


app.add_typer(send_app, name="send")
app.add_typer(rollout_app, name="rollout")
for command in (
    admission.pending, admission.enrol, admission.revoke, page_authority, campaigns, trace, desk,
    desk_code,
):  # fmt: skip
    app.command()(command)


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one option each
    broker: BrokerOption,
    db: Database = "",
    folder: Folder = STATE,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that take events.")] = 2,
    tls: Tls = None,
    amqp: Amqp = None,
    roamers: Annotated[
        Path | None, typer.Option(help="CSV of number,abroad: what the operators would say.")
    ] = None,
) -> None:
    """Run the hub: herald and workers, until Ctrl-C.

    Example: python -m hil.hub run --broker 127.0.0.1:1883 --workers 2
    """
    log.set_up()
    orders = Orders(_broker(broker, tls), _url(db, folder), folder, workers, tuple(amqp or ()))
    signer = cosign.load(folder)
    Console(stderr=True).print(f"cosigns as {signer.vkey}", markup=False, soft_wrap=True)
    asyncio.run(crew.run(orders._replace(shares=workers > 1, roamers=roamers)))


@app.command(hidden=True)
def worker(number: int) -> None:
    """Be one worker; `run` starts them, and gives each its orders."""
    log.set_up()
    asyncio.run(crew.work(crew.orders_of(sys.stdin.buffer.read()), number))


@app.command()
def watch(
    db: Database = "",
    folder: Folder = STATE,
    *,
    as_lines: Annotated[bool, typer.Option("--json", help="One object of JSON a look.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
) -> None:
    """Show the fleet, drawn anew every second."""
    store = Store(_url(db, folder))
    try:
        if as_lines or once:
            asyncio.run(_print(store, as_lines=as_lines, once=once))
        else:
            asyncio.run(_draw(store))
    except KeyboardInterrupt:
        pass
    finally:
        store.close()


@app.command()
def conformance(
    broker: BrokerOption,
    hub_node_prefix: Annotated[
        str, typer.Option(help="The names of the made-up appliances begin so.")
    ] = "conform",
    tls: Tls = None,
    vkey: Annotated[str, typer.Option(help="Of the hub's cosignatures, as `run` prints it.")] = "",
    patience_s: Annotated[float, typer.Option(help="How long an answer may take.")] = 10.0,
) -> None:
    """Test any hub behind any broker against CONTRACT.md.

    Example: python -m hil.hub conformance --broker 127.0.0.1:1883
    """
    where = Where(_broker(broker, tls), hub_node_prefix, patience_s, vkey)
    if not asyncio.run(tests.run_all(where, Console())):
        raise typer.Exit(1)


async def _print(store: Store, *, as_lines: bool, once: bool) -> None:
    console = Console()
    while True:
        found = members(store)
        if as_lines:
            print(as_json(found), flush=True)  # noqa: T201 - what was asked for
        else:
            console.print(picture(found, clock.now_ns()))
        if once:
            return
        await asyncio.sleep(DRAW_EVERY_S)


async def _draw(store: Store) -> None:
    with Live(auto_refresh=False, screen=False) as live:
        while True:
            live.update(picture(members(store), clock.now_ns()), refresh=True)
            await asyncio.sleep(DRAW_EVERY_S)


def _broker(address: str, tls: Path | None) -> Broker:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise typer.BadParameter(f"{address}: a broker is host:port")
    return Broker(host.strip("[]"), int(port), tls)


def _url(db: str, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return db or sqlite_url(folder / "hub.db")


def main() -> None:
    """Run the command; a refusal is one line."""
    try:
        app()
    except QalqanError as refusal:
        Console(stderr=True).print(str(refusal), markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
