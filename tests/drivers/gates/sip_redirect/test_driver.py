# SPDX-License-Identifier: Apache-2.0
"""What is configured, what is refused, and the whole gate with SIPp as the switch."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from drivers.gates.sip_redirect.driver import Config, open_gate
from drivers.gates.sip_redirect.udp import UdpGate
from edge.decode.pcapng import PcapngWriter
from edge.errors import DriverLost
from edge.model.answer import GO_ON, Answer
from edge.model.message import Message
from tests.drivers.gates.sip_redirect.asking import DIVERT, STOP, Asked, serving

SCENARIO = Path(__file__).with_name("switch.xml")
CALLS = 90


def config(**keys: object) -> Config:
    return Config.model_validate({"port": 0, "peers": ["127.0.0.1"]} | keys)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"peers": []}, "at least 1 item"),
        ({"peers": ["somewhere"]}, "not a valid IPv4 or IPv6 network"),
        ({"listen": "0.0.0.0"}, "listen names one address"),  # noqa: S104 - refused
        ({"listen": "::"}, "listen names one address"),
        ({"transport": "tls"}, "a certificate is needed for TLS"),
        ({"certificate": "gate.pem"}, "a certificate is needed for TLS, and for nothing else"),
        ({"client_ca": "ca.pem"}, "key and client_ca are for TLS"),
        ({"go_on": "404", "next_hop": "192.0.2.9"}, "next_hop stands in a 302, not in a 404"),
        ({"go_on": "480"}, "'302', '404' or '503'"),
        ({"next_hop": "192.0.2.9\r\nX: y"}, "should match pattern"),
        ({"next_hop": "192.0.2.9>"}, "should match pattern"),
        ({"next_hop": "host:port"}, "should match pattern"),
        ({"idle_s": 0}, "greater than 0"),
        ({"memory": 1}, "greater than or equal to 64"),
    ],
)
def test_what_cannot_work_is_refused(keys: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        config(**keys)


@pytest.mark.parametrize("hop", ["", "192.0.2.9", "sbc.example.net:5070", "[2001:db8::9]:5061"])
def test_next_hops(hop: str) -> None:
    assert config(next_hop=hop).next_hop == hop


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_port_that_is_taken_is_tried_again_later(transport: str) -> None:
    gate = await open_gate("west", config(transport=transport))
    with pytest.raises(DriverLost, match=f"127.0.0.1 port {gate.port}: Address already in use"):
        await open_gate("other", config(transport=transport, port=gate.port))
    await gate.close()


@pytest.mark.asyncio
async def test_an_address_of_others_is_tried_again_later() -> None:
    with pytest.raises(DriverLost, match=r"192\.0\.2\.1 port 0: "):
        await open_gate("west", config(listen="192.0.2.1"))


@pytest.mark.asyncio
@pytest.mark.parametrize("text", [None, "no certificate"])
async def test_a_certificate_that_cannot_be_read_is_tried_again_later(
    text: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "gate.pem"
    if text is not None:
        path.write_text(text, encoding="ascii")
    with pytest.raises(DriverLost, match=r"127\.0\.0\.1 port 0: "):
        await open_gate("west", config(transport="tls", certificate=path))


@pytest.mark.asyncio
async def test_each_opening_makes_tags_of_its_own() -> None:
    gates = [await open_gate("west", config()) for _ in range(2)]
    assert all(isinstance(gate, UdpGate) for gate in gates)
    first, second = (gate._replies._secret for gate in gates)
    assert first != second
    for gate in gates:
        await gate.close()


def by_number(message: Message) -> Answer:
    """Stop a third of the calls, lead a third to the desk, and let a third go on."""
    return (STOP, DIVERT, GO_ON)[int(message.calling[-1]) % 3]


@asynccontextmanager
async def sipp(
    port: int, transport: str, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run SIPp as the switch, from a port that it finds itself."""
    numbers = [f"+44770090012{n % 3};{603 if n % 3 == 0 else 302}" for n in range(CALLS)]
    (folder / "calls.csv").write_text("\n".join(("SEQUENTIAL", *numbers, "")), encoding="ascii")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        local = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        "sipp", f"127.0.0.1:{port}", "-sf", str(SCENARIO), "-inf", str(folder / "calls.csv"),
        "-t", transport, "-i", "127.0.0.1", "-p", str(local), "-m", str(CALLS), "-r", "300",
        "-max_socket", "1000", "-nostdin", "-trace_err", "-error_file", str(folder / "errors"),
        "-timeout", "20",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.asyncio
@pytest.mark.peer("sipp")
@pytest.mark.parametrize(("transport", "mode"), [("udp", "u1"), ("udp", "un"), ("tcp", "t1")])
async def test_a_switch_is_told_what_was_decided(transport: str, mode: str, tmp_path: Path) -> None:
    gate = await open_gate("west", config(transport=transport, next_hop="192.0.2.9:5070"))
    async with serving(gate, by_number), sipp(gate.port, mode, tmp_path) as switch:
        shown, _ = await switch.communicate()
    errors = tmp_path / "errors"
    assert switch.returncode == 0, errors.read_text() if errors.exists() else shown.decode()
    third = CALLS // 3
    assert {name: count for name, count in gate.counts.items() if count} == {
        "asked": CALLS, "stopped": third, "diverted": third, "went_on": third, "acked": CALLS,
        "options": CALLS,
    }  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.peer("sipp", "tshark")
@pytest.mark.parametrize(("transport", "mode"), [("udp", "u1"), ("tcp", "t1")])
async def test_what_it_was_asked_is_evidence_that_tshark_reads(
    transport: str, mode: str, tmp_path: Path
) -> None:
    gate = await open_gate("west", config(transport=transport, next_hop="192.0.2.9:5070"))
    asked = Asked(lambda: by_number(asked.messages[-1]))
    async with serving(gate, asked), sipp(gate.port, mode, tmp_path) as switch:
        await switch.communicate()
    writer = PcapngWriter()
    blocks = [writer.write(message.unit) for message in asked.messages]
    (tmp_path / "asked.pcapng").write_bytes(writer.header() + b"".join(blocks))
    tshark = await asyncio.create_subprocess_exec(
        "tshark", "-n", "-r", str(tmp_path / "asked.pcapng"), "-Y", "sdp", "-T", "fields",
        "-e", "sip.Method", "-e", "exported_pdu.dst_port", stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await tshark.communicate()
    assert out.decode().splitlines() == [f"INVITE\t{gate.port}"] * CALLS
