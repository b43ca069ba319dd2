# SPDX-License-Identifier: Apache-2.0
"""A trunk into a real Asterisk: SIPp calls over it, and SIPp's phones ring or answer."""

import asyncio
import os
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hil.loopback import free_port
from tests.asterisk import MODULES, Asterisk, asterisk

HERE = Path(__file__).parent
RINGING, ANSWERING = "77172000001", "77172000002"
"Called numbers, and what their phones do."

MANAGER = """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {ami}

[qalqan]
secret = a-secret
read = call
write = call

[reader]
secret = a-secret
read = call
write =
"""
PJSIP = """
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}

[endpoint](!)
type = endpoint
transport = udp
context = trunk
disallow = all
allow = alaw

[trunk](endpoint)

[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
"""
OLDER = """
[general]
context = trunk
udpbindaddr = 127.0.0.1:{older}
allowguest = yes
disallow = all
allow = alaw
"""
"For chan_sip, the channel driver before PJSIP."
PHONE = """
[{name}](endpoint)
aors = {name}

[{name}]
type = aor
contact = sip:{name}@127.0.0.1:{port}
"""
DIALPLAN = """
[trunk]
exten => 77172000001,1,Dial(PJSIP/ringing)
exten => 77172000002,1,Dial(PJSIP/answering)

[desk]
exten => s,1,Dial(PJSIP/desk)
"""


class Ports(NamedTuple):
    """Where the Asterisk listens, and where the phones do."""

    ami: int
    sip: int
    older: int
    "The same, for calls that chan_sip takes."
    ringing: int
    answering: int
    desk: int


class Trunk(NamedTuple):
    """What a test is given."""

    asterisk: Asterisk
    ports: Ports


@contextmanager
def trunk(*prefix: str) -> Iterator[Trunk]:
    """Run an Asterisk with a trunk and three phones until the block is left."""
    ports = Ports(*(free_port() for _ in Ports._fields))
    phones = {name: getattr(ports, name) for name in ("ringing", "answering", "desk")}
    files = {
        "manager.conf": MANAGER.format(ami=ports.ami),
        "pjsip.conf": PJSIP.format(sip=ports.sip)
        + "".join(PHONE.format(name=name, port=port) for name, port in phones.items()),
        "sip.conf": OLDER.format(older=ports.older),
        "extensions.conf": DIALPLAN,
        "modules.conf": f"{MODULES}load = chan_sip.so\n",
    }
    with asterisk(files, prefix) as running:
        yield Trunk(running, ports)


class Peer:
    """A SIPp, and what it said and heard."""

    def __init__(self, process: Process, trace: Path) -> None:
        self.process = process
        self._trace = trace

    def heard(self, words: str) -> bool:
        return self._trace.exists() and words in self._trace.read_text()

    async def until(self, words: str) -> None:
        await eventually(lambda: self.heard(words), words)

    async def ended_well(self) -> bool:
        """Whether all went as its scenario says."""
        async with asyncio.timeout(20):
            return await self.process.wait() == 0


async def eventually(truth: Callable[[], bool], what: str) -> None:
    """Wait until something holds that another program brings about."""
    try:
        async with asyncio.timeout(20):
            while not truth():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


@asynccontextmanager
async def _sipp(
    folder: Path, name: str, scenario: str, port: int, *how: str
) -> AsyncIterator[Peer]:
    trace = folder / f"{name}.trace"
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sf", str(HERE / f"{scenario}.xml"), "-i", "127.0.0.1", "-p", str(port),
        "-nostdin", "-m", "1", "-trace_msg", "-message_file", str(trace), *how, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield Peer(process, trace)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def phone(folder: Path, name: str, scenario: str, port: int) -> AsyncIterator[Peer]:
    """Have a phone that takes one call."""
    async with _sipp(folder, name, scenario, port) as peer:
        await eventually(lambda: _listens(port), f"{name} listens")
        yield peer


@asynccontextmanager
async def call(folder: Path, to: int, call_id: str, called: str) -> AsyncIterator[Peer]:
    """Call once over the trunk, always from the same number."""
    keys = ("-key", "calling", "447700900123", "-key", "called", called)
    how = ("-cid_str", call_id, *keys, f"127.0.0.1:{to}")
    async with _sipp(folder, call_id, "caller", free_port(), *how) as peer:
        yield peer


def _listens(port: int) -> bool:
    rows = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(int(row.split()[1].rpartition(":")[2], 16) == port for row in rows)
