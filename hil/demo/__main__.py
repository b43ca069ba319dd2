# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.demo`: a minute of a regional trunk, then calls that a switch asks about.

Exit code 1 if what the demo is there to show did not happen.
"""

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.text import Text

from edge import clock
from edge.blocklist.store import Store as ListStore
from edge.console.people import People, Person, Role
from edge.trust.identity import COSIGNER
from hil.demo.region import LIST, Centre, appliance, broker, live, process
from hil.demo.switch import Ports, Switch
from hil.hub.commander import give
from hil.hub.fleet import members
from hil.hub.store import EVENTS, Store, sqlite_url
from hil.hub.watch import picture
from hil.loopback import free_port

NS = 1_000_000_000
REPORTED = "+12025550177"
"Calls twice; after the first call its victim's bank reports it, and it is blocked everywhere."
REPORTED_AFTER_S = 21.5
"Of the trunk's time: just after that first call."
ENFORCED_AFTER_S = 30.0
GUEST = "guest"
NODE, NEW = "astana-demo", "intl-new"
"The trunk begins in `observe`, as every one does."
LIVE_CALLS = (
    ("+447700900111", "77172000001", "200"),
    ("+447700900101", "77172000001", "603"),
    ("+447700900101", "112", "200"),
)
"Who calls whom, and what he hears: an ordinary caller, a listed one, and that one in need of help."
LOOK_S = 0.1
PATIENCE_S = 60.0
QUIET_S = 2.0
LEAST_WIDTH = 110
STOPPED = {"block": "bold red", "divert": "bold magenta"}


class Seen(NamedTuple):
    """How far the hub's table was read."""

    store: Store
    console: Console
    told: set[tuple[int, int]]
    verdicts: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]


def news(seen: Seen) -> Iterator[dict[str, Any]]:
    """Yield what has arrived in the hub's table since the last look."""
    with seen.store.reading() as connection:
        rows = connection.execute(
            sa.select(EVENTS.c.stream, EVENTS.c.seq, EVENTS.c.body).order_by(EVENTS.c.at)
        ).all()
    for stream, seq, body in rows:
        if (stream, seq) not in seen.told:
            seen.told.add((stream, seq))
            yield msgspec.json.decode(body)


def show(seen: Seen) -> None:
    """Print what has arrived at the hub, a line each."""
    for event in news(seen):
        line = line_of(event)
        if line is not None:
            seen.console.print(line)
        if event["kind"] == "verdict":
            seen.verdicts.append(event)
        elif event["kind"] == "outcome":
            seen.outcomes.append(event)


def line_of(event: dict[str, Any]) -> Text | None:
    """Return an event for people; None for those that are only counted here."""
    match event["kind"]:
        case "verdict":
            done, wanted = event["action"], event["wanted"]
            word = done.upper() if done == wanted else f"would {wanted}"
            style = STOPPED.get(done, "yellow")
            return Text.assemble(
                "  hub <- ", (f"{word:<12}", style), f"{event['calling']:>15} -> ",
                f"{event['called']:<14} {event['rule']}",
            )  # fmt: skip
        case "outcome":
            heard = f"heard {event['heard']}, {event['after_ms']:.0f} ms after its INVITE"
            return Text.assemble("  hub <- ", (f"{event['result']:<12}", "bold green"), heard)
        case "act" | "alarm":
            name = event.get("act") or event["name"]
            return Text.assemble("  hub <- ", (f"{name:<12}", "cyan"), event["text"])
        case _:
            return None


