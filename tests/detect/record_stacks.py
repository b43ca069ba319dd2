# SPDX-License-Identifier: Apache-2.0
"""Records how real SIP stacks write an INVITE: one small capture a stack, on loopback.

    python -m tests.detect.record_stacks [NAME ...]

A socket of ours takes the calls, refuses them, and keeps what it heard. A stack that is not on
this machine is passed over by name; `README.md` beside the captures says where each came from.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edge import clock
from tests.asterisk import MODULES, SYSTEM, asterisk

VECTORS = Path(__file__).parents[1] / "vectors" / "detect"
OURS, THEIRS = "127.0.0.1", "127.0.0.2"
CALLS = (
    ("447700900001", "77172000001"), ("447700900123", "77172000002"),
    ("447700900777", "77172000003"), ("447700900999", "77172000004"),
)  # fmt: skip
WAIT_S = 10.0

Heard = tuple[tuple[str, int], bytes]


class Sink:
    """Takes calls and refuses them."""

    def __init__(self, enough: int) -> None:
        """Listen on a port of loopback."""
        self.heard: list[Heard] = []
        self.done = threading.Event()
        self._enough = enough
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((OURS, 0))
        self.port = int(self._socket.getsockname()[1])
        self._calls: set[bytes] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            octets, sender = self._socket.recvfrom(65_535)
            if not octets.startswith(b"INVITE"):
                if not octets:
                    return
                continue
            lines = octets.split(b"\r\n")
            call = _line(lines, b"call-id")
            if call not in self._calls:
                self._calls.add(call)
                self.heard.append((sender, octets))
            self._socket.sendto(_refusal(lines), sender)
            if len(self._calls) >= self._enough:
                self.done.set()

    def close(self) -> None:
        """Listen no more."""
        self._socket.sendto(b"", (OURS, self.port))
        self._thread.join()
        self._socket.close()


def _line(lines: Sequence[bytes], name: bytes) -> bytes:
    return next(line for line in lines if line.lower().startswith(name + b":"))


def _refusal(lines: Sequence[bytes]) -> bytes:
    kept = [_line(lines, name) for name in (b"via", b"from", b"call-id", b"cseq")]
    to = _line(lines, b"to") + b";tag=sink"
    return b"\r\n".join((b"SIP/2.0 486 Busy Here", *kept, to, b"Content-Length: 0", b"", b""))


def write(path: Path, heard: Sequence[Heard], port: int) -> None:
    """Write datagrams as a capture: raw IPv4, a second apart."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)]
    second = clock.now_ns() // 10**9
    for number, ((host, source), octets) in enumerate(heard):
        datagram = struct.pack("!HHHH", source, port, 8 + len(octets), 0) + octets
        packet = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), number, 0, 64, 17, 0,
            socket.inet_aton(host), socket.inet_aton(OURS),
        ) + datagram  # fmt: skip
        out.append(struct.pack("<IIII", second + number, 0, len(packet), len(packet)) + packet)
    path.write_bytes(b"".join(out))


