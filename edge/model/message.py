# SPDX-License-Identifier: Apache-2.0
"""What a decoder yields: a message of some signalling, or the octets that were none."""

import ipaddress
from functools import lru_cache
from typing import Protocol

import msgspec

from edge.model.unit import Unit


class Flow(msgspec.Struct, frozen=True, gc=False):
    """From where to where a packet went; addresses packed, 4 or 16 octets."""

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    transport: str
    "`udp`, `tcp`, `ws`, `sctp`."

    def text(self) -> str:
        """Both ends for people: `192.0.2.1:5060 > 192.0.2.2:5060 udp`."""
        source = socket_text(self.source, self.source_port)
        return f"{source} > {socket_text(self.destination, self.destination_port)} {self.transport}"


@lru_cache(maxsize=4096)  # the same few call again and again; and their text is kept once
def address_text(address: bytes) -> str:
    """Return the usual text of a packed IPv4 or IPv6 address; empty for none."""
    return str(ipaddress.ip_address(address)) if address else ""


def socket_text(address: bytes, port: int) -> str:
    """Return `192.0.2.1:5060` or `[2001:db8::1]:5060`."""
    text = address_text(address)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


NO_FLOW = Flow(b"", b"", 0, 0, "")


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """Octets that could not be read at some layer. Evidence, never an exception."""

    layer: str
    "`pcap`, `ethernet`, `ipv4`, `udp`, `sip`, `mtp2`, `isup`, ..."
    offset: int
    "Octets into that layer's data where reading stopped."
    why: str
    data: bytes
    unit: Unit | None = None


class Message(Protocol):
    """What every decoded signalling message can say, whatever the protocol."""

    unit: Unit
    "The unit that completed the message."
    earlier: tuple[Unit, ...]
    "The units with its other pieces, in the order heard: fragments, segments. Evidence."
    flow: Flow

    @property
    def proto(self) -> str:
        """`sip`, `isup`, `q931`, ..."""

    @property
    def type(self) -> str:
        """The standard's short name: `INVITE`, `200`, `IAM`, `SETUP`."""

    @property
    def call(self) -> str:
        """Call-ID, circuit or call reference."""

    @property
    def calling(self) -> str:
        """Digits as heard, fillers removed; empty if the message carries none."""

    @property
    def called(self) -> str:
        """Digits as heard, fillers removed; empty if the message carries none."""

    def fields(self) -> dict[str, object]:
        """What this protocol adds to the common fields, ready for JSON."""

    def facts(self) -> dict[str, object]:
        """What an offering message says beyond numbers: devices, addresses, indicators."""


def units_of(message: Message) -> tuple[Unit, ...]:
    """Return all that a message was put together from, as heard."""
    return (*message.earlier, message.unit)
