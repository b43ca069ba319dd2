# SPDX-License-Identifier: Apache-2.0
"""From a unit to what its transport carried: the table of layers, and the walk through them.

What most units of a telephone trunk are (Ethernet, at most one tag, plain IPv4, UDP) is read by one
`unpack`; everything else, with the same results, layer by layer.
"""

from collections import Counter
from struct import Struct

from edge.decode import hep, ip, link, transport, tunnel, upper_pdu
from edge.decode.cursor import Cursor, Short, Unreadable
from edge.decode.fragment import Fragments
from edge.decode.tcp import Closed, Streams, Stretch
from edge.decode.transport import Datagram
from edge.decode.walk import Key, Layer, Path, Walk
from edge.model.message import Flow, Malformed
from edge.model.unit import LinkType, Unit

LAYERS: dict[Key, Layer] = (
    link.LAYERS | hep.LAYERS | upper_pdu.LAYERS | ip.LAYERS | transport.LAYERS | tunnel.LAYERS
)

MAX_LAYERS = 32
"Layers inside each other, tags and extension headers included; more is an attack on us."

_NAMES = {
    ("ether", 0x0806): "arp",
    ("ether", 0x88CC): "lldp",
    ("ether", 0x8809): "lacp",
    ("llc", 0x42): "stp",
    ("ip", 1): "icmp",
    ("ip", 2): "igmp",
    ("ip", 50): "esp",
    ("ip", 58): "icmpv6",
    ("ip", 59): "nothing",
    ("ip", 89): "ospf",
    ("ip", 112): "vrrp",
    ("ip", 132): "sctp",
}
_MAX_KINDS = 256
"Kinds that are counted apart; a sender who makes up more of them is counted as `rest`."
_MAX_FLOWS = 65_536

_ETHERTYPE_AT: dict[int, int] = {LinkType.ETHERNET: 12, LinkType.LINUX_SLL: 14}
_QUICK = Struct(">IH2xI14xH")
"""EtherType to type of service; total length; fragment to protocol; UDP length. The other fields
lie between."""
_IPV4_NO_OPTIONS, _IPV4_MASK = 0x0800_4500, 0xFFFF_FF00
_UDP_UNFRAGMENTED, _UDP_MASK = 17, 0x3FFF_00FF
_UDP_HEADER, _IPV4_HEADER = 8, 20
_PORTS = Struct(">HH")
_FOREVER = 1 << 64

WHOLE = frozenset(("udp", "tcp", "sctp"))
"Transports of a whole message: of UDP always, of the others as HEP hands it on."

Heard = Datagram | Stretch | Closed | Malformed


