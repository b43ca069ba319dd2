# SPDX-License-Identifier: Apache-2.0
"""The parts of the demo: a broker from the locked packages, a centre that signs, an appliance."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from iotcore import Broker
from securesystemslib.signer import CryptoSigner

from edge.blocklist.csvfile import entry_of, read_entries
from edge.blocklist.desk import Desk
from edge.blocklist.manifest import Guards
from edge.report.message import Command
from edge.trust.identity import COSIGNER
from edge.trust.repository import Repository
from edge.trust.roles import COMMAND, COMMAND_SIDES, FIRMWARE, FIRMWARE_SIDES, LIST_SIDES
from edge.trust.urgent import sign_record
from edge.update.desk import FirmwareDesk
from edge.update.manifest import Release
from hil.hub import cosign
from hil.hub.commander import new_order, signed
from hil.hub.library import Library

HERE = Path(__file__).parent
LIST = "fraud"
LIVE = """
[tap.copies]
driver = "hep"
port = {tap}

[gate.switch]
driver = "sip_redirect"
port = {gate}
peers = ["127.0.0.1/32"]
go_on = "404"

[trunk.live]
class = "international"
peers = ["127.0.0.2/32"]
gates = ["switch"]
mode = "enforce"

[enforce]
within_s = 3
again_s = 1
"""
GRACE_S = 15.0
ORDER_S = 3600

_BROKER = """\
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 268435456
    max_inflight_count = 100
    dynamic_filters = true
"""

_HUB = """
[hub]
brokers = ["127.0.0.1:{port}"]
tls = false # on loopback alone
root = "{root}"
lists = ["fraud"]
"""


def live(config: Path, tap: int, gate: int) -> Path:
    """Write what the appliance becomes beside a switch that asks: other taps and trunks."""
    head, _, rest = config.read_text().partition("[tap.trunk]")
    hub = rest[rest.index("[hub]") :]
    path = config.with_name("live.toml")
    path.write_text(head + LIVE.format(tap=tap, gate=gate) + hub)
    return path


@contextmanager
def broker(folder: Path, port: int) -> Iterator[None]:
    """Run a broker on loopback: rumqttd, MQTT 5."""
    config = folder / "broker.toml"
    config.write_text(_BROKER.format(port=port))
    with Broker(config_path=str(config)):
        yield


@contextmanager
def process(log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of this house beside us; what it says goes to `log`."""
    with (
        log.open("wb") as out,
        subprocess.Popen([sys.executable, "-m", *command], stdout=out, stderr=out) as running,
    ):
        try:
            yield running
        finally:
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(GRACE_S)
            running.kill()


class Centre:
    """The centre of the demo: it holds the keys of both sides, which no real one does."""

    def __init__(self, folder: Path) -> None:
        """Make keys, and a repository with one list that is signed by nobody yet."""
        self.folder = folder
        self._root, self._online = (CryptoSigner.generate_ed25519() for _ in range(2))
        self._keys = {side: CryptoSigner.generate_ed25519() for side in LIST_SIDES}
        self._commanders = {side: CryptoSigner.generate_ed25519() for side in COMMAND_SIDES}
        self._makers = {side: CryptoSigner.generate_ed25519() for side in FIRMWARE_SIDES}
        self._repository = Repository(folder)

    def publish(self, table: Path, now_s: int) -> int:
        """Publish a table as the list, signed by operator and prosecutor; return its entries."""
        repository = self._repository
        repository.create(self._root, self._online, now_s)
        signers = {LIST: self._keys, COMMAND: self._commanders, FIRMWARE: self._makers}
        for subject, keys in signers.items():
            public = {side: key.public_key for side, key in keys.items()}
            repository.delegate(subject, public, self._root, self._online, now_s)
        desk = self._desk()
        desk.fill(read_entries(table))
        manifest = desk.prepare(now_s, 30, Guards())
        for side, key in self._keys.items():
            repository.sign(LIST, side, desk.manifest, key, now_s)
        repository.publish(LIST, desk.manifest, self._online, now_s)
        desk.publish()
        return manifest.entries

    def block(self, number: str, basis: str, now_s: int) -> None:
        """Block a number everywhere at once, signed by both sides."""
        entry = entry_of({
            "pattern": number, "party": "calling", "action": "block", "category": "bank security",
            "basis": basis,
        })  # fmt: skip
        record = self._desk().hurry(now_s, 24, added=[entry])
        Library(self.folder).push_urgent(sign_record(record, list(self._keys.values())))

    def order(self, node: str, kind: str, args: Mapping[str, Any], now_s: int) -> Command:
        """Return a command to an appliance, signed by both sides."""
        body = new_order(node, kind, args, now_s, ORDER_S)
        return signed(Command(body=body), list(self._commanders.values()))

    def release(self, bundle: Path, now_s: int) -> Release:
        """Allow a bundle of firmware, signed by both sides."""
        desk = FirmwareDesk(self._repository)
        release = desk.add(bundle)
        desk.prepare(now_s, 30)
        for side, key in self._makers.items():
            self._repository.sign(FIRMWARE, side, desk.manifest, key, now_s)
        self._repository.publish(FIRMWARE, desk.manifest, self._online, now_s)
        return release

    def _desk(self) -> Desk:
        return Desk(self.folder / "lists" / LIST, self._repository.blobs, LIST)


def appliance(folder: Path, port: int, root: Path, pace: float, people: int) -> Path:
    """Write the configuration of the appliance: that of the demo, with a hub instead of a table.

    It knows by which key the hub signs; an enrolled one has been told so by the hub.

    Args:
        folder: Where everything is written.
        port: Of the broker.
        root: What the box trusts.
        pace: How much faster than it was recorded the traffic comes.
        people: Port of the page.
    """
    identity = folder / "state" / "identity"
    identity.mkdir(parents=True)
    (identity / COSIGNER).write_text(cosign.load(folder / "hub").vkey + "\n")
    text = (HERE / "edge.toml").read_text()
    text = text.partition("[blocklist]")[0].replace("../..", str(HERE.parents[1]))
    text = text.replace("pace = 1", f"pace = {pace:g}")
    text = text.replace(f"{HERE.parents[1]}/build/demo", str(folder / "state"))
    path = folder / "edge.toml"
    page = f'\n[page]\npeople = "127.0.0.1:{people}"\n'
    path.write_text(text + _HUB.format(port=port, root=root) + page)
    return path
