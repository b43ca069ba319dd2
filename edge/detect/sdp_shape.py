# SPDX-License-Identifier: Apache-2.0
"""The shape of an SDP offer (RFC 8866): what a device can do, and how it writes that down.

Two parts. The media part (codecs and their numbers in order, formats, attributes in order) is what
a border controller mostly lets through: it needs the other end to agree with it. The session part
(`o=`, `s=`, the order of lines) is what one that hides its inside writes anew.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from edge.decode.sip.body import parts
from edge.decode.sip.grammar import text
from edge.detect.fast import shape_of

MOST_LINES = 256
MOST_KNOWN = 4096
"Media parts remembered by their octets: a device says the same in every call but for the port."
LONGEST = 512
"Octets of a media part: what is longer is cut, a device's own longer lists agree that far."

PROFILES = {
    "RTP/AVP": "avp", "RTP/SAVP": "savp", "RTP/AVPF": "avpf", "RTP/SAVPF": "savpf",
    "UDP/TLS/RTP/SAVPF": "dtls", "UDP/TLS/RTP/SAVP": "dtls-", "udptl": "t38", "UDPTL": "t38",
}  # fmt: skip
CODECS = {
    "telephone-event": "dt", "pcmu": "mu", "pcma": "al", "opus": "op", "g729": "29", "g722": "22",
    "speex": "sx", "gsm": "gs", "ilbc": "il", "cn": "cn", "amr": "am", "amr-wb": "aw", "evs": "ev",
    "red": "rd", "g726-32": "26",
}  # fmt: skip
ATTRIBUTES = {
    "rtpmap": "r", "fmtp": "f", "ptime": "p", "maxptime": "m", "sendrecv": "s", "sendonly": "o",
    "recvonly": "v", "inactive": "i", "rtcp": "c", "candidate": "C", "ssrc": "S", "crypto": "K",
    "ice-ufrag": "U", "ice-pwd": "W", "fingerprint": "F", "setup": "E", "rtcp-mux": "M",
    "rtcp-fb": "B", "mid": "I", "group": "G", "label": "L", "silenceSupp": "q", "rtcp-xr": "X",
    "framerate": "R",
}  # fmt: skip
SELF_SAID = frozenset("CSKB")
"Attributes that come as often as a device has addresses, streams, keys: told once."
NAMES = {
    "-": "-", "": "0", " ": "_", "sip call": "sc", "asterisk": "as", "talk": "tk", "pjmedia": "pj",
    "session": "se", "call": "ca", "sip media capabilities": "mc", "sippysoftware": "sy",
    "freeswitch": "fs", "phone-call": "pc", "c": "c", "sipsak": "sk", "media server session": "ms",
}  # fmt: skip
"Session names of stacks; any other may be a person's and is told as `w`."

_NAME = re.compile(rb"(?:^|\n)s=([^\r\n]*)")
FIRST_DYNAMIC = 96
"RFC 3551 section 3."
OPENING = 3
"Words of an `m=` line before its formats: media, port, profile."


class SdpShape(msgspec.Struct, frozen=True, gc=False):
    """What an offer looks like; both parts empty where a message has none."""

    media: str
    session: str
    address: str
    "Where its media is to go, as written: no part of the shape."


NO_SDP = SdpShape("", "", "")


class SdpShapes:
    """Reads offers; remembers the media parts of late."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[tuple[bytes, bytes, bytes], str] = {}

    def of(self, content_type: bytes, body: bytes) -> SdpShape:
        """Return the shape of the first SDP in a body."""
        if content_type[:15].lower() != b"application/sdp":
            found = (p.data for p in parts(text(content_type), body) if _is_sdp(p.content_type))
            body = next(found, b"")
        if not body:
            return NO_SDP
        at = body.find(b"\nm=") + 1
        session, media = (body[:at], body[at:]) if at else (body, b"")
        # "m=audio 4000 RTP/AVP 0 8\r\n...": all but the port is said again in the next call.
        kind, _, rest = media.partition(b" ")
        port, _, rest = rest.partition(b" ")
        zero = b"0" if port == b"0" else b""
        shape = self._known.get((kind, zero, rest))
        if shape is None:
            shape = media_shape(_lines(media))
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            if len(rest) <= 4 * LONGEST:
                self._known[kind, zero, rest] = shape
        return SdpShape(shape, session_shape(session), _address(body))


def _is_sdp(content_type: str) -> bool:
    return content_type.lower().startswith("application/sdp")


