# SPDX-License-Identifier: Apache-2.0
"""The box of a region as a machine of its own: the built image in QEMU, taken in by a hub."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edge import clock
from edge.errors import ConfigError
from hil.bench.newcomer import Newcomer
from hil.bench.virtual import VirtualBox
from hil.demo.region import Centre
from hil.region.e1 import Exchange
from hil.region.serial import Socket
from hil.region.show import Told
from hil.region.tables import LIST, tables
from hil.region.world import Region, region, until
from hil.rig.hub import RigHub, now_s
from image.places import MADE

FOLLOWS_S = 600.0
"From the flashed disk until it hears and follows its list, in software."


def newest() -> Path:
    """Return the image of the profile `hil` that was built last. Raises `ConfigError`."""
    made = MADE.glob("x86_64-hil-*/qalqan-edge-*.img")
    found = sorted(made, key=lambda path: path.stat().st_mtime)
    if not found:
        raise ConfigError("no image is built: `make image PROFILE=hil`, or use --core")
    return found[-1]


@contextmanager
def in_qemu(
    folder: Path, say: Callable[[str], object]
) -> Iterator[tuple[Region, Exchange, Callable[[], Told]]]:
    """Have a box beside a region: flashed, started, enrolled, with its list."""
    image = newest()
    with ExitStack() as stack:
        made = stack.enter_context(region(folder / "region"))
        hub = RigHub.made(folder / "hub")
        centre = Centre(hub.repository)
        table = folder / "list.csv"
        table.write_text(LIST, encoding="utf-8")
        entries = centre.publish(table, now_s())
        say(f"Hub: brokers with TLS on both sides; a list of {entries}, signed by both sides.")
        stack.enter_context(hub.running())
        box = VirtualBox(folder / "box", image)
        stack.callback(box.close)
        ports = box.ports
        newcomer = Newcomer(hub, ports, tables(ports.mirror, ports.probe, ports.exchange))
        box.flash()
        for name, octets in newcomer.files().items():
            box.put(name, octets)
        say(f"Box: {image.name} is flashed, and starts in QEMU; some minutes without KVM.")
        began_s = clock.monotonic_s()
        box.start()
        until(newcomer.follows, "the box follows its list", FOLLOWS_S)
        say(f"Box: enrolled, hears, and has its list after {clock.monotonic_s() - began_s:.0f} s.")
        exchange = Exchange(Socket(box.probe), Socket(box.exchange))
        stack.callback(exchange.close)
        yield made, exchange, lambda: _told(hub, newcomer.node)


def _told(hub: RigHub, node: str) -> Told:
    """Return what the hub was told by the box."""
    calls = {one.body["record"]: one.body for one in hub.told("verdict")}
    rows = []
    for outcome in hub.told("outcome"):
        body = outcome.body
        verdict = calls.get(body["record"], {})
        who = f"{verdict.get('calling', '?')} to {verdict.get('called', '?')}"
        text = f": {who}, heard {body['heard']} after {body['after_ms']:.0f} ms, by {body['by']}"
        rows.append({"result": body["result"], "text": text})
    member = hub.member(node)
    return Told(f"{node}, a machine", rows, f"at the hub: {member.state if member else '?'}")
