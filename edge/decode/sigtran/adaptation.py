# SPDX-License-Identifier: Apache-2.0
"""The adaptation layers: one header for all, MTP3 or Q.931 messages inside.

M3UA (RFC 4666, and drafts before it), M2UA (RFC 3331), M2PA (RFC 4165), IUA (RFC 4233).
"""

from collections.abc import Callable, Mapping

import msgspec

from edge.decode import mtp3
from edge.decode.cursor import Cursor, Unreadable
from edge.decode.sigtran.codes import LINK_STATUS, OWN, PORTS, PROTOCOLS, SHARED
from edge.model.message import Malformed

HEADER = 8
VERSION = 1
MAX_PARAMETERS = 64
INTERFACE, ROUTING_CONTEXT = 0x0001, 0x0006
DETAILS = {
    "m3ua": ("routing_context", ROUTING_CONTEXT),
    "m2ua": ("interface", INTERFACE),
    "iua": ("interface", INTERFACE),
}
CARRIERS = {
    "DATA",
    "DATA REQUEST",
    "DATA INDICATION",
    "UNIT DATA REQUEST",
    "UNIT DATA INDICATION",
}
M3UA_DATA, M3UA_DRAFT_DATA = 0x0210, 0x0002
M2UA_DATA, DRAFT_DATA, IUA_DATA = 0x0300, 0x000E, 0x000E


class CallControl(msgspec.Struct, frozen=True, gc=False):
    """A Q.931 message out of IUA."""

    interface: int
    side: str
    "`asp` for a request, `sg` for an indication."
    octets: bytes


class Adapted(msgspec.Struct, frozen=True, gc=False):
    """One message of an adaptation layer, and what it carries, if anything."""

    proto: str
    type: str
    details: Mapping[str, object]
    carried: mtp3.Transfer | CallControl | None = None


Parameters = Mapping[int, Cursor]


def protocol_of(payload_protocol: int, *ports: int) -> str:
    """Return the adaptation layer, or nothing; some stacks swap the identifier, or send none."""
    if not payload_protocol:
        return next((PORTS[port] for port in ports if port in PORTS), "")
    swapped = int.from_bytes(payload_protocol.to_bytes(4, "little"), "big")
    return PROTOCOLS.get(payload_protocol) or PROTOCOLS.get(swapped, "")


def parse(proto: str, octets: bytes) -> Adapted | Malformed:
    """Read one message of the layer `proto`."""
    try:
        return _message(proto, Cursor(octets))
    except Unreadable as why:
        return why.malformed(proto, octets)


def _message(proto: str, cursor: Cursor) -> Adapted:
    version, _, class_, type_ = cursor.take(4)
    if version != VERSION:
        raise Unreadable(0, f"version {version}")
    name = OWN[proto].get((class_, type_)) or SHARED.get((class_, type_))
    if not name:
        raise Unreadable(2, f"unknown message class {class_} type {type_}")
    body = cursor.sub(cursor.u32() - HEADER)
    if proto == "m2pa":
        return _m2pa(name, body)
    parameters = _parameters(body)
    detail, tag = DETAILS[proto]
    details = {detail: _number(parameters[tag])} if tag in parameters else {}
    carried = READERS[proto](name, parameters) if name in CARRIERS else None
    return Adapted(proto, name, details, carried)


def _parameters(cursor: Cursor) -> Parameters:
    """Read tags and values, padded to four octets; of a repeated tag the first counts."""
    found: dict[int, Cursor] = {}
    for _ in range(MAX_PARAMETERS):
        if not cursor.left:
            return found
        at = cursor.offset
        tag, size = cursor.u16(), cursor.u16()
        if size < 4:  # noqa: PLR2004 - the length counts tag and length
            raise Unreadable(at, f"parameter length {size}")
        found.setdefault(tag, cursor.sub(size - 4))
        cursor.skip(min(-size % 4, cursor.left))
    raise Unreadable(cursor.offset, f"more than {MAX_PARAMETERS} parameters")


def _number(value: Cursor) -> int:
    """Return the first number of a parameter; no call is lost over a bad one."""
    return int.from_bytes(value.ahead(0).rest()[:4], "big")


def _one_of(parameters: Parameters, *tags: int) -> Cursor:
    for tag in tags:
        if tag in parameters:
            return parameters[tag]
    raise Unreadable(HEADER, "DATA without protocol data")


def _m3ua(_: str, parameters: Parameters) -> mtp3.Transfer:
    """Read protocol data (RFC 4666 3.3.1), or the whole MTP3 message that early drafts carried."""
    if M3UA_DRAFT_DATA in parameters:
        return mtp3.read(parameters[M3UA_DRAFT_DATA])
    data = _one_of(parameters, M3UA_DATA)
    opc, dpc = data.u32(), data.u32()
    service, network, _priority, sls = data.take(4)
    return mtp3.Transfer(mtp3.Label(opc, dpc, sls, service, network), data.rest())


def _m2ua(_: str, parameters: Parameters) -> mtp3.Transfer:
    return mtp3.read(_one_of(parameters, M2UA_DATA, DRAFT_DATA))


def _iua(name: str, parameters: Parameters) -> CallControl:
    data = _one_of(parameters, IUA_DATA)
    interface = _number(parameters[INTERFACE]) if INTERFACE in parameters else 0
    return CallControl(interface, "asp" if name.endswith("REQUEST") else "sg", data.rest())


READERS: Mapping[str, Callable[[str, Parameters], mtp3.Transfer | CallControl]] = {
    "m3ua": _m3ua,
    "m2ua": _m2ua,
    "iua": _iua,
}


def _m2pa(name: str, body: Cursor) -> Adapted:
    """Read sequence numbers, then priority and MTP3 message (RFC 4165 section 2)."""
    numbers = {"bsn": body.u32() & 0xFFFFFF, "fsn": body.u32() & 0xFFFFFF}
    if name != "DATA":
        status = body.u32()
        return Adapted("m2pa", name, {**numbers, "status": LINK_STATUS.get(status, status)})
    if not body.left:  # user data without data only acknowledges
        return Adapted("m2pa", "ACK", numbers)
    body.skip(1)
    return Adapted("m2pa", name, numbers, mtp3.read(body))
