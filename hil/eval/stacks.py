# SPDX-License-Identifier: Apache-2.0
"""Makes INVITEs as different devices write them. Styles, not copies: the tests have real ones.

A stack is how one program writes its head and its SDP. A border controller writes the head and the
session of its own and passes on the media part of the device behind it.
"""

import random
import uuid
from collections.abc import Callable
from typing import NamedTuple

Draw = Callable[[random.Random], str]


class Stack(NamedTuple):
    """How one program writes."""

    name: str
    head: str
    session: str
    media: str
    call_id: Draw
    tag: Draw
    branch: Draw
    cseq: Draw


class Drawn(NamedTuple):
    """Who calls whom, from where."""

    calling: str
    called: str
    ip: str
    media_ip: str
    to_ip: str = "192.0.2.1"


def hexes(digits: int) -> Draw:
    """Draw hexadecimal digits."""
    return lambda rng: f"{rng.getrandbits(4 * digits):0{digits}x}"


def decimals(bits: int) -> Draw:
    """Draw a decimal number."""
    return lambda rng: str(rng.getrandbits(bits))


def letters(count: int, alphabet: str = "") -> Draw:
    """Draw letters and digits."""
    some = alphabet or "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return lambda rng: "".join(rng.choices(some, k=count))


def guid(rng: random.Random) -> str:
    """Draw a UUID."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def fixed(text: str) -> Draw:
    """Draw nothing."""
    return lambda _: text


def joined(*draws: Draw, by: str = "") -> Draw:
    """Draw several, one after the other."""
    return lambda rng: by.join(draw(rng) for draw in draws)


_G711 = "m=audio {port} RTP/AVP 8 0 101\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\n"
_TE = "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n"
_SESSION = "v=0\no={who} {sid} {ver} IN IP4 {mip}\ns={name}\nc=IN IP4 {mip}\nt=0 0\n"


def _session(who: str, name: str, version: str = "{sid}") -> str:
    return _SESSION.replace("{who}", who).replace("{name}", name).replace("{ver}", version)


PBX = Stack(
    "pbx",
    "INVITE sip:{b}@{to}:5060 SIP/2.0\nVia: SIP/2.0/UDP {ip}:5060;rport;branch={branch}\n"
    "From: <sip:{a}@{ip}>;tag={tag}\nTo: <sip:{b}@{to}>\nContact: <sip:{a}@{ip}:5060>\n"
    "Call-ID: {call}\nCSeq: {cseq} INVITE\n"
    "Allow: OPTIONS, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, REGISTER, REFER\n"
    "Supported: 100rel, timer, replaces, norefersub\nSession-Expires: 1800\nMin-SE: 90\n"
    "Max-Forwards: 70\nUser-Agent: PBX 18\nContent-Type: application/sdp\nContent-Length: {n}\n",
    _session("-", "Asterisk"),
    _G711 + _TE + "a=ptime:20\na=maxptime:150\na=sendrecv\n",
    guid, guid, joined(fixed("z9hG4bKPj"), guid), decimals(15),
)  # fmt: skip
SWITCH = Stack(
    "switch",
    "INVITE sip:{b}@{to}:5060 SIP/2.0\nVia: SIP/2.0/UDP {ip}:5080;rport;branch={branch}\n"
    'Max-Forwards: 69\nFrom: "{a}" <sip:{a}@{ip}>;tag={tag}\nTo: <sip:{b}@{to}>\n'
    "Call-ID: {call}\nCSeq: {cseq} INVITE\nContact: <sip:mod@{ip}:5080>\nUser-Agent: switch 1.10\n"
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REFER, NOTIFY\n"
    "Supported: timer, path, replaces\nAllow-Events: talk, hold, conference, refer\n"
    "Content-Type: application/sdp\nContent-Disposition: session\nContent-Length: {n}\n"
    "X-FS-Support: update_display,send_info\n",
    _session("FreeSWITCH", "FreeSWITCH", "{sid2}"),
    "m=audio {port} RTP/AVP 0 8 101\n" + _TE + "a=ptime:20\n",
    guid, letters(13), joined(fixed("z9hG4bK"), letters(13)), decimals(27),
)  # fmt: skip
ROUTER = Stack(
    "router",
    "INVITE sip:{b}@{to}:5060 SIP/2.0\nVia: SIP/2.0/UDP {ip}:5060;branch={branch}\n"
    "From: <sip:{a}@{ip}>;tag={tag}\nTo: <sip:{b}@{to}>\nDate: Thu, 26 Nov 2026 03:00:00 GMT\n"
    "Call-ID: {call}@{ip}\nSupported: 100rel,timer,resource-priority,replaces,sdp-anat\n"
    "Min-SE: 1800\nCisco-Guid: {guid}\nUser-Agent: Gateway/IOS-15\n"
    "Allow: INVITE, OPTIONS, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY, INFO\n"
    "CSeq: 101 INVITE\nTimestamp: 1764126000\nContact: <sip:{a}@{ip}:5060>\nExpires: 180\n"
    "Allow-Events: telephone-event\nMax-Forwards: 69\nContent-Type: application/sdp\n"
    "Content-Length: {n}\n",
    _session("Gateway-UserAgent", "SIP Call", "{sid2}"),
    "m=audio {port} RTP/AVP 18 8 0 101\na=rtpmap:18 G729/8000\na=fmtp:18 annexb=no\n"
    "a=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\n" + _TE,
    joined(hexes(8), hexes(8), hexes(8), hexes(8), by="-"), joined(hexes(8), hexes(4), by="-"),
    joined(fixed("z9hG4bK"), hexes(6)), fixed("101"),
)  # fmt: skip
OLD_PBX = Stack(
    "old-pbx",
    "INVITE sip:{b}@{to} SIP/2.0\nVia: SIP/2.0/UDP {ip}:5060;branch={branch};rport\n"
    "Max-Forwards: 70\nFrom: <sip:{a}@{ip}>;tag={tag}\nTo: <sip:{b}@{to}>\n"
    "Contact: <sip:{a}@{ip}:5060>\nCall-ID: {call}@{ip}:5060\nCSeq: 102 INVITE\n"
    "User-Agent: PBX 11\nDate: Thu, 26 Nov 2026 03:00:00 GMT\n"
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH\n"
    "Supported: replaces, timer\nContent-Type: application/sdp\nContent-Length: {n}\n",
    _session("root", "Asterisk PBX 11"),
    _G711 + _TE + "a=silenceSupp:off - - - -\na=ptime:20\na=sendrecv\n",
    hexes(32), joined(fixed("as"), hexes(8)), joined(fixed("z9hG4bK"), hexes(8)), fixed("102"),
)  # fmt: skip
PHONE = Stack(
    "phone",
    "INVITE sip:{b}@{to} SIP/2.0\nVia: SIP/2.0/UDP {ip}:52004;rport;branch={branch}\n"
    "Max-Forwards: 70\nFrom: <sip:{a}@{to}>;tag={tag}\nTo: <sip:{b}@{to}>\n"
    "Contact: <sip:{a}@{ip}:52004;ob>\nCall-ID: {call}\nCSeq: {cseq} INVITE\n"
    "Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, SUBSCRIBE, NOTIFY, REFER, MESSAGE\n"
    "Supported: replaces, 100rel, timer, norefersub\nSession-Expires: 1800\nMin-SE: 90\n"
    "Content-Type: application/sdp\nContent-Length:   {n}\n",
    _session("-", "pjmedia"),
    "m=audio {port} RTP/AVP 8 0 101\na=rtcp:4001 IN IP4 {mip}\na=sendrecv\n"
    "a=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\n" + _TE + "a=ssrc:{sid2} cname:{tag}\n",
    letters(32), letters(32), joined(fixed("z9hG4bKPj"), letters(32)), decimals(15),
)  # fmt: skip
SCRIPT = Stack(
    "script",
    "INVITE sip:{b}@{to}:5060;user=phone SIP/2.0\nVia: SIP/2.0/UDP {ip}:5062;branch={branch}\n"
    "From: <sip:{a}@{ip};user=phone>;tag={tag}\nTo: <sip:{b}@{to};user=phone>\n"
    "Call-ID: {call}@{ip}\nCSeq: 1 INVITE\nContact: <sip:{a}@{ip}:5062>\nMax-Forwards: 70\n"
    "Content-Type: application/sdp\nContent-Length: {n}\n",
    _session("dialer", "call", "1"),
    "m=audio {port} RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n"
    "a=fmtp:101 0-15\n",
    joined(decimals(31), decimals(16), by="-"), decimals(31),
    joined(fixed("z9hG4bK-"), decimals(31)), fixed("1"),
)  # fmt: skip
SBC_A = Stack(
    "sbc-a",
    "INVITE sip:{b}@{to}:5060;user=phone SIP/2.0\nVia: SIP/2.0/UDP {ip}:5060;branch={branch}\n"
    "From: <sip:{a}@{ip};user=phone>;tag={tag}\nTo: <sip:{b}@{to};user=phone>\n"
    "Call-ID: {call}@{ip}\nCSeq: {cseq} INVITE\nMax-Forwards: 66\n"
    "Allow: INVITE,ACK,CANCEL,BYE,OPTIONS,PRACK,UPDATE\nContact: <sip:{a}@{ip}:5060>\n"
    "P-Asserted-Identity: <sip:{a}@{ip}>\nSupported: 100rel,timer\n"
    "Content-Type: application/sdp\nContent-Length: {n}\n",
    _session("-", "-", "1"), "",
    joined(fixed("SD"), hexes(7), fixed("-"), hexes(32)), joined(fixed("SD"), hexes(7)),
    joined(fixed("z9hG4bK"), letters(30)), decimals(20),
)  # fmt: skip
SBC_B = Stack(
    "sbc-b",
    "INVITE sip:{b}@{to}:5060 SIP/2.0\nVia: SIP/2.0/UDP {ip}:5060;branch={branch}\n"
    "From: <sip:{a}@{ip}:5060>;tag={tag}\nTo: <sip:{b}@{to}:5060>\nCall-ID: {call}@{ip}\n"
    "CSeq: {cseq} INVITE\nMax-Forwards: 68\n"
    "Allow: INVITE,ACK,CANCEL,BYE,REGISTER,REFER,INFO,SUBSCRIBE,NOTIFY,PRACK,UPDATE,OPTIONS\n"
    "Accept: application/sdp, application/isup\nContact: <sip:{a}@{ip}:5060>\n"
    "P-Asserted-Identity: <sip:{a}@{ip}:5060>\nSupported: timer,100rel,precondition\n"
    "Session-Expires: 1800\nMin-SE: 90\nContent-Length: {n}\n"
    "Content-Disposition: session; handling=required\nContent-Type: application/sdp\n",
    _session("Sonus_UAC", "SIP Media Capabilities", "{sid2}"), "",
    decimals(31), joined(fixed("gK"), hexes(8)), joined(fixed("z9hG4bK"), hexes(20)), decimals(17),
)  # fmt: skip

MEDIA = (
    _G711 + _TE + "a=ptime:20\n",
    "m=audio {port} RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\n" + _TE + "a=sendrecv\na=ptime:20\n",
    "m=audio {port} RTP/AVP 18 8 101\na=rtpmap:18 G729/8000\na=rtpmap:8 PCMA/8000\n" + _TE,
    "m=audio {port} RTP/AVP 96 97 8 101\na=rtpmap:96 AMR-WB/16000\na=rtpmap:97 AMR/8000\n"
    "a=rtpmap:8 PCMA/8000\n" + _TE + "a=maxptime:40\n",
    "m=audio {port} RTP/AVP 9 8 0 101\na=rtpmap:9 G722/8000\na=rtpmap:8 PCMA/8000\n"
    "a=rtpmap:0 PCMU/8000\n" + _TE + "a=sendrecv\n",
    "m=audio {port} RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\n" + _TE + "a=ptime:30\n",
)
"Media parts of ordinary devices, as border controllers pass them on."
ODD_MEDIA = (
    "m=audio {port} RTP/AVP 18 4 8 98\na=rtpmap:18 G729/8000\na=rtpmap:4 G723/8000\n"
    "a=rtpmap:8 PCMA/8000\na=rtpmap:98 telephone-event/8000\na=fmtp:98 0-15\na=ptime:60\n"
)
"Media part of a device that few have."


def behind(controller: Stack, media: str) -> Stack:
    """Return what leaves a border controller when a device with this media part calls."""
    return controller._replace(media=media)


def invite(stack: Stack, drawn: Drawn, rng: random.Random) -> bytes:
    """Return one INVITE."""
    tag = stack.tag(rng)
    number = rng.getrandbits(31)
    body = (stack.session + stack.media).format(
        sid=number, sid2=number + rng.randrange(1, 9), mip=drawn.media_ip, tag=tag,
        port=10_000 + 2 * rng.randrange(10_000),
    ).replace("\n", "\r\n")  # fmt: skip
    head = stack.head.format(
        a=f"+{drawn.calling}", b=f"+{drawn.called}", ip=drawn.ip, to=drawn.to_ip, tag=tag,
        branch=stack.branch(rng), call=stack.call_id(rng), cseq=stack.cseq(rng), n=len(body),
        guid=number,
    ).replace("\n", "\r\n")  # fmt: skip
    return f"{head}\r\n{body}".encode()
