# SPDX-License-Identifier: Apache-2.0
"""Torture cases of frames: start lines, body lengths, several or no messages in one datagram."""

from tests.vectors.sip.torture.build import (
    CALLED,
    RURI,
    SDP,
    THERE,
    Case,
    case,
    heard,
    invite,
    response,
)

TEXT_AND_BINARY = (
    b"--b1\r\nContent-Type: application/sdp\r\n\r\n"
    + SDP
    + b"\r\n--b1\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
    b"\r\n" + bytes(range(256)) + b"\r\n\r\n--b1--\r\n"
)
NOT_SIP: dict[str, object] = {"messages": 0}


def _length(name: str, why: str, value: bytes | None, **more: object) -> Case:
    line = None if value is None else b"Content-Length: " + value
    return case(name, why, {b"Content-Length": line}, **more)


def _start(name: str, why: str, start: bytes, **more: object) -> Case:
    return Case(name, why, invite(name, start=start), heard(name, **more))


def _reply(name: str, why: str, start: bytes, type_: str) -> Case:
    return Case(name, why, response(name, start), heard(name, type=type_))


FRAMES = (
    _length("content_length_too_big", "more octets promised than the datagram has", b"9999"),
    _length(
        "content_length_too_small",
        "the body is cut by its length; what follows is no message",
        b"20",
    ),
    _length("content_length_negative", "a negative length", b"-999"),
    _length("content_length_overlarge", "a length beyond 64 bits", b"99999999999999999999999"),
    _length("content_length_no_number", "a length in words", b"all of it"),
    _length("missing_content_length", "no length: the body is the rest of the datagram", None),
    case(
        "multiple_content_length_disagree",
        "two lengths that differ",
        {b"Content-Length": b"Content-Length: %d\r\nContent-Length: 5" % len(SDP)},
    ),
    case(
        "content_length_0_with_body",
        "a body behind a length of 0",
        {b"Content-Length": b"Content-Length: 0"},
    ),
    Case(
        "multipart_binary_body",
        "a session description and 256 octets of every value",
        invite(
            "multipart_binary_body",
            {b"Content-Type": b'Content-Type: multipart/mixed;boundary="b1"'},
            body=TEXT_AND_BINARY,
        ),
        heard("multipart_binary_body"),
    ),
    Case(
        "body_looks_like_sip",
        "a whole request as body (message/sipfrag): it is no second message",
        invite(
            "body_looks_like_sip",
            {b"Content-Type": b"Content-Type: message/sipfrag"},
            body=invite("inner"),
        ),
        heard("body_looks_like_sip"),
    ),
    Case(
        "two_messages_one_datagram",
        "a second INVITE behind the body of the first",
        invite("two_messages_one_datagram") + invite("second"),
        heard("two_messages_one_datagram", messages=2),
    ),
    Case(
        "octets_behind_body",
        "padding of NULs behind the body",
        invite("octets_behind_body") + bytes(40),
        heard("octets_behind_body"),
    ),
    Case(
        "junk_before_start",
        "16 octets of a vendor's own before the start line",
        b"\x00\x01VNDR\xff\xfe\x00\x00\x00\x2a\x00\x00\r\n" + invite("junk_before_start"),
        heard("junk_before_start"),
    ),
    Case(
        "crlf_before_start",
        "empty lines before the start line",
        b"\r\n\r\n\r\n" + invite("crlf_before_start"),
        heard("crlf_before_start"),
    ),
    Case("keep_alive", "two empty lines alone", b"\r\n\r\n", NOT_SIP),
    Case("nul_keep_alive", "four NUL octets", bytes(4), NOT_SIP),
    Case("empty", "no octets", b"", NOT_SIP),
    Case(
        "not_sip_http",
        "a request of another protocol that looks alike",
        b"GET / HTTP/1.1\r\nHost: example.invalid\r\nFrom: <sip:112@192.0.2.99>\r\n\r\n",
        NOT_SIP,
    ),
    Case(
        "not_sip_rtp",
        "a speech packet",
        b"\x80\x08\x00\x01\x00\x00\x00\xa0\x12\x34\x56\x78" + b"\xd5" * 160,
        NOT_SIP,
    ),
    Case(
        "random_octets",
        "octets of every value, then line ends",
        bytes(range(256)) * 3 + b"\r\n\r\n",
        NOT_SIP,
    ),
    Case(
        "head_cut",
        "the datagram ends in the middle of a header: a capture cut short",
        invite("head_cut").split(b"Contact:")[0] + b"Cont",
        heard("head_cut"),
    ),
    Case(
        "no_empty_line",
        "the head ends with its last line, no empty line follows",
        invite("no_empty_line", body=b"").removesuffix(b"\r\n"),
        heard("no_empty_line"),
    ),
    _start(
        "unknown_method",
        "a method nobody defined",
        b"NEWFANGLED " + RURI + b" SIP/2.0",
        type="NEWFANGLED",
    ),
    _start(
        "method_odd_token",
        "a method of every character a token may have",
        b"!i-n.v%i*t_e+`'~ " + RURI + b" SIP/2.0",
        type="!i-n.v%i*t_e+`'~",
    ),
    _start(
        "method_lower_case",
        "methods are told apart by case: this one is no INVITE",
        b"invite " + RURI + b" SIP/2.0",
        type="invite",
    ),
    _start(
        "lowercase_sip_version", "sip/2.0, which phones accept", b"INVITE " + RURI + b" sip/2.0"
    ),
    _start(
        "bad_start_line_version",
        "SIP/7.0: a phone refuses, but the caller did try",
        b"INVITE " + RURI + b" SIP/7.0",
    ),
    _start(
        "start_line_blanks",
        "many blanks between the words, some behind",
        b"INVITE   " + RURI + b"  SIP/2.0   ",
    ),
    _start(
        "ruri_with_blanks",
        "blanks inside the Request-URI",
        b"INVITE sip:" + CALLED.encode() + b"@" + THERE + b"; user=phone SIP/2.0",
    ),
    Case(
        "start_line_no_version",
        "a start line without a version",
        invite("start_line_no_version", start=b"INVITE " + RURI),
        NOT_SIP,
    ),
    _reply(
        "response_unknown_code", "a code of a class that does not exist", b"SIP/2.0 799 Odd", "799"
    ),
    _reply("response_no_reason", "a code and a blank, no phrase", b"SIP/2.0 183 ", "183"),
    _reply("response_no_blank", "a code and nothing behind it", b"SIP/2.0 180", "180"),
    _reply("response_utf8_reason", "a phrase in Kazakh", "SIP/2.0 486 Бос емес".encode(), "486"),
    _reply(
        "response_network_blocked",
        "a block as the reply says it",
        b"SIP/2.0 603 Network Blocked",
        "603",
    ),
    Case(
        "response_overlarge_code",
        "a code beyond 32 bits: no status line",
        response("response_overlarge_code", b"SIP/2.0 4294967301 better not"),
        NOT_SIP,
    ),
)