def main(
    speed: Annotated[float, typer.Option(help="1: as it happened, 10: ten times faster.")] = 1,
    folder: Annotated[Path, typer.Option(help="Where everything is written.")] = Path("build/demo"),
) -> None:
    """Run the demo."""
    console = Console()
    console.width = max(console.width, LEAST_WIDTH)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "hub").mkdir(parents=True)
    folder, port = folder.resolve(), free_port()
    centre = Centre(folder / "hub" / "repository")
    entries = centre.publish(Path(__file__).with_name("list.csv"), clock.now_ns() // NS)
    console.print(f"Centre: list '{LIST}', {entries} entries, signed by operator and prosecutor.")
    root = centre.folder / "metadata" / "1.root.json"
    people = free_port()
    config = appliance(folder, port, root, speed, people)
    console.print(f"Broker: MQTT 5 on 127.0.0.1:{port}. Hub: two workers, SQLite.")
    with ExitStack() as stack:
        store = begin_hub(folder, port, stack)
        seen = Seen(store, console, set(), [], [])
        edge = ("edge", "uplink", "--config", str(config))
        uplink = stack.enter_context(process(folder / "uplink.log", *edge))
        password = let_in(folder / "state" / "page")
        stack.enter_context(process(folder / "page.log", "edge", "page", "--config", str(config)))
        console.print(f"Page: http://127.0.0.1:{people} for '{GUEST}', password '{password}'.")
        wait_for_list(folder, seen)
        watch_trunk(folder, config, centre, seen, speed)
        stop_live(folder, config, seen)
        wait_for_rest(seen)
        console.print()
        console.print(picture(members(store), clock.now_ns()))
        retire(uplink)
        ending(folder, seen)
        stay(seen)


def begin_hub(folder: Path, port: int, stack: ExitStack) -> Store:
    """Have a broker and the hub at work; returns what the hub knows."""
    stack.enter_context(broker(folder, port))
    where = f"127.0.0.1:{port}"
    hub = ("hil.hub", "run", "--broker", where, "--folder", str(folder / "hub"))
    stack.enter_context(process(folder / "hub.log", *hub))
    store = Store(sqlite_url(folder / "hub" / "hub.db"))
    stack.callback(store.close)
    return store


def let_in(folder: Path) -> str:
    """Have somebody whom the page knows; returns the password."""
    people, password = People(folder), secrets.token_hex(6)
    now_s = clock.now_ns() // NS
    people.put(Person(GUEST, Role.ENGINEER, people.hashed(password), now_s, "demo"))
    return password


def stay(seen: Seen) -> None:
    """Leave the page open for whoever sits at the terminal."""
    if not sys.stdin.isatty():
        return
    seen.console.print("\nThe page stays open; Ctrl-C ends it.", style="bold")
    with suppress(KeyboardInterrupt):
        while True:
            pause()


def wait_for_list(folder: Path, seen: Seen) -> None:
    """Wait until the appliance has the list by way of the hub."""
    lists = ListStore(folder / "state" / "lists", LIST)
    until_s = clock.monotonic_s() + PATIENCE_S
    while (found := lists.open()) is None:
        if clock.monotonic_s() > until_s:
            fail(folder, "the list did not reach the appliance")
        pause()
    seen.console.print(f"Appliance: took list '{LIST}' {found.version} over MQTT. Traffic begins.")


def watch_trunk(folder: Path, config: Path, centre: Centre, seen: Seen, speed: float) -> None:
    """Have the appliance hear the trunk; show what reaches the hub; block a number meanwhile."""
    log = folder / "core.log"
    with process(log, "edge", "core", "--config", str(config)) as core:
        began_s: float | None = None
        acts = [(REPORTED_AFTER_S, block_reported), (ENFORCED_AFTER_S, enforce)]
        while core.poll() is None:
            show(seen)
            if began_s is None and '"event": "verdict"' in log.read_text():  # the hub hears later
                began_s = clock.monotonic_s()
            passed_s = (clock.monotonic_s() - began_s) * speed if began_s else 0.0
            if acts and passed_s > acts[0][0]:
                _, act = acts.pop(0)
                act(centre, seen)
            pause()
        if core.returncode:
            fail(folder, f"core ended with {core.returncode}")


def stop_live(folder: Path, config: Path, seen: Seen) -> None:
    """Have a switch ask the appliance about calls, and the appliance hear what became of them."""
    ports = Ports(gate=free_port(), tap=free_port())
    seen.console.print("\nA switch asks before it calls the phone; the tap hears what it does.")
    log = folder / "live.log"
    path = live(config, ports.tap, ports.gate)
    with process(log, "edge", "core", "--config", str(path)):
        until_s = clock.monotonic_s() + PATIENCE_S
        while log.read_text().count('"event": "open"') < len(ports):
            if clock.monotonic_s() > until_s:
                fail(folder, "gate and tap did not open")
            pause()
        with Switch.open(ports, lambda line: seen.console.print(f"  {line}")) as switch:
            for calling, called, wanted in LIVE_CALLS:
                seen.console.print(f"{calling} calls {called}:", style="bold")
                if switch.call(calling, called) != wanted:
                    fail(folder, f"the call of {calling} to {called} did not end with {wanted}")
        wait_for_outcome(folder, seen)


def wait_for_outcome(folder: Path, seen: Seen) -> None:
    """Wait until the hub has heard that the call was stopped."""
    until_s = clock.monotonic_s() + PATIENCE_S
    while not any(one["result"] == "stopped" for one in seen.outcomes):
        if clock.monotonic_s() > until_s:
            fail(folder, "no call was heard to be stopped")
        show(seen)
        pause()


def wait_for_rest(seen: Seen) -> None:
    """Show what still arrives, until nothing has for a while."""
    quiet_s = clock.monotonic_s()
    while clock.monotonic_s() - quiet_s < QUIET_S:
        before = len(seen.told)
        show(seen)
        if len(seen.told) > before:
            quiet_s = clock.monotonic_s()
        pause()


def block_reported(centre: Centre, seen: Seen) -> None:
    """Block the number that a bank has reported."""
    centre.block(REPORTED, "DEMO-URGENT-1", clock.now_ns() // NS)
    seen.console.print(f"Operator and prosecutor: block {REPORTED} everywhere, now.", style="bold")


def enforce(centre: Centre, seen: Seen) -> None:
    """Have a trunk that was only observed stop calls from now on."""
    now_s = clock.now_ns() // NS
    give(seen.store, centre.order(NODE, "mode", {"trunk": NEW, "mode": "enforce"}, now_s), now_s)
    seen.console.print(f"Operator and engineer: trunk {NEW} stops calls from now on.", style="bold")


def retire(uplink: subprocess.Popen[bytes]) -> None:
    """Have the process end in good order: what it holds is then for others to read."""
    uplink.terminate()
    uplink.wait(PATIENCE_S)


def ending(folder: Path, seen: Seen) -> None:
    """Say where things lie; fail if what the demo is there to show did not happen."""
    if not any(one["trunk"] == NEW and one["action"] == "block" for one in seen.verdicts):
        fail(folder, f"trunk {NEW} did not stop a call after it was told to")
    urgent = [one for one in seen.verdicts if one["calling"] == REPORTED]
    if not any(one["action"] == "block" for one in urgent):
        fail(folder, f"the urgent block of {REPORTED} did not take effect")
    seen.console.print(
        f"\nThe second call of {REPORTED} was blocked: by an urgent record that did not exist when"
        f" the traffic began.\nTrunk {NEW} stopped calls as soon as it was told to.\n"
    )
    call, evidence, case = urgent[-1]["call"], folder / "state" / "evidence", folder / "case.tar"
    key = folder / "state" / "identity" / COSIGNER
    for words in (
        ("explain", call, "--evidence", evidence),
        ("evidence", "export", call, "--evidence", evidence, "--out", case),
        ("evidence", "verify", case, "--hub-key", key),
    ):
        command = " ".join(map(str, words)).replace(f"{Path.cwd()}/", "")
        seen.console.print(f"$ qalqan {command}", style="bold", soft_wrap=True, highlight=False)
        done = subprocess.run([sys.executable, "-m", "edge", *map(str, words)], check=False)
        if done.returncode:
            fail(folder, f"`qalqan {command}` ended with {done.returncode}")


def fail(folder: Path, why: str) -> None:
    """End the demo with what went wrong and where to look."""
    typer.echo(f"demo: {why}; see {folder}/*.log", err=True)
    raise typer.Exit(1)


def pause() -> None:
    """Let the processes work."""
    time.sleep(LOOK_S)  # noqa: TID251 - a person watches; there is no loop to stop


if __name__ == "__main__":
    typer.run(main)
