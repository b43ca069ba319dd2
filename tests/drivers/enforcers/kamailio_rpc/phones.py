# SPDX-License-Identifier: Apache-2.0
"""SIPp as two phones: one that calls, one that waits, rings or answers; they end as the call does.

Either ends well only if the call was stopped in good order: a final answer and its ACK, a CANCEL
and its 487, a BYE.
"""

import asyncio
import os
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hil.loopback import free_port
from tests.drivers.enforcers.kamailio_rpc.switch import Kamailio
from tests.report.small_box import eventually

HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="phone">\n'
SAME = "[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n"
EMPTY = "Content-Length: 0\n\n"


def says(first: str, more: str, how: str = "") -> str:
    return f"<send{how}><![CDATA[\n\n{first}\n{more}{EMPTY}]]></send>\n"


def answers(status: str, tag: str = "", more: str = "[last_CSeq:]\n") -> str:
    return says(f"SIP/2.0 {status}", SAME.format(tag=tag) + more)


def acknowledges(uri: str, lines: str) -> str:
    same = "[last_From:]\n[last_To:]\n[last_Call-ID:]\nCSeq: 1 ACK\nMax-Forwards: 70\n"
    return says(f"ACK {uri} SIP/2.0", lines + same)


OWN_VIA = "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n"
INVITE = OWN_VIA + (
    "From: <sip:+447700900123@127.0.0.1>;tag=caller[call_number]\n"
    "To: <sip:77172000001@127.0.0.1>\n"
    "Call-ID: [call_id]\nCSeq: 1 INVITE\nContact: <sip:one@[local_ip]:[local_port]>\n"
    "Max-Forwards: 70\n"
)
AWAY_MS = 20
"""How far the caller is, there and back. One that answers its BYE before Kamailio has sent the
other has the callee told nothing (see `drivers.enforcers.kamailio_rpc.driver`)."""
CALLER = (
    HEAD
    + says("INVITE sip:77172000001@127.0.0.1:[callee] SIP/2.0", INVITE, ' retrans="500"')
    + '<recv response="100" optional="true"/>\n<recv response="180" optional="true"/>\n'
    '<recv response="200" optional="true" rrs="true" next="1"/>\n'
    '<recv response="302" optional="true" next="2"/>\n<recv response="603"/>\n<label id="2"/>\n'
    + acknowledges("sip:77172000001@127.0.0.1:[callee]", "[last_Via:]\n")
    + '<nop next="3"/>\n<label id="1"/>\n'
    + acknowledges("[next_url]", OWN_VIA + "[routes]\n")
    + f'<recv request="BYE"/>\n<pause milliseconds="{AWAY_MS}"/>\n'
    + answers("200 OK")
    + '<label id="3"/>\n</scenario>\n'
)

DIALOG = "[last_Record-Route:]\n[last_CSeq:]\nContact: <sip:two@[local_ip]:[local_port]>\n"
MODES = {
    "waits": answers("100 Trying"),
    "rings": answers("180 Ringing", ";tag=callee", DIALOG),
    "answers": answers("180 Ringing", ";tag=callee", DIALOG)
    + answers("200 OK", ";tag=callee", DIALOG),
}
CALLEE = (
    HEAD + '<recv request="INVITE" rrs="true"/>\n{mode}'
    '<recv request="CANCEL" optional="true" next="1"/>\n'
    '<recv request="ACK" optional="true"/>\n<recv request="BYE" next="2"/>\n<label id="1"/>\n'
    + answers("200 OK", ";tag=callee")
    + answers("487 Request Terminated", ";tag=callee", "CSeq: 1 INVITE\n")
    + '<recv request="ACK" next="3"/>\n<label id="2"/>\n'
    + answers("200 OK")
    + '<label id="3"/>\n</scenario>\n'
)


class Phone(NamedTuple):
    """A SIPp, and what it said and heard."""

    process: Process
    log: Path

    def heard(self, line: str) -> int:
        """Count the lines that begin like this, in all it heard and said."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return sum(one.startswith(line) for one in text.splitlines())

    async def ended(self) -> bool:
        """Whether the call ended for it in good order."""
        try:
            async with asyncio.timeout(20):
                return await self.process.wait() == 0
        except TimeoutError:
            raise AssertionError(f"not over: {self.log.read_text(encoding='utf-8')}") from None


@asynccontextmanager
async def sipp(folder: Path, name: str, scenario: str, *how: str) -> AsyncIterator[Phone]:
    """Run one; killed when the block is left."""
    script, log = folder / f"{name}.xml", folder / f"{name}.log"
    script.write_text(scenario, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-sf", str(script), "-i", "127.0.0.1", "-nostdin", "-m", "1", "-timeout", "20"),
        *("-trace_msg", "-message_file", str(log), *how),
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield Phone(process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def call(
    kamailio: Kamailio, folder: Path, call_id: str, mode: str
) -> AsyncIterator[tuple[Phone, Phone]]:
    """Have a call come as far as its mode says; yields caller and callee."""
    port = free_port()
    name = call_id.partition("@")[0]
    callee = CALLEE.format(mode=MODES[mode])
    async with sipp(folder, f"{name}-callee", callee, "-p", f"{port}") as two:
        await eventually(lambda: _hears(port))
        to = ("-key", "callee", f"{port}", "-cid_str", call_id, "-p", f"{free_port()}")
        far = f"127.0.0.1:{kamailio.port}"
        async with sipp(folder, f"{name}-caller", CALLER, *to, far) as one:
            sign = {"waits": "SIP/2.0 100 Trying", "rings": "SIP/2.0 180", "answers": "ACK"}[mode]
            await eventually(lambda: (two if mode == "waits" else one).heard(sign))
            if mode == "answers":
                await eventually(lambda: two.heard("ACK"))
            yield one, two


def _hears(port: int) -> bool:
    table = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return port in {int(row.split()[1].rpartition(":")[2], 16) for row in table}
