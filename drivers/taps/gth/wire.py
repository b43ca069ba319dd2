# SPDX-License-Identifier: Apache-2.0
"""The two channels of a Corelatus GTH: XML commands and binary records, both out of TCP streams.

As published with its example code and API manual. Octets in, answers, events and records out. A
`Malformed` is the last of a stream: it cannot be picked up again.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Literal
from xml.sax.saxutils import quoteattr

import msgspec

from edge.model.message import Malformed
from edge.model.unit import Alarm

Monitor = Literal["mtp2", "lapd", "raw"]

MAX_HEADER = 1024
MAX_BODY = 65_536
"Of a command's answer; an inventory of 64 spans is a tenth of it."
BLANK = b"\r\n\r\n"


class Said(msgspec.Struct, frozen=True):
    """An element of an answer, or of an event."""

    name: str
    "`ok`, `job`, `error`, `l1_message`, `slip`, ..."
    attributes: Mapping[str, str]
    is_event: bool = False


class CommandFramer:
    """Cuts the command channel into XML texts. Holds one of them."""

    def __init__(self) -> None:
        """Start between two texts."""
        self._held = b""

    def feed(self, octets: bytes) -> list[bytes | Malformed]:
        """Return the texts that are whole now."""
        self._held += octets
        texts: list[bytes | Malformed] = []
        while len(cut := self._held.split(BLANK, 1)) > 1:
            header, rest = cut
            length = _length(header)
            if not 0 <= length <= MAX_BODY:
                return [*texts, Malformed("gth", 0, "header without a fit length", header)]
            if len(rest) < length:
                return texts
            texts.append(rest[:length])
            self._held = rest[length:]
        if len(self._held) > MAX_HEADER:
            texts.append(Malformed("gth", MAX_HEADER, "header without end", self._held))
        return texts


def _length(header: bytes) -> int:
    """Return what a header says of the length of its text, or -1."""
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value[:20])
    return -1


def parse(text: bytes) -> list[Said] | Malformed:
    """Read an answer or the events in a text.

    Declarations are refused before the parser sees them, so there are no entities to expand or
    fetch; the size is bounded by `CommandFramer`.
    """
    if b"<!" in text or b"\0" in text:  # a zero: UTF-16, in which the first would not be seen
        return Malformed("gth", 0, "declarations have no place in an answer", text)
    try:
        top = ET.fromstring(text)  # noqa: S314 - as above
    except (ET.ParseError, LookupError, ValueError) as why:
        return Malformed("gth", 0, f"not XML: {why}", text)
    if top.tag != "event":
        return [Said(top.tag, dict(top.attrib))]
    return [Said(child.tag, dict(child.attrib), is_event=True) for child in top]


def command(xml: str) -> bytes:
    """Return a command as sent."""
    body = xml.encode("utf-8")
    return b"Content-type: text/xml\r\nContent-length: %d\r\n\r\n%s" % (len(body), body)


def switch_on(verb: Literal["set", "enable"], name: str, attributes: Mapping[str, str]) -> str:
    """Return the command that has a span listened to."""
    inner = "".join(element("attribute", {"name": k, "value": v}) for k, v in attributes.items())
    return element(verb, {"name": name}, inner)


class Place(msgspec.Struct, frozen=True):
    """Where a monitor sends its records."""

    address: str
    port: int
    tag: int
    "Comes back in each record."


def monitor(kind: Monitor, span: str, timeslot: int, place: Place) -> str:
    """Return the command that starts a monitor; fill-in units stay where they are."""
    attributes = {"ip_addr": place.address, "ip_port": f"{place.port}", "tag": f"{place.tag}"}
    if kind == "mtp2":
        attributes["fisu"] = "no"
    source = element("pcm_source", {"span": span, "timeslot": f"{timeslot}"})
    return element("new", {}, element(f"{kind}_monitor", attributes, source))


def element(name: str, attributes: Mapping[str, str], inner: str = "") -> str:
    """Return an XML element."""
    opened = "".join((name, *(f" {key}={quoteattr(text)}" for key, text in attributes.items())))
    return f"<{opened}>{inner}</{name}>" if inner else f"<{opened}/>"


_NAMED = {"LOS": Alarm.LOS, "LOF": Alarm.LOF, "LFA": Alarm.LOF, "AIS": Alarm.AIS, "RAI": Alarm.RAI}


def alarms(state: str) -> Alarm:
    """Return the alarms that the state of a span names; what it names otherwise is LOF."""
    words: Iterable[str] = state.upper().replace("_", " ").replace("/", " ").split()
    found = Alarm(0)
    for word in words:
        found |= _NAMED.get(word, Alarm(0) if word == "OK" else Alarm.LOF)
    return found


class Record(msgspec.Struct, frozen=True, gc=False):
    """What a monitor heard."""

    tag: int
    flags: int
    at_ms: int
    "Milliseconds since the epoch, by the clock of the GTH."
    payload: bytes
    "A frame with its check sequence, or octets of a timeslot."


_LENGTH = Struct(">H")
_HEAD = Struct(">HHHI")
"Tag, flags, time in two parts."


class RecordFramer:
    """Cuts a data channel into records. Holds less than two of them, 64 KiB each."""

    def __init__(self) -> None:
        """Start between two records."""
        self._held = b""

    def feed(self, octets: bytes) -> list[Record | Malformed]:
        """Return the records that are whole now."""
        held = self._held + octets
        records: list[Record | Malformed] = []
        at = 0
        while len(held) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(held, at)
            if length < _HEAD.size:
                records.append(Malformed("gth", at, f"record of {length} octets", held[at:]))
                break
            start = at + _LENGTH.size
            if len(held) - start < length:
                break
            tag, flags, high, low = _HEAD.unpack_from(held, start)
            at = start + length
            records.append(Record(tag, flags, high << 32 | low, held[start + _HEAD.size : at]))
        self._held = held[at:]
        return records
