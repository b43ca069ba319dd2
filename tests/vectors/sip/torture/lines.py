# SPDX-License-Identifier: Apache-2.0
"""Torture cases of lines: folding, blanks, line ends, header names, repeated and broken lines."""

from tests.vectors.sip.torture.build import (
    CALLED,
    CALLER,
    HERE,
    RURI,
    SDP,
    Case,
    case,
    heard,
    invite,
    uri,
)

CALLER_URI = uri(CALLER)

LINES = (
    case(
        "folded_headers",
        "From, To, Via and CSeq go on over several lines",
        {
            b"Via": b"Via: SIP/2.0/UDP\r\n  " + HERE + b":5060\r\n\t;branch=z9hG4bKfolded",
            b"From": b"From:\r\n <" + CALLER_URI + b">\r\n ;tag=folded",
            b"To": b"To:\r\n\t <" + RURI + b">",
            b"CSeq": b"CSeq:\r\n 1\r\n  INVITE",
        },
    ),
    case(
        "folded_colon",
        "a continued line holds a colon and looks like a header of its own",
        {
            b"Subject": b"Subject: offer\r\n From: <sip:112@192.0.2.99>;tag=trap\r\n Call-ID: trap",
        },
    ),
    case(
        "unusual_whitespace",
        "blanks before and behind colons, many between words",
        {
            b"From": b"From   :    <" + CALLER_URI + b">  ;  tag  =  blanks",
            b"Call-ID": b"Call-ID \t:  unusual_whitespace@" + HERE + b"  ",
            b"CSeq": b"CSeq  :      1       INVITE   ",
            b"To": b"To:<" + RURI + b">",
        },
    ),
    case(
        "tab_separators",
        "tabs where blanks are usual",
        {
            b"From": b"From:\t<" + CALLER_URI + b">\t;tag=tabs",
            b"CSeq": b"CSeq:\t1\tINVITE",
            b"Call-ID": b"Call-ID:\ttab_separators@" + HERE,
        },
    ),
    Case(
        "line_ends_lf_only",
        "no carriage returns at all",
        invite("line_ends_lf_only", end=b"\n"),
        heard("line_ends_lf_only"),
    ),
    Case(
        "line_ends_mixed",
        "every second line ends in LF alone",
        invite(
            "line_ends_mixed",
            {
                b"From": b"From: <" + CALLER_URI + b">;tag=mixed\nSubject: line ends",
                b"CSeq": b"CSeq: 1 INVITE\nUser-Agent: mixed/1",
            },
        ),
        heard("line_ends_mixed"),
    ),
    Case(
        "empty_line_lf_lf",
        "CRLF in the head, but the empty line behind it is LF LF",
        invite("empty_line_lf_lf").replace(b"\r\n\r\nv=0", b"\n\nv=0"),
        heard("empty_line_lf_lf"),
    ),
    case(
        "bare_cr_in_value",
        "a carriage return alone inside a value ends no line",
        {
            b"Subject": b"Subject: one\rCall-ID: trap\rtwo",
        },
    ),
    case(
        "header_case",
        "header names in any case",
        {
            b"From": b"fROM: <" + CALLER_URI + b">;tag=case",
            b"To": b"TO: <" + RURI + b">",
            b"Call-ID": b"cALL-iD: header_case@" + HERE,
            b"CSeq": b"cseq: 1 INVITE",
        },
    ),
    case(
        "short_forms",
        "every header that has a short form uses it",
        {
            b"Via": b"v: SIP/2.0/UDP " + HERE + b":5060;branch=z9hG4bKshort",
            b"From": b"f: <" + CALLER_URI + b">;tag=short",
            b"To": b"t: <" + RURI + b">",
            b"Call-ID": b"i: short_forms@" + HERE,
            b"Contact": b"m: <" + CALLER_URI + b">",
            b"Content-Type": b"c: application/sdp",
            b"Content-Length": b"l: %d" % len(SDP),
        },
    ),
    case(
        "short_and_long_form_mixed",
        "From long then short, Call-ID short then long: first counts",
        {
            b"From": b"From: <" + CALLER_URI + b">;tag=long\r\nf: <sip:112@192.0.2.99>;tag=trap",
            b"Call-ID": b"i: short_and_long_form_mixed@" + HERE + b"\r\nCall-ID: trap",
        },
    ),
    case(
        "duplicate_call_id",
        "two Call-ID lines that differ: the first counts",
        {
            b"Call-ID": b"Call-ID: duplicate_call_id@" + HERE + b"\r\nCall-ID: second@" + HERE,
        },
    ),
    case(
        "duplicate_from",
        "two From lines that differ: the first counts",
        {
            b"From": b"From: <" + CALLER_URI + b">;tag=one\r\nFrom: <sip:112@192.0.2.99>;tag=two",
        },
    ),
    case(
        "empty_header_name",
        "a line that begins with its colon",
        {
            b"Odd": b": a value without a name",
        },
    ),
    case(
        "colonless_line",
        "a line without a colon between two headers",
        {
            b"Odd": b"this line is no header",
        },
    ),
    case(
        "header_after_nul",
        "a NUL octet inside a value; the headers behind it still count",
        {
            b"Via": b"Via: SIP/2.0/UDP " + HERE + b":5060;branch=z9hG4bKnul",
            b"Max-Forwards": b"Subject: be\x00fore\r\nMax-Forwards: 70",
        },
    ),
    case(
        "empty_values",
        "headers without a value",
        {
            b"Odd": b"Subject:\r\nOrganization: \r\nSupported:",
        },
    ),
    case(
        "unknown_headers",
        "headers that nobody defined, with odd but legal names",
        {
            b"Odd": b'X-!%*_+`\'~: 1\r\nNewFangled: a\r\n newer value, "of" <some> ;sort',
        },
    ),
    case(
        "very_many_vias",
        "two hundred Via lines",
        {
            b"Via": b"\r\n".join(
                b"Via: SIP/2.0/UDP 203.0.113.%d:5060;branch=z9hG4bKhop%d" % (n % 250 + 1, n)
                for n in range(200)
            ),
        },
    ),
    case(
        "vias_on_one_line",
        "five hops in one Via line, a comma inside a quoted parameter",
        {
            b"Via": b"Via: "
            + b" , ".join(
                b'SIP / 2.0 / UDP 203.0.113.%d;branch=z9hG4bK%d;note="a,b"' % (n, n)
                for n in range(1, 6)
            ),
        },
    ),
    case(
        "header_60k",
        "one header value of 60,000 octets: the largest datagram, nearly",
        {
            b"Odd": b"X-Padding: " + b"0123456789" * 6000,
        },
    ),
    case(
        "headers_5000",
        "five thousand headers with names of their own",
        {
            b"Odd": b"\r\n".join(b"X-%d: %d" % (n, n) for n in range(5000)),
        },
    ),
    case(
        "fold_10000",
        "a header folded ten thousand times",
        {
            b"Odd": b"Subject: a" + b"\r\n b" * 10_000,
        },
    ),
    case(
        "long_values",
        "display name, user, tag and branch of a thousand octets and more",
        {
            b"Via": b"Via: SIP/2.0/UDP " + HERE + b":5060;branch=z9hG4bK" + b"b" * 1500,
            b"From": b'From: "' + b"n" * 3000 + b'" <' + CALLER_URI + b">;tag=" + b"t" * 2000,
            b"Contact": b"Contact: <sip:" + b"u" * 1200 + b"@" + HERE + b">",
        },
    ),
    case(
        "no_call_id",
        "no Call-ID: no call can be followed, the numbers are heard all the same",
        {b"Call-ID": None},
        call="",
    ),
    case("no_from", "no From", {b"From": None}, calling=""),
    case("no_to", "no To: the Request-URI still says who is called", {b"To": None}),
    case("no_cseq", "no CSeq", {b"CSeq": None}, cseq=""),
    case("no_via", "no Via", {b"Via": None}),
    Case(
        "start_line_only",
        "a start line and the empty line, no header",
        b"INVITE " + RURI + b" SIP/2.0\r\n\r\n",
        {"messages": 1, "type": "INVITE", "call": "", "calling": "", "called": CALLED},
    ),
)
