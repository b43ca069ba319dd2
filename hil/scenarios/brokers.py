# SPDX-License-Identifier: Apache-2.0
"""What is done to the rig's broker: it is killed, and started again; strangers knock at it."""

import atexit
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from hil.hub.enrolment import authority_of
from hil.region.world import until
from hil.rig.hub import LISTENS, RigHub, now_s

OPENS_S = 30.0


@contextmanager
def killed(hub: RigHub) -> Iterator[None]:
    """Kill the broker that boxes speak with, and start it again when the block ends."""
    config = hub.folder / "broker" / "mosquitto.conf"
    pid = _child(str(config))
    os.kill(pid, signal.SIGKILL)
    until(lambda: not _listens(hub), "the broker is gone", OPENS_S)
    yield
    with config.with_suffix(".again.log").open("ab") as out:
        words = ["mosquitto", "-c", str(config)]
        AGAIN.append(subprocess.Popen(words, stdout=out, stderr=out))
    until(lambda: _listens(hub), "the broker is there again", OPENS_S)


AGAIN: "list[subprocess.Popen[bytes]]" = []
"Brokers that were started again: the hub's own room knows only the one that was killed."


@atexit.register
def end() -> None:
    """End the brokers that were started again, with the run."""
    while AGAIN:
        one = AGAIN.pop()
        one.terminate()
        one.wait()


def _child(word: str) -> int:
    """Return the process that we started with this word. Raises `LookupError`."""
    ours = {one.pid for one in AGAIN}
    for task in Path("/proc/self/task").iterdir():
        ours |= {int(pid) for pid in (task / "children").read_text().split()}
    for pid in ours:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if word.encode() in words:
            return pid
    raise LookupError(f"we started nothing with {word}")


def _listens(hub: RigHub) -> bool:
    with socket.socket() as one:
        return one.connect_ex((LISTENS, hub.ports.boxes)) == 0


class Pair(NamedTuple):
    """A key and its certificate, in files."""

    certificate: Path
    key: Path


def certificate_of(hub: RigHub, node: str, folder: Path) -> Pair:
    """Return a certificate that the hub's own authority has given another box."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = request.sign(key, hashes.SHA256())
    made = authority_of(hub.folder / "hub").issue(signed, now_s())
    pair = Pair(folder / f"{node}.pem", folder / f"{node}.key")
    pair.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pair.key.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    return pair


class Rogue:
    """A client of the broker that wants what is not its own."""

    def __init__(self, hub: RigHub, pair: Pair | None) -> None:
        """Connect, with a certificate or without."""
        self.read: list[str] = []
        "Topics that it was given messages of."
        self.is_in = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        context = ssl.create_default_context(cafile=hub.folder / "worker" / "authority.pem")
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._hub = hub

    def knock(self, within_s: float = 5.0) -> bool:
        """Return whether it is let in."""
        try:
            self._client.connect(LISTENS, self._hub.ports.boxes)
            self._client.loop_start()
        except OSError:
            return False
        ends = time.monotonic() + within_s  # noqa: TID251 - a stranger's own time
        while not self.is_in and time.monotonic() < ends:  # noqa: TID251 - as above
            time.sleep(0.05)  # noqa: TID251 - as above
        return self.is_in

    def listen(self, *filters: str) -> None:
        """Ask for messages of these topics."""
        for one in filters:
            self._client.subscribe(one, 1)

    def say(self, topic: str, payload: bytes) -> None:
        """Publish something."""
        self._client.publish(topic, payload, 1)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *arguments: object) -> None:
        reason = arguments[3]
        self.is_in = not bool(getattr(reason, "is_failure", True))

    def _on_message(self, *arguments: object) -> None:
        message = arguments[2]
        self.read.append(str(getattr(message, "topic", "")))
