# SPDX-License-Identifier: Apache-2.0
"""A real Kamailio that relays calls to wherever their Request-URI says, and takes orders."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hil.loopback import free_port

CONFIG = """
debug=0
log_stderror=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{sip}
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "sl.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
loadmodule "dialog.so"
modparam("jsonrpcs", "transport", 6)
modparam("jsonrpcs", "dgram_socket", "{orders}")
request_route {{
    if (has_totag()) {{
        loose_route();
        dlg_manage();
    }} else if (is_method("INVITE")) {{
        record_route();
        dlg_manage();
    }} else if (is_method("CANCEL") && !t_check_trans()) {{
        exit;
    }}
    t_relay();
}}
"""


class Kamailio:
    """One that runs."""

    def __init__(self, folder: Path, *, unix: bool = False) -> None:
        self.port = free_port()
        "Where it hears SIP, on loopback."
        orders = f"{folder}/orders" if unix else f"udp:127.0.0.1:{free_port()}"
        self.endpoint = f"unix:{orders}" if unix else orders
        path = folder / "kamailio.cfg"
        path.write_text(CONFIG.format(sip=self.port, orders=orders), encoding="utf-8")
        self._process = subprocess.Popen(
            [
                *("kamailio", "-DD", "-m", "64", "-M", "8", "-f", str(path)),
                *("-Y", str(folder), "-w", str(folder)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._await()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def close(self) -> None:
        """Kill it; may be said twice."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def ask(self, method: str, *parameters: Any) -> dict[str, Any]:
        """Ask it something, as its owner would."""
        if answer := self._ask(method, parameters, 5):
            return answer
        raise TimeoutError(method)

    def _ask(self, method: str, parameters: tuple, within_s: float) -> dict[str, Any] | None:
        kind, _, place = self.endpoint.partition(":")
        host, _, port = place.rpartition(":")
        question = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
        family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asker:
            asker.settimeout(within_s)
            if kind == "unix":
                asker.bind("")
            with suppress(OSError):
                asker.connect(place if kind == "unix" else (host, int(port)))
                asker.send(json.dumps(question).encode())
                heard: dict[str, Any] = json.loads(asker.recv(65_535))
                return heard
        return None

    def _await(self) -> None:
        for _ in range(1000):
            if self._ask("core.version", (), 0.02):
                return
            assert self._process.poll() is None, "kamailio did not start"
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
        raise TimeoutError("kamailio")


@contextmanager
def running(folder: Path, *, unix: bool = False) -> Iterator[Kamailio]:
    """Run a Kamailio in a folder until the block is left."""
    one = Kamailio(folder, unix=unix)
    try:
        yield one
    finally:
        one.close()


def invite(call_id: str, to: int, cseq: int = 1, tag: str = "caller1") -> bytes:
    """Return an INVITE as a phone sends it, for whoever answers at a port of loopback."""
    return (
        f"INVITE sip:77172000001@127.0.0.1:{to} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK-{call_id.partition('@')[0]}-{cseq}\r\n"
        f"From: <sip:+447700900123@127.0.0.1>;tag={tag}\r\nTo: <sip:77172000001@127.0.0.1>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {cseq} INVITE\r\nContact: <sip:one@127.0.0.1>\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@contextmanager
def waiting_call(kamailio: Kamailio, call_id: str) -> Iterator[socket.socket]:
    """Have a call wait at a phone that says nothing; yields the caller's socket."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller,
    ):
        for phone in (callee, caller):
            phone.bind(("127.0.0.1", 0))
            phone.settimeout(5)
        caller.connect(("127.0.0.1", kamailio.port))
        caller.send(invite(call_id, callee.getsockname()[1]))
        callee.recv(65_535)  # the INVITE: from now on Kamailio knows the call
        yield caller