def run(*command: str, home: Path | None = None) -> None:
    """Run a program to its end, or until it has had its time."""
    environment = os.environ | ({"HOME": str(home)} if home else {})
    done = subprocess.run(
        ["timeout", str(WAIT_S), *command],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    del done  # it was refused: what it says of that is no matter


def sipp(port: int, folder: Path) -> None:
    """SIPp's own scenario of a caller."""
    for _, called in CALLS:
        run("sipp", "-sn", "uac", f"{OURS}:{port}", "-i", THEIRS, "-m", "1", "-s", called,
            "-nostdin", home=folder)  # fmt: skip


BARESIP = """
sip_listen {theirs}:0
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module_app account.so
module_app menu.so
audio_player aubridge,x
audio_source aubridge,x
audio_alert aubridge,x
"""


def baresip(port: int, folder: Path) -> None:
    """Baresip with G.711 alone."""
    for calling, called in CALLS:
        (folder / "config").write_text(BARESIP.format(theirs=THEIRS))
        (folder / "contacts").write_text("")
        account = f'<sip:+{calling}@{OURS}>;regint=0;outbound="sip:{OURS}:{port}"\n'
        (folder / "accounts").write_text(account)
        run("baresip", "-f", str(folder), "-e", f"/dial sip:{called}@{OURS}", "-t", "2")


PJSUA = """
import sys
import pjsua2 as pj
port, calling, called = sys.argv[1:]
point = pj.Endpoint()
point.libCreate()
config = pj.EpConfig()
config.logConfig.level = config.logConfig.consoleLevel = 0
config.uaConfig.threadCnt = 0
point.libInit(config)
transport = pj.TransportConfig()
transport.boundAddress = "127.0.0.2"
point.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
point.libStart()
point.audDevManager().setNullDev()
account = pj.AccountConfig()
account.idUri = f"sip:+{calling}@127.0.0.1"
user = pj.Account()
user.create(account)
call = pj.Call(user)
call.makeCall(f"sip:{called}@127.0.0.1:{port}", pj.CallOpParam(True))
for _ in range(30):
    point.libHandleEvents(20)
point.libDestroy()
"""


def pjsua(port: int, folder: Path) -> None:
    """PJSUA as applications use it; `PJSUA_PYTHON` names a Python that has `pjsua2`."""
    script = folder / "call.py"
    script.write_text(PJSUA)
    for calling, called in CALLS:
        run(os.environ.get("PJSUA_PYTHON", sys.executable), str(script), str(port), calling, called)


NET_SIP = """
use Net::SIP;
my ($port, $from, $to) = @ARGV;
my $ua = Net::SIP::Simple->new(
    outgoing_proxy => "127.0.0.1:$port", from => "sip:+$from\\@127.0.0.1", leg => "127.0.0.2:5070");
$ua->invite("sip:$to\\@127.0.0.1:$port", cb_final => sub {});
$ua->loop(1);
"""


def net_sip(port: int, folder: Path) -> None:
    """The SIP of a Perl script."""
    script = folder / "call.pl"
    script.write_text(NET_SIP)
    for calling, called in CALLS:
        run("perl", str(script), str(port), calling, called)


def sipvicious(port: int, folder: Path) -> None:
    """A scanner that attackers use."""
    for _ in CALLS:
        run("svmap", "-m", "INVITE", "-p", str(port), OURS, home=folder)


PJSIP = """
[here]
type=transport
protocol=udp
bind=127.0.0.2:5080

[sink]
type=aor
contact=sip:127.0.0.1:{port}
"""
ENDPOINT = """
[{name}]
type=endpoint
aors=sink
context=none
disallow=all
allow=alaw,ulaw
from_user=+{calling}
from_domain=127.0.0.2
{more}
"""


def _asterisk(port: int, more: str) -> None:
    endpoints = "".join(
        ENDPOINT.format(name=f"as{calling}", calling=calling, more=more) for calling, _ in CALLS
    )
    files = {
        "pjsip.conf": PJSIP.format(port=port) + endpoints,
        "extensions.conf": "[none]\n",
        "modules.conf": MODULES + "load = res_clioriginate.so\n",
    }
    with asterisk(files) as exchange:
        for calling, called in CALLS:
            dialled = f"PJSIP/as{calling}/sip:{called}@{OURS}:{port}"
            exchange.ask(f"channel originate {dialled} application Wait 2")


def asterisk_plain(port: int, folder: Path) -> None:
    """Asterisk 16 of Debian 11, chan_pjsip."""
    _asterisk(port, "")


def asterisk_trunk(port: int, folder: Path) -> None:
    """The same, configured as a trunk: asserted identity, DTMF as it comes, direct media."""
    _asterisk(port, "send_pai=yes\ndtmf_mode=inband\ntimers=no\n")


STACKS: dict[str, tuple[str, Callable[[int, Path], None]]] = {
    "sipp": ("sipp", sipp),
    "baresip": ("baresip", baresip),
    "pjsua": ("python3", pjsua),
    "net_sip": ("perl", net_sip),
    "sipvicious": ("svmap", sipvicious),
    "asterisk": ("mmdebstrap", asterisk_plain),
    "asterisk_trunk": ("mmdebstrap", asterisk_trunk),
}


def record(name: str) -> int:
    """Record one stack; return how many of its calls were heard."""
    program, calls = STACKS[name]
    if shutil.which(program) is None and not SYSTEM.exists():
        return 0
    sink = Sink(len(CALLS))
    try:
        with tempfile.TemporaryDirectory(prefix="stack-") as folder:
            calls(sink.port, Path(folder))
        sink.done.wait(WAIT_S)
        if sink.heard:
            write(VECTORS / f"{name}.pcap", sink.heard[: len(CALLS)], sink.port)
    finally:
        sink.close()
    return len(sink.heard)


def main() -> None:
    """Record what is asked for, or everything."""
    VECTORS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or STACKS:
        sys.stdout.write(f"{name}: {record(name)} calls\n")


if __name__ == "__main__":
    main()
