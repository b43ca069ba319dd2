# SPDX-License-Identifier: Apache-2.0
"""Configurations of mosquitto for the rig: a broker, and an airlock before it.

    boxes    TLS 1.3 both ways; who speaks is the name in the certificate, and so is the client id
    hub      TLS 1.3 both ways, for certificates of the workers' own authority
    airlock  a broker of its own; TLS by the broker alone, and nothing but enrolment
    bulk     a broker of its own, for the second connection of boxes: blocks of firmware

A client id takes over the session of whoever had it, on any listener of a broker, with the commands
that wait there. So a box may not choose its own, a box is not let in at the hub's door, and
strangers stay in a broker of their own, from which a bridge carries requests in and answers out.
(`clientid_prefixes` would do for the listener of strangers, were it not for the whole broker.)
"""

import getpass
from pathlib import Path
from typing import NamedTuple

from edge.report import topic
from edge.trust.identity import write_private
from hil.hub.authority import Authority, Pair, Revoked

WORKER = "hub.worker"
"Name in the certificates of the hub's workers."
BRIDGE = "hub.airlock"
BULK_BRIDGE = "hub.bulk"


MOST_WAITING = 64
"Blocks that wait for one box; it asks for fewer at once."


class Ports(NamedTuple):
    """Where the brokers listen."""

    boxes: int = 8883
    enrolment: int = 8884
    hub: int = 8885
    bulk: int = 8886


class Authorities(NamedTuple):
    """Who signs for whom."""

    boxes: Authority
    workers: Authority


BOXES_MAY = f"""\
pattern write {topic.ROOT}/up/%u/#
pattern read {topic.ROOT}/dn/%u/#
pattern read {topic.ROOT}/dn/{topic.ALL}/#
pattern read {topic.ROOT}/bulk/%u/#
"""

# The user's name is not proven here: it only keeps one who asks from hearing or speaking for all.
STRANGERS_MAY = f"""\
pattern write {topic.ROOT}/enrol/%u/request
pattern read {topic.ROOT}/enrol/%u/answer
"""

BULK_MAY = f"""\
pattern write {topic.ROOT}/up/%u/{topic.GET}
pattern read {topic.ROOT}/bulk/%u/#
"""

HUB_MAY = f"""\
user {WORKER}
topic read {topic.ROOT}/up/#
topic readwrite {topic.ROOT}/dn/#
topic write {topic.ROOT}/bulk/#
topic read {topic.ROOT}/enrol/+/request
topic write {topic.ROOT}/enrol/+/answer
topic read $SYS/#

user {BRIDGE}
topic write {topic.ROOT}/enrol/+/request
topic read {topic.ROOT}/enrol/+/answer

user {BULK_BRIDGE}
topic write {topic.ROOT}/up/+/{topic.GET}
topic read {topic.ROOT}/bulk/#
"""

_EACH = """\
user {user}
per_listener_settings true
max_packet_size 1048576
"""

_LISTENER = """
listener {port} {address}
acl_file {folder}/{name}.acl
certfile {folder}/broker.pem
keyfile {folder}/broker.key.pem
tls_version tlsv1.3
"""

_MUTUAL = """\
cafile {folder}/{name}.ca.pem
require_certificate true
use_identity_as_username true
"""

_BRIDGE = """
connection {name}
address {address}:{port}
remote_clientid {bridge}
bridge_cafile {folder}/boxes.ca.pem
bridge_certfile {folder}/{name}.bridge.pem
bridge_keyfile {folder}/{name}.bridge.key.pem
bridge_tls_version tlsv1.3
bridge_protocol_version mqttv50
cleansession true
notifications false
try_private false
restart_timeout 1 5
"""

_AIRLOCK = f"""\
topic {topic.ROOT}/enrol/+/request out 1
topic {topic.ROOT}/enrol/+/answer in 1
"""

_BULK = f"""\
topic {topic.ROOT}/up/+/{topic.GET} out 1
topic {topic.ROOT}/bulk/# in 0
"""


class Brokers:
    """The files of broker and airlock in a folder."""

    def __init__(self, folder: Path, ports: Ports, address: str = "127.0.0.1") -> None:
        """Listen at an address."""
        self.folder = folder
        self.ports = ports
        self.main = folder / "mosquitto.conf"
        self.airlock = folder / "airlock.conf"
        self.bulk = folder / "bulk.conf"
        self._address = address

    def write(self, by: Authorities, names: tuple[str, ...], now_s: int) -> None:
        """Write all files, with new keys; the broker's address is among its `names`.

        Then start `mosquitto -c` with `main`, with `airlock` and with `bulk`.
        """
        broker = by.boxes.server(names, now_s)
        airlock, bulk = (by.workers.worker(name, now_s) for name in (BRIDGE, BULK_BRIDGE))
        files = {
            "boxes.ca.pem": by.boxes.pem, "hub.ca.pem": by.workers.pem,
            "boxes.acl": BOXES_MAY, "hub.acl": HUB_MAY, "enrolment.acl": STRANGERS_MAY,
            "bulk.acl": BULK_MAY, self.main.name: self._main(),
            self.airlock.name: self._airlock(), self.bulk.name: self._bulk(),
            **_files("broker", broker), **_files("airlock.bridge", airlock),
            **_files("bulk.bridge", bulk),
        }  # fmt: skip
        for name, text in files.items():
            write_private(self.folder / name, text.encode())
        self.revoke(by.boxes, (), now_s)

    def revoke(self, authority: Authority, revoked: tuple[Revoked, ...], now_s: int) -> None:
        """Write the list of boxes that are not let in; the broker reads it when it starts."""
        text = authority.revocations(revoked, now_s)
        write_private(self.folder / "revoked.pem", text.encode())

    def _main(self) -> str:
        return "".join((
            _EACH.format(user=getpass.getuser()),
            f"persistence true\npersistence_location {self.folder}/\nautosave_interval 30\n",
            "max_queued_messages 100000\n",
            self._listener("boxes", self.ports.boxes),
            _MUTUAL.format(folder=self.folder, name="boxes"),
            f"crlfile {self.folder}/revoked.pem\nuse_username_as_clientid true\n",
            self._listener("hub", self.ports.hub),
            _MUTUAL.format(folder=self.folder, name="hub"),
        ))  # fmt: skip

    def _airlock(self) -> str:
        return "".join((
            _EACH.format(user=getpass.getuser()),
            self._listener("enrolment", self.ports.enrolment),
            "allow_anonymous true\nmax_connections 200\n",
            self._bridge("airlock", BRIDGE), _AIRLOCK,
        ))  # fmt: skip

    def _bulk(self) -> str:
        """Return the broker of large files: who is away is kept nothing, who is slow no more."""
        return "".join((
            _EACH.format(user=getpass.getuser()),
            f"max_queued_messages {MOST_WAITING}\n",
            self._listener("bulk", self.ports.bulk),
            _MUTUAL.format(folder=self.folder, name="boxes"),
            f"crlfile {self.folder}/revoked.pem\nuse_username_as_clientid true\n",
            self._bridge("bulk", BULK_BRIDGE), _BULK,
        ))  # fmt: skip

    def _bridge(self, name: str, user: str) -> str:
        return _BRIDGE.format(
            folder=self.folder, address=self._address, port=self.ports.hub, bridge=user, name=name
        )

    def _listener(self, name: str, port: int) -> str:
        return _LISTENER.format(port=port, address=self._address, folder=self.folder, name=name)


def _files(name: str, pair: Pair) -> dict[str, str]:
    return {f"{name}.pem": pair.certificate, f"{name}.key.pem": pair.key}
