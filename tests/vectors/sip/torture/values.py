# SPDX-License-Identifier: Apache-2.0
"""Torture cases of values: addresses, numbers, names and sequence numbers that are hard to read."""

from tests.vectors.sip.torture.build import (
    CALLED,
    CALLER,
    HERE,
    RURI,
    THERE,
    Case,
    case,
    heard,
    invite,
    uri,
)

CALLER_URI = uri(CALLER)


def _from(name: str, why: str, value: bytes, **more: object) -> Case:
    return case(name, why, {b"From": b"From: " + value}, **more)


def _to(name: str, why: str, target: bytes, **more: object) -> Case:
    """Make a case whose Request-URI is `target`; To stays as usual."""
    octets = invite(name, start=b"INVITE " + target + b" SIP/2.0")
    return Case(name, why, octets, heard(name, **more))


VALUES = (
    _from(
        "escaped_user",
        "digits of the caller written as % escapes",
        b"<sip:%2B4420794603%30%30@" + HERE + b">;tag=a",
    ),
    _to(
        "escaped_called",
        "digits of the called number written as % escapes",
        b"sip:%2b7717200030%30@" + THERE,
    ),
    _from(
        "escaped_at_sign",
        "an escaped @ in the user part does not end it",
        b"<sip:" + CALLER.encode() + b"%40192.0.2.99@" + HERE + b">;tag=a",
        calling=CALLER + "@192.0.2.99",
    ),
    _from(
        "null_octet_escape",
        "escaped NUL octets in the user part",
        b"<sip:anna%00" + CALLER.encode() + b"%00@" + HERE + b">;tag=a",
        calling=f"anna\0{CALLER}\0",
    ),
    _from(
        "semicolon_in_user",
        "parameters of a number inside the user part",
        b"<sip:" + CALLER.encode() + b";phone-context=example.invalid;x=y@" + HERE + b">;tag=a",
    ),
    _from(
        "password_in_user",
        "a password behind the user",
        b"<sip:" + CALLER.encode() + b":secret@" + HERE + b">;tag=a",
    ),
    _from(
        "no_angle_brackets",
        "a bare address: what follows the semicolon belongs to the header",
        CALLER_URI + b";tag=a;x=y",
    ),
    _from(
        "no_angle_brackets_at_first",
        "a bare address with brackets in a parameter: either reading",
        CALLER_URI + b";tag=a;x=<sip:112@192.0.2.99>",
        calling=None,
    ),
    _from(
        "ipv6_reference",
        "IPv6 hosts with ports",
        b"<sip:" + CALLER.encode() + b"@[2001:db8:51::10]:5060>;tag=a",
    ),
    _from(
        "scheme_upper_case",
        "SIP: in capitals",
        b"<SIP:" + CALLER.encode() + b"@" + HERE + b">;tag=a",
    ),
    _from(
        "tel_global",
        "a tel URI with visual separators, kept as heard",
        b"<tel:+44-20-7946-0300>;tag=a",
        calling="+44-20-7946-0300",
    ),
    _from(
        "tel_phone_context",
        "a local tel number with its context",
        b"<tel:000300;phone-context=+77172>;tag=a",
        calling="000300",
    ),
    _from(
        "tel_isub",
        "an ISDN subaddress is no part of the number",
        b"<tel:" + CALLER.encode() + b";isub=1411>;tag=a",
    ),
    _to("tel_in_request_uri", "the called number as a tel URI", b"tel:" + CALLED.encode()),
    _to(
        "tel_emergency",
        "112 as a local tel number with context",
        b"tel:112;phone-context=+7",
        called="112",
    ),
    _to("sips_uri", "sips in the Request-URI", b"sips:" + CALLED.encode() + b"@" + THERE),
    _to(
        "urn_sos",
        "the emergency service by name: a scheme without a user, To says the number",
        b"urn:service:sos.police",
    ),
    _to(
        "unknown_scheme_in_ruri",
        "a scheme nobody knows, To says the number",
        b"nobodyknows:what-this-is;is=it",
    ),
    _to(
        "ruri_with_headers",
        "a Request-URI that carries headers for a request",
        b"sip:" + CALLED.encode() + b"@" + THERE + b"?Route=%3Csip:203.0.113.9;lr%3E&Subject=a",
    ),
    _to(
        "ruri_in_angle_brackets",
        "brackets around the Request-URI, as some phones send",
        b"<sip:" + CALLED.encode() + b"@" + THERE + b">",
        called=None,
    ),
    _to(
        "ruri_many_parameters",
        "parameters with and without value, one unknown",
        b"sip:" + CALLED.encode() + b"@" + THERE + b":5060;user=phone;lr;x-unknown=%22a%22;tgrp=1",
    ),
    _from(
        "display_with_address",
        "a quoted display name that holds another address",
        b'"<sip:112@192.0.2.99>;tag=trap" <' + CALLER_URI + b">;tag=a",
    ),
    _from(
        "display_escaped_quotes",
        "escaped quotes and backslashes in a display name",
        b'"a \\"bank\\" \\\\" <' + CALLER_URI + b">;tag=a",
    ),
    _from(
        "display_comma_unquoted",
        "an unquoted display name with a comma and a period",
        b"Bank, Dept. 1 <" + CALLER_URI + b">;tag=a",
    ),
    _from(
        "display_latin1",
        "a display name in Latin-1",
        b'"Jos\xe9 M\xfcller" <' + CALLER_URI + b">;tag=a",
    ),
    _from(
        "display_cp1251",
        "a display name in Windows-1251, as old Russian gear writes",
        b'"\xc1\xe0\xed\xea" <' + CALLER_URI + b">;tag=a",
    ),
    _from(
        "broken_utf8",
        "UTF-8 that is cut, overlong and a lone surrogate",
        b'"\xd0\x91\xd0 \xc0\xaf \xed\xa0\x80" <' + CALLER_URI + b">;tag=a",
    ),
    _from(
        "bidi_display",
        "a right-to-left override in the display name",
        '"\u202eknab\u202c" <'.encode() + CALLER_URI + b">;tag=a",
    ),
    _from(
        "quotes_unterminated",
        "a display name whose quote never closes",
        b'"Bank <' + CALLER_URI + b">;tag=a",
    ),
    _from("angle_unterminated", "a bracket that never closes", b"<" + CALLER_URI),
    _from(
        "anonymous",
        "no number at all",
        b'"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a',
        calling="anonymous",
    ),
    _from("no_user", "an address without a user part", b"<sip:" + HERE + b">;tag=a", calling=""),
    _from(
        "full_width_digits",
        "digits of another script are not the digits of a number",
        "<sip:＋４４２０７９４６０３００@198.51.100.10>;tag=a".encode(),
        calling="＋４４２０７９４６０３００",
    ),
    _from(
        "tag_quoted_and_repeated",
        "a tag in quotes, and a second one",
        b"<" + CALLER_URI + b'>;tag="a;b";tag=c',
    ),
    case(
        "overlarge_cseq",
        "a sequence number beyond 64 bits",
        {b"CSeq": b"CSeq: 36893488147419103232 INVITE"},
        cseq="36893488147419103232 INVITE",
    ),
    case(
        "cseq_method_differs",
        "CSeq names another method than the start line",
        {b"CSeq": b"CSeq: 1 BYE"},
        cseq="1 BYE",
    ),
    case(
        "negative_values",
        "negative and overlarge numbers where small ones are meant",
        {
            b"Max-Forwards": b"Max-Forwards: -1",
            b"Contact": b"Contact: <" + CALLER_URI + b">;expires=-99999999999999999999",
            b"Odd": b"Expires: 4294967296\r\nRetry-After: -1",
        },
    ),
    case(
        "port_overlarge",
        "ports beyond 65535",
        {
            b"Via": b"Via: SIP/2.0/UDP " + HERE + b":99999;rport=70000;branch=z9hG4bKport",
            b"Contact": b"Contact: <" + CALLER_URI + b":123456>",
        },
    ),
    case(
        "call_id_odd",
        "a Call-ID of punctuation, with two @",
        {b"Call-ID": b'Call-ID: {}()<>:\\"/[]?%@@' + HERE},
        call='{}()<>:\\"/[]?%@@198.51.100.10',
    ),
    case(
        "identities_disagree",
        "From, P-Asserted-Identity and Remote-Party-ID differ",
        {
            b"Odd": b"P-Asserted-Identity: <sip:+77172000399@192.0.2.99>, <tel:+77172000399>\r\n"
            b"Remote-Party-ID: <sip:+12025550199@192.0.2.99>;party=calling"
        },
    ),
    case(
        "to_with_other_number",
        "To and Request-URI differ: the Request-URI is who will ring",
        {b"To": b"To: <sip:112@192.0.2.20>"},
    ),
    case(
        "mid_dialog_invite",
        "a To tag: an INVITE inside a dialog",
        {b"To": b"To: <" + RURI + b">;tag=there"},
    ),
)
