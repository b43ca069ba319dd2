# SPDX-License-Identifier: Apache-2.0
"""What the layers of a packet share: the walk through them, and the names of what comes next.

A layer is a function that reads its header off the walk's cursor, narrows the cursor to what it
carries, and returns the key of that. It raises `Unreadable`; `chain` catches.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from edge.decode.cursor import Cursor
from edge.model.unit import Unit

Key = tuple[str, int]
"""A registry and a number of it: `link` (LINKTYPE), `ether` (EtherType), `llc` (SAP), `ip`
(protocol), `ppp`, and `udp` for the few port numbers that alone can announce a tunnel."""

Path = tuple[tuple[str, int], ...]
'Tags and tunnels around a packet, outermost first: `(("vlan", 100), ("vxlan", 5001))`.'


class Fragment(NamedTuple):
    """Which part of which datagram the walk's cursor holds."""

    version: int
    identification: int
    protocol: int
    "Tells datagrams apart in IPv4 (RFC 791 3.2); 0 in IPv6 (RFC 8200 4.5)."
    offset: int
    "Octets."
    more: bool


class Segment(NamedTuple):
    """What a TCP header says of the octets that the walk's cursor holds."""

    sequence: int
    acknowledged: int
    flags: int


class Walk(msgspec.Struct):
    """Where the walk through one unit's layers stands."""

    unit: Unit
    cursor: Cursor
    layer: str = ""
    "Name of the layer being opened."
    start: int = 0
    "Where in the cursor's data it begins."
    path: Path = ()
    source: bytes = b""
    destination: bytes = b""
    source_port: int = 0
    destination_port: int = 0
    fragment: Fragment | None = None
    "Set by a layer whose packet is but a part of a datagram."
    segment: Segment | None = None
    earlier: tuple[Unit, ...] = ()
    "Units that brought the fragments before."


class Layer(NamedTuple):
    """A layer's name in a `Malformed`, and the function that opens it."""

    name: str
    open: Callable[[Walk], Key]