class Chain:
    """Opens units. Holds what is needed to put parts together, and counts what is not ours."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.other: Counter[str] = Counter()
        "Units that carried neither UDP nor TCP, by kind: `arp`, `icmp`, `ether 0x88b5`."
        self.unopened = 0
        "How many those are."
        self._flows: dict[bytes, Flow] = {}
        self._fragments = Fragments()
        self._streams = Streams()

    @property
    def counts(self) -> Counter[str]:
        """What may have hidden a message, by cause: fragments missing, gaps in streams."""
        return self._fragments.lost + self._streams.lost

    @property
    def oddities(self) -> Counter[str]:
        """What hid nothing, by kind: repetitions, overlaps, streams joined midway."""
        return self._fragments.oddities + self._streams.oddities

    def feed(self, unit: Unit) -> list[Heard]:
        """Open one unit; return what it completed. Nothing for what was counted as `other`."""
        data = unit.data
        size = len(data)
        at = _ETHERTYPE_AT.get(unit.link, size)
        if at + _QUICK.size > size:
            return self.layer_by_layer(unit)
        kind, total, part, length = _QUICK.unpack_from(data, at)
        path: Path = ()
        if (
            kind & _IPV4_MASK != _IPV4_NO_OPTIONS
            and kind >> 16 in link.VLAN_TAGS
            and at + 4 + _QUICK.size <= size
        ):
            path = (("vlan", kind & 0xFFF),)
            at += 4
            kind, total, part, length = _QUICK.unpack_from(data, at)
        if (
            kind & _IPV4_MASK == _IPV4_NO_OPTIONS
            and part & _UDP_MASK == _UDP_UNFRAGMENTED
            and _UDP_HEADER <= length <= total - _IPV4_HEADER
            and at + 2 + total <= size
        ):
            ends = data[at + 14 : at + 26]
            flow = self._flows.get(ends) or self._meet(ends)
            if flow:
                return [Datagram(unit, flow, data[at + 30 : at + 22 + length], path)]
        return self.layer_by_layer(unit)

    def _meet(self, ends: bytes) -> Flow | None:
        """Return the flow between two ends, to be met again; None if its port leads on inside."""
        source_port, destination_port = _PORTS.unpack_from(ends, 8)
        if ("udp", destination_port) in LAYERS:
            return None
        if len(self._flows) >= _MAX_FLOWS:
            self._flows.clear()
        flow = Flow(ends[:4], ends[4:8], source_port, destination_port, "udp")
        self._flows[ends] = flow
        return flow

    def expire(self, now: int = _FOREVER) -> list[Heard]:
        """Give up what waited too long at `now`, or all that waits, as at the end of a file."""
        return [*self._fragments.trim(now), *self._streams.expire(now)]

    def ignore(self, stretch: Stretch) -> None:
        """Carry nothing more of a stream until it is opened anew: its content is not ours."""
        self._streams.ignore(stretch.flow, stretch.path)

    def layer_by_layer(self, unit: Unit) -> list[Heard]:
        """Do what `feed` does, by the table."""
        walk = Walk(unit, Cursor(unit.data))
        heard: list[Heard] = []
        try:
            self._walk(walk, heard)
        except Unreadable as lie:
            heard.append(_malformed(walk, lie))
        return heard

    def _walk(self, walk: Walk, heard: list[Heard]) -> None:
        key: Key = ("link", walk.unit.link)
        for _ in range(MAX_LAYERS):
            layer = LAYERS.get(key)
            if layer is None:
                self._carried(walk, key, heard)
                return
            walk.layer, walk.start = layer.name, walk.cursor.offset
            key = layer.open(walk)
            if walk.fragment:
                fragment, walk.fragment = walk.fragment, None
                following = self._fragments.add(walk, fragment, key)
                heard.extend(self._fragments.trim(walk.unit.at))
                if following is None:
                    return
                key = following
        raise Unreadable(walk.cursor.offset, f"more than {MAX_LAYERS} layers")

    def _carried(self, walk: Walk, key: Key, heard: list[Heard]) -> None:
        registry, _ = key
        if registry in WHOLE and not walk.segment:
            ports = walk.source_port, walk.destination_port
            flow = Flow(walk.source, walk.destination, *ports, registry)
            datagram = Datagram(walk.unit, flow, walk.cursor.rest(), walk.path, walk.earlier)
            heard.append(datagram)
        elif walk.segment:
            heard.extend(self._streams.add(walk, walk.segment))
        else:
            self._count(key)

    def _count(self, key: Key) -> None:
        self.unopened += 1
        registry, number = key
        shown = f"0x{number:04x}" if registry == "ether" else number
        kind = _NAMES.get(key) or f"{registry} {shown}"
        full = len(self.other) >= _MAX_KINDS and kind not in self.other
        self.other["rest" if full else kind] += 1


def _malformed(walk: Walk, lie: Unreadable) -> Malformed:
    """Say whose fault it is: the sender's, or that of a tap that does not keep whole frames."""
    unit, data = walk.unit, walk.cursor.data
    if unit.cut and isinstance(lie, Short) and lie.end == len(data) and data is unit.data:
        why = f"cut by snap length: {unit.cut} octets not captured"
        return Malformed("capture", lie.offset, why, data, unit)
    return lie.malformed(walk.layer, data[walk.start :], unit, walk.start)
