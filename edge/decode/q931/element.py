# SPDX-License-Identifier: Apache-2.0
"""Contents of Q.931 information elements other than numbers (section 4.5), ready for JSON.

What has no reader here is shown as hexadecimal octets.
"""

from collections.abc import Callable, Mapping

import msgspec

from edge.decode.cause import LOCATIONS, read_cause
from edge.decode.cursor import Cursor
from edge.decode.q931.codes import CAUSE, CHANNEL, SENDING_COMPLETE
from edge.decode.q931.number import LAST, ROLES, ia5, read_number

TRANSFER = {
    0x00: "speech",
    0x08: "unrestricted digital",
    0x09: "restricted digital",
    0x10: "3.1 kHz audio",
    0x11: "unrestricted digital with tones",
    0x18: "video",
}
LAYER_1 = {1: "V.110", 2: "G.711 u-law", 3: "G.711 A-law", 5: "H.221", 6: "H.223", 8: "V.120"}
PROGRESS = {
    1: "not end-to-end ISDN",
    2: "destination not ISDN",
    3: "origination not ISDN",
    4: "returned to ISDN",
    5: "interworking",
    8: "in-band information",
}
RESTARTS = {0: "indicated channels", 6: "single interface", 7: "all interfaces"}
NOTIFICATIONS = {0: "user suspended", 1: "user resumed", 2: "bearer service change"}
E1_MAP_OCTETS = 4


class Channel(msgspec.Struct, frozen=True, gc=False):
    """A channel identification (section 4.5.13)."""

    primary: bool
    exclusive: bool
    "Only this channel is acceptable."
    d_channel: bool
    channels: tuple[int, ...]
    "Timeslots; of a basic access B1 or B2. Empty where none or any will do."
    any_channel: bool = False

    def fields(self) -> dict[str, object]:
        """Return the channel for people."""
        return {
            "interface": "primary" if self.primary else "basic",
            "exclusive": self.exclusive,
            "d_channel": self.d_channel,
            "channels": ["any"] if self.any_channel else list(self.channels),
        }


def read_channel(cursor: Cursor) -> Channel:
    """Read a channel identification; raises `Short`."""
    octet = cursor.u8()
    primary, selection = bool(octet & 0x20), octet & 3
    if octet & 0x40:  # octets 3.1: an interface other than the D channel's own
        while not cursor.u8() & LAST:
            pass
    channels: tuple[int, ...] = (selection,) if selection in {1, 2} and not primary else ()
    if primary and selection == 1:
        channels = _timeslots(cursor)
    any_channel = selection == 3  # noqa: PLR2004 - "any channel", figure 4-19
    return Channel(primary, bool(octet & 0x08), bool(octet & 0x04), channels, any_channel)


def _timeslots(cursor: Cursor) -> tuple[int, ...]:
    """Read octets 3.2 and 3.3: a list of numbers, or a map of 32 bits, the highest slot first."""
    is_map, octets = bool(cursor.u8() & 0x10), cursor.rest()
    if not is_map:
        return tuple(octet & 0x7F for octet in octets)
    slots = int.from_bytes(octets[:E1_MAP_OCTETS], "big")
    return tuple(slot for slot in range(32) if slots >> slot & 1)


def _bearer(cursor: Cursor) -> object:
    first = cursor.u8()
    if not first & LAST:
        cursor.skip(1)
    mode = cursor.u8()
    found: dict[str, object] = {
        "transfer": TRANSFER.get(first & 0x1F, first & 0x1F),
        "mode": "circuit" if not mode & 0x60 else "packet",
        "rate": mode & 0x1F,
    }
    if cursor.left and (layer := cursor.u8()) & 0x60 == 0x20:  # noqa: PLR2004 - octet 5
        found["layer_1"] = LAYER_1.get(layer & 0x1F, layer & 0x1F)
    return found


def _progress(cursor: Cursor) -> object:
    location, description = cursor.u8() & 15, cursor.u8() & 0x7F
    return {
        "location": LOCATIONS.get(location, location),
        "description": PROGRESS.get(description, description),
    }


def _display(cursor: Cursor) -> object:
    octets = cursor.rest()
    charset = octets[:1] >= b"\x80"  # octet 3 of national networks: character set, then the text
    return octets[charset:].decode("latin-1")


READERS: Mapping[int, Callable[[Cursor], object]] = {
    0x04: _bearer,
    CAUSE: lambda cursor: read_cause(cursor).fields(),
    0x14: lambda cursor: cursor.u8() & 0x3F,
    CHANNEL: lambda cursor: read_channel(cursor).fields(),
    0x1E: _progress,
    0x27: lambda cursor: NOTIFICATIONS.get(cursor.peek() & 0x7F, cursor.u8() & 0x7F),
    0x28: _display,
    0x2C: lambda cursor: ia5(cursor.rest()),
    0x34: Cursor.u8,
    0x79: lambda cursor: RESTARTS.get(cursor.peek() & 7, cursor.u8() & 7),
    0xA0: lambda _: True,
    SENDING_COMPLETE: lambda _: True,
    0xB0: lambda cursor: cursor.u8() & 15,
    0xD0: lambda cursor: cursor.u8() & 15,
}


def show(code: int, content: bytes) -> object:
    """Return the content of an element of codeset 0 for JSON; raises `Short`."""
    if code in ROLES:
        return read_number(code, Cursor(content)).fields()
    reader = READERS.get(code)
    return reader(Cursor(content)) if reader else content.hex()