def _lines(octets: bytes) -> list[str]:
    return [line.rstrip("\r") for line in text(octets).split("\n")[:MOST_LINES] if line]


def _address(body: bytes) -> str:
    at = body.find(b"c=IN IP")
    return text(body[at + 9 : body.find(b"\n", at)]).strip().partition("/")[0] if at >= 0 else ""


def session_shape(session: bytes) -> str:
    """Return what stands before the first `m=`: origin, name, order of lines."""
    end = session.find(b"\n", 6)
    words = session[:end].split(b" ", 3)
    if len(words) < 4 or not words[0].startswith(ORIGINS):  # noqa: PLR2004 - user, two numbers, rest
        return f"?.{_named(session)}"
    user, number, version = words[0].partition(b"o=")[2], words[1], words[2]
    who = "-" if user == b"-" else "d" if user.lstrip(b"+").isdigit() else "w"
    same = "=" if number == version else "1" if len(version) == 1 else "o"
    return f"{who}{shape_of(number)}{same}{_named(session[end + 1 :])}"


ORIGINS = (b"v=0\r\no=", b"v=0\no=")


@lru_cache(maxsize=MOST_KNOWN)
def _named(rest: bytes) -> str:
    """Return the session name and the order of lines: the same in all calls of a device."""
    found = _NAME.search(rest)
    name = NAMES.get(text(found[1]).lower(), "w") if found else "?"
    return f"{name}.{_letters(rest)}"


_LETTER = re.compile(rb"(?:^|\n)([a-z])=")


def _letters(octets: bytes) -> str:
    return b"".join(_LETTER.findall(octets)[:32]).decode() + ("n" if b"\r" not in octets else "")


def media_shape(lines: Sequence[str]) -> str:
    """Return what each `m=` line and those below it look like, joined by `+`."""
    sections: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            sections.append([])
        if sections:
            sections[-1].append(line)
    return "+".join(_section(section) for section in sections)[:LONGEST]


def _section(lines: Sequence[str]) -> str:
    """Return one stream: `a.avp:0,8,te8@101;rrrfps;15,20`."""
    words = lines[0][2:].split()
    names = dict(_mapping(line[9:]) for line in lines if line.startswith("a=rtpmap:"))
    formats = ",".join(_format(word, names) for word in words[OPENING:])
    profile = PROFILES.get(words[2], "o") if len(words) >= OPENING else "?"
    dead = "!" if words[1:2] == ["0"] else ""
    values = ",".join(value for line in lines if (value := _value(line, names)))
    order = _attributes(lines)
    return f"{words[0][:1] if words else '?'}{dead}.{profile}:{formats};{order};{values}"


def _mapping(value: str) -> tuple[str, str]:
    """Return payload type and short name of an `rtpmap`: `101`, `te8`."""
    number, _, codec = value.partition(" ")
    name, _, rest = codec.strip().partition("/")
    rate, _, _ = rest.partition("/")
    kilohertz = rate.removesuffix("000")
    known = CODECS.get(name.lower()) or "".join(c for c in name.lower() if c.isalnum())[:12]
    case = "" if name.islower() == (known == "dt" or name.lower() == "opus") else "'"
    return number.strip(), f"{known}{kilohertz[:6]}{case}"


def _format(word: str, names: dict[str, str]) -> str:
    """Return a payload type: a number of RFC 3551, or what a dynamic one stands for."""
    word = word[:12].replace("|", "!")
    if word.isdecimal() and int(word) < FIRST_DYNAMIC:
        return word
    return f"{names.get(word, '?')}@{word}"


def _attributes(lines: Sequence[str]) -> str:
    """Return the attributes in order, by their letters."""
    found: list[str] = []
    for line in lines[1:]:
        if line[:2] != "a=":
            found.append(f"{line[:1]}=")
            continue
        name = line[2:].partition(":")[0].strip()
        letter = ATTRIBUTES.get(name) or f"({_plain(name)})"
        if letter not in SELF_SAID or found[-1:] != [letter]:
            found.append(letter)
    return "".join(found)


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum() or c == "-")[:16]


def _value(line: str, names: dict[str, str]) -> str:
    """Return what a format or packet time is said to be: of a stack, not of a call."""
    if line.startswith("a=ptime:"):
        return f"p{line[8:].strip()[:3]}"
    if line.startswith("a=fmtp:"):
        number, _, said = line[7:].partition(" ")
        if names.get(number, "").startswith("dt"):
            return f"e{said.strip().rpartition('-')[2][:4]}"
    return ""
