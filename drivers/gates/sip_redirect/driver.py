# SPDX-License-Identifier: Apache-2.0
"""Answers a switch that asks where a call goes: a SIP redirect server (RFC 3261 section 8.3).

The switch sends the INVITE of a call here first, over UDP, TCP or TLS. The answer comes in the same
tick of the loop: an end (603), a desk (302), or to go on. What is heard is told in `replies`.
"""

import socket
import ssl
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from secrets import token_bytes
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.networks import IPvAnyNetwork

from drivers.gates.sip_redirect.peers import Peers
from drivers.gates.sip_redirect.replies import Here, Onward, Replies
from drivers.gates.sip_redirect.stream import Limits, StreamGate, listening
from drivers.gates.sip_redirect.udp import Overload, UdpGate, bound
from edge.errors import DriverLost
from edge.model.unit import ClockQuality
from edge.ports import Driver

SECRET_OCTETS = 32
_KERNEL_CLOCK = ClockQuality("kernel", 9)
_OWN_CLOCK = ClockQuality("receiver", 6)


class Config(BaseModel):
    """Where switches ask, which may, and how they are told to go on."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    listen: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    "The address that is asked at; one of this machine's, as evidence names it."
    port: int = Field(default=5060, ge=0, le=65_535)
    "The port that is asked at; 0 takes any that is free. TLS is usually at 5061."
    transport: Literal["udp", "tcp", "tls"] = "udp"
    "What is spoken at that port; a switch that asks in several ways is given several gates."
    peers: tuple[IPvAnyNetwork, ...] = Field(min_length=1)
    "Addresses or networks of the switches that may ask; nobody else is answered."
    go_on: Literal["302", "404", "503"] = "302"
    """How a switch is told to go on: 302 redirects it to the number it asked for. For a switch that
    takes its next route at 404 or 503, one of these: set it up so that, after this gate, either
    means just that. No call is ever stopped with them."""
    next_hop: str = Field(default="", pattern=r"^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])?(:\d{1,5})?$")
    """Host, or host and port, that a 302 leads to. Without it a 302 repeats the Request-URI: right
    where a switch looks at the number only; one that asks this gate by its address would ask again
    (RFC 3261 section 8.3)."""
    heard: bool = False
    """Whether `X-Heard` is believed: a switch that makes a call of its own to ask says there which
    call it heard. Only for switches that let no such header of a caller through."""
    memory: int = Field(default=32_768, ge=64, le=1_048_576)
    """Calls whose answer is remembered, to repeat it for as long as the INVITE may be repeated; up
    to 1 KiB each. An older one is decided again."""
    overload_ms: int = Field(default=200, ge=1, le=10_000)
    "A call that waited longer goes on unasked, milliseconds; a switch asks again after 500."
    backlog: int = Field(default=20_000, ge=1, le=1_000_000)
    "Requests answered without having caught up, after which calls go on unasked until then."
    buffer_kib: int = Field(default=4096, ge=64, le=65_536)
    "Room for requests that were not read yet, KiB; over TCP and TLS a connection's, each way."
    connections: int = Field(default=64, ge=1, le=4_096)
    "TCP and TLS connections at one time; one more is refused."
    idle_s: float = Field(default=600.0, gt=0, le=86_400)
    "A connection over which nothing was heard for so long is closed, seconds."
    certificate: Path | None = None
    "PEM file with this server's certificate and the chain behind it; TLS needs one."
    key: Path | None = None
    "PEM file with the private key; without it, it is in the certificate's file."
    client_ca: Path | None = None
    "PEM file with the authorities whose certificates prove a switch; without it none is asked for."

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.listen.is_unspecified:
            raise ValueError("listen names one address of this machine, not all of them")
        if (self.transport == "tls") != (self.certificate is not None):
            raise ValueError("a certificate is needed for TLS, and for nothing else")
        if not self.certificate and (self.key or self.client_ca):
            raise ValueError("key and client_ca are for TLS")
        if self.next_hop and self.go_on != "302":
            raise ValueError(f"next_hop stands in a 302, not in a {self.go_on}")
        return self


async def open_gate(name: str, config: Config) -> UdpGate | StreamGate:
    """Open the port.

    Raises `DriverLost` if the address is not there, the port is taken, or a file of TLS cannot be
    read.
    """
    peers = Peers(config.peers)
    overload = Overload(config.overload_ms, config.backlog)
    room = config.buffer_kib * 1024
    family = socket.AF_INET if isinstance(config.listen, IPv4Address) else socket.AF_INET6
    place = (str(config.listen), config.port)
    try:
        if config.transport == "udp":
            endpoint = bound(family, place, room)
            return UdpGate(_replies(name, config, endpoint), peers, overload, endpoint)
        tls = _tls(config)
        endpoint = listening(family, place, room)
        limits = Limits(config.idle_s, config.connections)
        return StreamGate(_replies(name, config, endpoint), peers, overload, limits, endpoint, tls)
    except OSError as refusal:
        raise DriverLost(f"{place[0]} port {place[1]}: {refusal.strerror or refusal}") from refusal


def _replies(name: str, config: Config, endpoint: socket.socket) -> Replies:
    port = endpoint.getsockname()[1]
    udp = config.transport == "udp"
    clock = _KERNEL_CLOCK if udp else _OWN_CLOCK
    transport: Literal["udp", "tcp"] = "udp" if udp else "tcp"
    here = Here(name, config.listen.packed, port, transport, clock, config.heard)
    onward = Onward(int(config.go_on), config.next_hop)
    return Replies(here, onward, config.memory, token_bytes(SECRET_OCTETS))


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.certificate, config.key)
    if config.client_ca:
        context.load_verify_locations(config.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


DRIVER = Driver(
    name="sip_redirect",
    config=Config,
    open=open_gate,
    summary="A SIP redirect server: a switch asks it where a call goes, over UDP, TCP or TLS.",
)
