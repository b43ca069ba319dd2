# SPDX-License-Identifier: Apache-2.0
"""What is recorded, but for the mixed traffic: a table of captures, a few calls each."""

import base64
import hashlib
import json

from tests.vectors.sip import link_rewrite
from tests.vectors.sip.captures import (
    ALMATY,
    ASTANA,
    INTL,
    INTL_V6,
    KARAGANDA,
    NATIONAL_AGENT,
    NATL,
    RU,
    UK_HOME,
    UK_MOBILE,
    US,
    Call,
    Capture,
    Run,
)


def _natl(scenario: str, *calls: Call, **more: object) -> Run:
    return Run("natl", NATL, scenario, calls, NATIONAL_AGENT, **more)  # type: ignore[arg-type]


def _intl(scenario: str, *calls: Call, **more: object) -> Run:
    return Run("intl", INTL, scenario, calls, **more)  # type: ignore[arg-type]


PLAIN = (
    _natl(
        "call",
        Call(ALMATY + "0102", ASTANA + "102"),
        Call(ALMATY + "0103", ASTANA + "103"),
        Call(KARAGANDA + "0104", ASTANA + "104"),
    ),
    _intl(
        "call",
        Call(UK_HOME + "0105", ASTANA + "105"),
        Call(US + "0106", ASTANA + "106"),
        Call(RU + "07", ASTANA + "107"),
    ),
)
FIRST = (
    Capture(
        "plain_call",
        "one ordinary national call, both legs through the exchange",
        (_natl("call", Call(ALMATY + "0101", ASTANA + "101")),),
    ),
    Capture("plain_calls", "six ordinary calls, three from each peer, overlapping", PLAIN),
    Capture(
        "cancelled",
        "three callers who give up while it rings",
        (
            _natl(
                "cancel",
                Call(ALMATY + "0111", "+77172004400", talk_ms=300),
                Call(ALMATY + "0112", "+77172004401", talk_ms=600),
            ),
            _intl("cancel", Call(UK_MOBILE + "0013", "+77172004402", talk_ms=200)),
        ),
        "pcap ns",
    ),
    Capture(
        "rejected",
        "refused by the called side: 486, 603, 404, from each peer",
        (
            _natl(
                "call",
                Call(ALMATY + "0121", "+77172001121"),
                Call(ALMATY + "0122", "+77172002122"),
                Call(ALMATY + "0123", "+77172003123"),
            ),
            _intl(
                "call",
                Call(UK_HOME + "0124", "+77172001124"),
                Call(US + "0125", "+77172002125"),
                Call(RU + "26", "+77172003126"),
            ),
        ),
        "pcap ns",
    ),
    Capture(
        "spoofed_7172",
        "callers who show an Astana fixed number and come from abroad",
        (
            _intl(
                "call",
                Call("+77172009131", ASTANA + "131"),
                Call("+77172009132", ASTANA + "132"),
                Call("+77172009133", "+77172001133"),
            ),
        ),
    ),
    Capture(
        "emergency",
        "112 and 102 called from a town, 112 by a visitor from abroad",
        (
            _natl("call", Call(ALMATY + "0141", "112"), Call(KARAGANDA + "0142", "102")),
            _intl("call", Call(UK_MOBILE + "0143", "112")),
        ),
        "pcapng",
    ),
)
FORMS = (
    Capture(
        "unanswered",
        "rings out: the exchange cancels and answers 408",
        (_natl("call", Call(ALMATY + "0151", "+77172004151")),),
        "pcapng",
    ),
    Capture(
        "forked",
        "the exchange rings two phones at once, one answers, the other is cancelled",
        (
            _natl("call", Call(ALMATY + "0161", "+77172005161")),
            _intl("call", Call(UK_HOME + "0162", "+77172005162")),
        ),
        "pcapng",
    ),
    Capture(
        "reinvite",
        "an answered call put on hold and resumed: two INVITEs in the dialog",
        (_natl("hold", Call(ALMATY + "0171", ASTANA + "171", talk_ms=300)),),
        "pcap ns",
    ),
    Capture(
        "tcp",
        "four calls at once over one TCP connection to each side",
        (
            _intl(
                "call",
                *(Call(f"{UK_HOME}018{n}", f"{ASTANA}18{n}") for n in range(4)),
                transport="t1",
                every_ms=20,
            ),
        ),
    ),
    Capture(
        "tcp_large",
        "INVITEs larger than a segment, over TCP",
        (
            _intl(
                "large",
                Call(UK_HOME + "0186", ASTANA + "186"),
                Call(UK_HOME + "0187", ASTANA + "187"),
                transport="t1",
                every_ms=20,
            ),
        ),
    ),
    Capture(
        "ipv6",
        "two calls over IPv6",
        (
            Run(
                "intl",
                INTL_V6,
                "call",
                (Call(UK_HOME + "0191", ASTANA + "191"), Call(US + "0192", ASTANA + "192")),
            ),
        ),
    ),
    Capture(
        "hidden",
        "anonymous in From, asserted for the network alone, Privacy: id",
        (
            _intl("hidden", Call("anonymous", ASTANA + "201", asserted=UK_HOME + "0201")),
            _natl("hidden", Call("anonymous", ASTANA + "202", asserted=ALMATY + "0202")),
        ),
    ),
    Capture(
        "cyrillic",
        "display names in Kazakh and Russian, UTF-8, quoted",
        (
            _natl(
                "call",
                Call(ALMATY + "0211", ASTANA + "211", "Әсел Қалқанқызы"),
                Call(KARAGANDA + "0212", ASTANA + "212", "Служба безопасности банка"),
                Call(ALMATY + "0213", ASTANA + "213", r"Ұлт \"Үміт\" қоры, №1"),
            ),
        ),
    ),
    Capture(
        "diverted",
        "forwarded calls with Diversion and History-Info",
        (
            _intl("diverted", Call(UK_HOME + "0221", ASTANA + "221", diverter="+77172009221")),
            _natl("diverted", Call(ALMATY + "0222", ASTANA + "222", diverter=KARAGANDA + "0223")),
        ),
    ),
    Capture(
        "pai_mismatch",
        "From shows a Kazakh number, the network asserts a foreign one",
        (
            _intl(
                "call",
                Call("+77172009231", ASTANA + "231", asserted=UK_MOBILE + "0231"),
                Call("+77270000232", ASTANA + "232", asserted=RU + "32"),
            ),
        ),
    ),
    Capture(
        "short_forms",
        "compact header names, folded header lines",
        (
            _intl(
                "compact",
                Call(UK_HOME + "0241", "+77172007241", "Folded Name"),
                Call(US + "0142", "+77172007242"),
            ),
        ),
    ),
    Capture(
        "retransmission",
        "the first INVITEs are lost: the caller repeats, no proxy hides it",
        (_natl("call", Call(ALMATY + "0251", "+77172006251")),),
        "pcap ns",
    ),
    Capture(
        "fragmented",
        "UDP INVITEs larger than the MTU: IPv4 fragments",
        (
            _intl(
                "large",
                Call(UK_HOME + "0261", ASTANA + "261"),
                Call(UK_HOME + "0262", ASTANA + "262"),
            ),
        ),
    ),
    Capture(
        "fragmented_ipv6",
        "UDP INVITEs larger than the MTU: IPv6 fragments",
        (Run("intl", INTL_V6, "large", (Call(UK_HOME + "0271", ASTANA + "271"),)),),
        "pcapng",
    ),
    Capture(
        "multipart",
        "multipart/mixed: the session description and a text part",
        (_intl("multipart", Call(UK_HOME + "0281", ASTANA + "281")),),
    ),
)
LAYERS = (
    Capture("cooked_sll", "recorded on `any`, cooked header version 1", PLAIN, link="LINUX_SLL"),
    Capture("cooked_sll2", "recorded on `any`, cooked header version 2", PLAIN, link="LINUX_SLL2"),
    Capture(
        "vlan",
        "plain_calls with an 802.1Q tag, VLAN 72",
        source="plain_calls",
        change=link_rewrite.vlan(72),
    ),
    Capture(
        "qinq",
        "plain_calls with two tags, 802.1ad 717 over 802.1Q 72",
        source="plain_calls",
        change=link_rewrite.qinq(717, 72),
    ),
    Capture(
        "raw_ip",
        "plain_calls without a link layer",
        source="plain_calls",
        link="RAW",
        change=link_rewrite.raw_ip,
    ),
    Capture(
        "raw_ipv6",
        "ipv6 without a link layer",
        source="ipv6",
        link="RAW",
        change=link_rewrite.raw_ip,
    ),
    Capture(
        "null_loopback",
        "plain_calls with a BSD loopback header",
        source="plain_calls",
        link="NULL",
        change=link_rewrite.null_loopback,
    ),
    Capture(
        "null_loopback_ipv6",
        "ipv6 with a BSD loopback header",
        source="ipv6",
        link="NULL",
        change=link_rewrite.null_loopback,
    ),
    Capture(
        "vlan_fragmented",
        "fragmented with an 802.1Q tag, VLAN 72",
        source="fragmented",
        change=link_rewrite.vlan(72),
    ),
)


def signed_identity() -> str:
    """Build claims and a signature of the right size that nobody signed."""
    claims = {
        "attest": "A",
        "dest": {"tn": ["77172000116"]},
        "iat": 1700000000,
        "orig": {"tn": "442079460123"},
        "origid": "00000000-0000-4000-8000-000000000001",
    }
    parts = json.dumps(claims, separators=(",", ":")).encode(), hashlib.sha512(b"nobody").digest()
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
