# SPDX-License-Identifier: Apache-2.0
"""A real mosquitto on a free port of the loopback, with its files in a folder of the test.

with broker(tmp_path, tls=authority, acl=RIGHTS) as b:
    ... b.endpoint ... b.kill() ... b.restart() ... b.wait_for("some words of its log")
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme

from hil.loopback import free_port

RIGHTS = """\
pattern write qalqan/v1/up/%u/#
pattern read qalqan/v1/dn/%u/#
pattern read qalqan/v1/dn/all/#
pattern read qalqan/v1/bulk/%u/#
user hub
topic readwrite qalqan/v1/#
"""
"What a broker of ours allows: see `edge.report.topic`."

PATIENCE_S = 15.0


class Identity:
    """A certificate from an authority, as a folder that `edge.report.hub.dial` reads."""

    def __init__(self, authority: trustme.CA, folder: Path, cert: trustme.LeafCert) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(folder / "authority.pem")
        cert.private_key_pem.write_to_path(folder / "key.pem")
        with (folder / "certificate.pem").open("wb") as out:
            for blob in cert.cert_chain_pems:
                out.write(blob.bytes())


def issue(authority: trustme.CA, folder: Path, name: str, **more: Any) -> Path:
    """Write the identity of an appliance into a folder, and return it."""
    return Identity(authority, folder, authority.issue_cert(common_name=name, **more)).folder


class Broker:
    """The process, and what it has said."""

    def __init__(self, conf: Path, port: int) -> None:
        self.port = port
        self.endpoint = f"127.0.0.1:{port}"
        self.log: list[str] = []
        self._conf = conf
        self._news = threading.Condition()
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["mosquitto", "-c", self._conf],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        before = len(self.log)
        self._reader.start()
        try:
            self.wait_for(r"mosquitto version \S+ running", before)
        except AssertionError:
            self.kill()
            raise

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stderr:
            with self._news:
                self.log.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self.log.append("ended")
            self._news.notify_all()

    def wait_for(self, pattern: str, after: int = 0, patience_s: float = PATIENCE_S) -> str:
        """Return the first line of the log, from line `after`, that a pattern is found in."""
        words = re.compile(pattern)

        def found() -> str:
            return next((line for line in self.log[after:] if words.search(line)), "")

        with self._news:
            if not self._news.wait_for(found, patience_s):
                raise AssertionError(f"never said {pattern!r}:\n" + "\n".join(self.log[after:]))
            return found()

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start it again, on the same port."""
        self.start()

    def _end(self, how: signal.Signals) -> None:
        for _ in range(int(PATIENCE_S)):
            if self._process.poll() is None:
                self._process.send_signal(how)
            with suppress(subprocess.TimeoutExpired):  # one that has just started may not hear it
                self._process.wait(1)
                break
        self._reader.join(PATIENCE_S)
        self._process.stderr.close()


@contextmanager
def broker(
    folder: Path,
    *,
    tls: trustme.CA | None = None,
    server: trustme.LeafCert | None = None,
    acl: str = "",
    more: Sequence[str] = (),
) -> Iterator[Broker]:
    """Run one: with `tls` it asks for certificates of this authority, and takes names from them.

    `server` is another certificate to show; `more` are lines of its configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        "log_dest stderr",
        "log_type all",
        "connection_messages true",
        "persistence true",
        f"persistence_location {folder}/",
        "allow_anonymous true",
        *(["user root"] if os.geteuid() == 0 else []),
    ]
    if acl:
        (folder / "acl").write_text(acl)
        (folder / "acl").chmod(0o600)
        lines.append(f"acl_file {folder}/acl")
    if tls:
        shown = Identity(tls, folder / "server", server or tls.issue_cert("127.0.0.1", "localhost"))
        lines += [
            f"cafile {shown.folder}/authority.pem",
            f"certfile {shown.folder}/certificate.pem",
            f"keyfile {shown.folder}/key.pem",
            "require_certificate true",
            "use_identity_as_username true",
            "tls_version tlsv1.3",
        ]
    (folder / "mosquitto.conf").write_text("\n".join([*lines, *more]) + "\n")
    running = Broker(folder / "mosquitto.conf", port)
    try:
        yield running
    finally:
        running.stop()
