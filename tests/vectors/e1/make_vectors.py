# SPDX-License-Identifier: Apache-2.0
"""Writes the captures of this folder: SS7, ISDN and SIGTRAN as octets put together by hand.

Shares nothing with the decoders. Run it to write the files anew; a test compares them with it.
"""

import struct
from pathlib import Path

HERE = Path(__file__).parent
START_S = 1_700_000_000
MTP2_PHDR, MTP2, MTP3, LINUX_LAPD, LAPD, ETHERNET = 139, 140, 141, 177, 203, 1
OPC, DPC, CIC, NI = 2057, 4114, 37, 2


def pcap(link, frames):
    """A capture file, one frame every 10 ms."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    records = (
        struct.pack("<IIII", START_S + n // 100, n % 100 * 10_000, len(frame), len(frame)) + frame
        for n, frame in enumerate(frames)
    )
    return head + b"".join(records)


def with_fcs(octets):
    """Octets and their check sequence, computed a bit at a time (Q.703 4.2)."""
    register = 0xFFFF
    for octet in octets:
        for place in range(8):
            mix = (register ^ (octet >> place)) & 1
            register = (register >> 1) ^ (0x8408 if mix else 0)
    return octets + (register ^ 0xFFFF).to_bytes(2, "little")


# ISUP, from the circuit identification code on


def signals(digits):
    """Address signals, two an octet, the first in the low half; 15 is written F."""
    values = [int(digit, 16) for digit in digits] + [0] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True))


def number(digits, nature, second, *, qualifier=None):
    """A number's content: odd/even and nature, the octet of indicators, signals."""
    lead = b"" if qualifier is None else bytes([qualifier])
    return lead + bytes([len(digits) % 2 << 7 | nature, second]) + signals(digits)


def optional(*parameters):
    return b"".join(bytes([code, len(body)]) + body for code, body in parameters) + b"\0"


def pointed(bodies, parameters=None, *, may_follow=True):
    """Pointers, then the mandatory parameters they lead to, then the optional part."""
    count = len(bodies) + may_follow
    pointers, part, at = b"", b"", count
    for body in bodies:
        pointers += bytes([at - len(pointers)])
        part += bytes([len(body)]) + body
        at += 1 + len(body)
    if may_follow:
        pointers += bytes([at - len(pointers)]) if parameters else b"\0"
    return pointers + part + (optional(*parameters) if parameters else b"")


def isup(type_, rest=b"", *, cic=CIC):
    return struct.pack("<HB", cic, type_) + rest


def iam(called, *parameters, nci=0x00, fci=0x2001, cpc=0x0A, tmr=0, cic=CIC):
    fixed = struct.pack(">BHBB", nci, fci, cpc, tmr)
    return isup(0x01, fixed + pointed([called], parameters), cic=cic)


TO_ASTANA = number("7172000001F", 3, 0x10)
"National, ISDN plan, end of dialling; an odd number of signals."
FROM_LONDON = number("442079460123", 4, 0x13)
FROM_ASTANA = number("7172000004", 3, 0x11)
CAUSE_16, CAUSE_21 = bytes([0x84, 0x90]), bytes([0x82, 0x95])

ISUP_MESSAGES = [
    iam(TO_ASTANA, (0x0A, FROM_LONDON)),
    iam(
        number("77172000001", 4, 0x90),
        (0x0A, number("447700900123", 4, 0x97)),
        (0x0B, number("12025550123", 4, 0x14)),
        (0x28, number("7172000002", 3, 0x10)),
        (0x13, bytes([0x33, 0x31])),
        (0x3F, number("7172000003", 3, 0x9B)),
        (0xC0, number("447700900456", 4, 0x13, qualifier=6)),
        (0x3D, bytes([17])),
        (0x31, bytes([0x01, 0x2C])),
        (0x08, bytes([0x80])),
        (0x03, bytes.fromhex("1e028183")),
        (0x1D, bytes.fromhex("8090a3")),
        (0x39, bytes.fromhex("31c0")),
        nci=0x15,
        fci=0x6911,
        cpc=0x11,
        tmr=3,
    ),
    iam(number("7172000005", 3, 0x10), (0x0A, number("", 0, 0x0B)), cpc=0xE4),
    iam(number("000006", 1, 0x10), cpc=0xE1),
    iam(number("81044770090", 2, 0x10), (0x0A, FROM_ASTANA), (0xF2, b"\x01\x02")),
    isup(0x02, pointed([b"\x80" + signals("0012F")])),
    isup(0x02, pointed([b"\x00" + signals("0034")])),
    isup(0x03, b"\x01\x00\x00"),
    isup(0x04, b"\x23\x00" + pointed([], ((0x0A, FROM_ASTANA), (0x09, b"\x0a")))),
    isup(0x05, b"\x01"),
    isup(0x06, b"\x16\x14" + pointed([], ((0x29, b"\x01"),))),
    isup(0x06, b"\x12\x04\x00"),
    isup(0x07, b"\x16\x14\x00"),
    isup(0x08, b"\x00"),
    isup(0x09, pointed([], ((0x21, number("7172000001", 3, 0x13)),))),
    isup(0x09, b"\x00"),
    isup(0x0C, pointed([CAUSE_16])),
    isup(0x0C, pointed([CAUSE_21], ((0x27, b"\x01"),))),
    isup(0x0D, b"\x01\x00"),
    isup(0x0E, b"\x00\x00"),
    isup(0x10, b"\x00"),
    isup(0x11),
    isup(0x12),
    isup(0x13),
    isup(0x14),
    isup(0x15),
    isup(0x16),
    isup(0x17, pointed([b"\x1e"], may_follow=False)),
    isup(0x18, b"\x00" + pointed([b"\x07\xff"], may_follow=False)),
    isup(0x19, b"\x01" + pointed([b"\x07\x0f"], may_follow=False)),
    isup(0x1A, b"\x00" + pointed([b"\x07\xff"], may_follow=False)),
    isup(0x1B, b"\x01" + pointed([b"\x07\x0f"], may_follow=False)),
    isup(0x1F, b"\x02\x00"),
    isup(0x20, b"\x02\x00"),
    isup(0x21, b"\x02" + pointed([bytes([0x82, 0x9D])])),
    isup(0x24),
    isup(0x29, pointed([b"\x1e\x00\x00\x00\x00"], may_follow=False)),
    isup(0x2A, pointed([b"\x07"], may_follow=False)),
    isup(0x2B, pointed([b"\x01", b"\x03\x07"], may_follow=False)),
    isup(0x2C, b"\x01\x00"),
    isup(0x2C, b"\x83" + pointed([], ((0x2C, b"\xfb"), (0x36, b"\x1b")))),
    isup(0x2D, pointed([b"\x04\x41\x42"])),
    isup(0x2E),
    isup(0x2F, pointed([bytes([0x82, 0xE3])])),
    isup(0x32, b"\x00"),
    isup(0x33, b"\x00"),
    isup(0x36, b"\x00"),
    isup(0x37, b"\x00"),
    isup(0x38, pointed([], ((0xC0, number("447700900789", 4, 0x13, qualifier=6)),))),
    isup(0x40, b"\x00"),
    isup(0x41, b"\x00"),
    isup(0x42, b"\x00"),
]


# Message transfer part


def mtp3(message, *, service=5, opc=OPC, dpc=DPC, sls=CIC & 15, network=NI):
    label = dpc | opc << 14 | sls << 28
    return bytes([network << 6 | service]) + struct.pack("<I", label) + message


def msu(message, fsn, *, bsn=127):
    return bytes([0x80 | bsn, 0x80 | fsn % 128, min(len(message), 63)]) + message


def extended_msu(message, fsn):
    """A signal unit with the 12-bit numbers of Q.703 annex A."""
    return struct.pack("<HHH", 0x8FFF, 0x8000 | fsn, len(message)) + message


def link_status(status):
    return bytes([0xFF, 0xFF, 1, status])


LINK = [
    *(link_status(status) for status in (3, 0, 1, 5, 4)),
    msu(mtp3(b"\x11\x80ABCDEFGH", service=1), 0),
    bytes([0xFF, 0x80, 0]),
    *(msu(mtp3(message), fsn) for fsn, message in enumerate(ISUP_MESSAGES, 1)),
    msu(mtp3(b"\x14\x00\x08", service=0), 100),
    msu(mtp3(bytes(80), service=3), 101),
]
"A link aligned, tested, all messages, one route lost, and traffic of another user."


# ISDN


def lapd(control, payload=b"", *, response_bit=0, tei=0):
    return bytes([response_bit << 1, tei << 1 | 1]) + control + payload


def information(send, receive, message, *, response_bit=0):
    return lapd(bytes([send << 1, receive << 1]), message, response_bit=response_bit)


def q931(type_, *elements, reference=5, flag=0):
    head = bytes([0x08, 2]) + (flag << 15 | reference).to_bytes(2, "big") + bytes([type_])
    return head + b"".join(elements)


def element(code, body):
    return bytes([code, len(body)]) + body


BEARER = element(0x04, bytes.fromhex("8090a3"))
CHANNEL_3, CHANNEL_19 = element(0x18, bytes.fromhex("a98383")), element(0x18, b"\xa1\x83\x93")
CALLED = element(0x70, b"\xa1" + b"7172000001")
CALLING = element(0x6C, b"\x11\x83" + b"447700900123")
NETWORK_CALLING = element(0x6C, b"\x11\x81" + b"442079460123")
BARE_CALLING = element(0x6C, b"\xc1" + b"000004")
CAUSE_16_ELEMENT, CAUSE_21_ELEMENT = element(0x08, b"\x80\x90"), element(0x08, b"\x82\x95")

Q931_MESSAGES = [
    (1, q931(0x05, BEARER, CHANNEL_3, CALLING, CALLED, b"\xa1")),
    (0, q931(0x02, CHANNEL_3, flag=1)),
    (0, q931(0x01, element(0x1E, b"\x82\x88"), flag=1)),
    (0, q931(0x07, element(0x4C, b"\x21\x83" + b"7172000001"), flag=1)),
    (1, q931(0x0F)),
    (1, q931(0x45, CAUSE_16_ELEMENT)),
    (0, q931(0x4D, flag=1)),
    (1, q931(0x5A)),
    (0, q931(0x05, BEARER, CHANNEL_19, BARE_CALLING, element(0x70, b"\x81" + b"8"))),
    (1, q931(0x0D, CHANNEL_19, flag=1)),
    (0, q931(0x7B, element(0x70, b"\x81" + b"3"))),
    (0, q931(0x7B, element(0x70, b"\x81" + b"4"), b"\xa1")),
    (1, q931(0x5A, CAUSE_21_ELEMENT, flag=1)),
    (
        1,
        q931(
            0x05, BEARER, CHANNEL_3, element(0x28, b"Astana"), CALLING, NETWORK_CALLING, CALLED,
            element(0x74, b"\x21\x01\x8f" + b"7172000002"), element(0x2C, b"12#"),
            b"\x96" + element(0x6C, b"\x81" + b"99"), b"\x9e" + element(0x70, b"\x81" + b"98"),
            reference=6,
        ),
    ),
    (1, q931(0x46, element(0x79, b"\x80"), CHANNEL_3, reference=0)),
    (0, q931(0x4E, element(0x79, b"\x80"), CHANNEL_3, reference=0, flag=1)),
    (0, q931(0x03, element(0x1E, b"\x82\x81"), flag=1)),
    (1, q931(0x6E, element(0x27, b"\x80"))),
    (1, q931(0x75)),
    (0, q931(0x7D, element(0x08, b"\x82\x9e"), element(0x14, b"\x0a"), flag=1)),
    (1, q931(0x62)),
]  # fmt: skip
"C/R bit (1: network side) and message: en bloc call, overlap call, two numbers, restart, rest."


def q931_segments(message, count):
    """The message in SEGMENT messages (Q.931 annex H)."""
    head, type_, rest = message[:4], message[4], message[5:]
    size = -(-len(rest) // count)
    return [
        head + b"\x60\x00\x02" + bytes([(n == 0) << 7 | count - 1 - n, type_])
        + rest[n * size : (n + 1) * size]
        for n in range(count)
    ]  # fmt: skip


def command(network, control, payload=b""):
    """A command: C/R is 1 from the network side."""
    return network, lapd(control, payload, response_bit=network)


def response(network, control):
    """A response: C/R is 1 from the user side."""
    return network, lapd(control, response_bit=1 - network)


def channel_frames():
    """A D channel set up, every message acknowledged, taken down; who sent it, and the frame."""
    sent = [0, 0]
    yield command(1, b"\x7f")
    yield response(0, b"\x73")
    for side, message in Q931_MESSAGES:
        yield command(side, bytes([sent[side] << 1, sent[1 - side] << 1]), message)
        sent[side] += 1
        yield response(1 - side, bytes([0x01, sent[side] << 1]))
    yield command(1, b"\x05\x01")
    yield response(0, b"\x09\x00")
    yield command(0, b"\x53")
    yield response(1, b"\x1f")


CHANNEL = list(channel_frames())


def with_lapd_header(network, frame):
    """The pseudo-header of link type 177, captured by the network side: 4 is sent, 0 received."""
    return struct.pack(">HHH8sH", 4 if network else 0, 0, 1, b"\1", 0x30) + frame


# SIGTRAN


def tlv(tag, body):
    return struct.pack(">HH", tag, 4 + len(body)) + body + bytes(-len(body) % 4)


def adaptation(class_, type_, body=b""):
    return struct.pack(">BBBBI", 1, 0, class_, type_, 8 + len(body)) + body


def m3ua(message):
    route = struct.pack(">IIBBBB", OPC, DPC, 5, NI, 0, CIC & 15)
    return adaptation(1, 1, tlv(6, struct.pack(">I", 10)) + tlv(0x0210, route + message))


def m3ua_draft(message):
    return adaptation(1, 1, tlv(2, mtp3(message)))


def m2ua(message):
    return adaptation(6, 1, tlv(1, struct.pack(">I", 3)) + tlv(0x0300, mtp3(message)))


def m2pa(message, fsn):
    return adaptation(11, 1, struct.pack(">II", 0xFFFFFF, fsn) + b"\0" + mtp3(message))


def iua(message, type_):
    return adaptation(
        5, type_, tlv(1, struct.pack(">I", 7)) + tlv(5, b"\x00\x01\0\0") + tlv(14, message)
    )


def chunk(body, tsn, protocol, *, flags=3, sequence=None):
    sequence = tsn & 0xFFFF if sequence is None else sequence
    head = struct.pack(">BBHIHHI", 0, flags, 16 + len(body), tsn, 1, sequence, protocol)
    return head + body + bytes(-len(body) % 4)


def sctp(*chunks, port=2905, tag=0x1234):
    return struct.pack(">HHII", port, port, tag, 0) + b"".join(chunks)


def ethernet(packet):
    """An SCTP packet in IPv4 in Ethernet."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(packet), 0, 0x4000, 64, 132, 0)
    head += bytes([192, 0, 2, 1, 192, 0, 2, 2])
    total = sum(struct.unpack(">10H", head))
    checksum = ~(total + (total >> 16)) & 0xFFFF
    head = head[:10] + struct.pack(">H", checksum) + head[12:]
    return bytes.fromhex("020000000002020000000001") + b"\x08\x00" + head + packet


def sigtran_packets():
    """Each layer once for every message that differs, one packet with two chunks, fragments."""
    management = sctp(chunk(adaptation(3, 1), 1, 3), chunk(adaptation(4, 1), 2, 3))
    yield management
    for tsn, message in enumerate(ISUP_MESSAGES, 3):
        yield sctp(chunk(m3ua(message), tsn, 3))
    whole, tsn = m3ua(ISUP_MESSAGES[1]), 3 + len(ISUP_MESSAGES)
    for n, flags in enumerate((2, 0, 1)):
        part = whole[n * 60 : n * 60 + 60]
        yield sctp(chunk(part, tsn + n, 3, flags=flags, sequence=tsn))
    for tsn, message in enumerate(ISUP_MESSAGES[:6], 1):
        yield sctp(chunk(m2ua(message), tsn, 2), port=2904)
        yield sctp(chunk(m2pa(message, tsn), tsn, 5), port=3565)
    for tsn, (side, message) in enumerate(Q931_MESSAGES, 1):
        yield sctp(chunk(iua(message, 1 + side), tsn, 1), port=9900)


SIGTRAN = list(sigtran_packets())

CAPTURES = {
    "mtp3.pcap": (MTP3, [mtp3(message) for message in ISUP_MESSAGES]),
    "mtp2.pcap": (MTP2, LINK),
    "mtp2_fcs.pcap": (MTP2, [with_fcs(unit) for unit in LINK]),
    "mtp2_phdr.pcap": (MTP2_PHDR, [b"\0\0\0\1" + unit for unit in LINK]),
    "mtp2_annex_a.pcap": (
        MTP2_PHDR,
        [b"\0\1\0\1" + extended_msu(mtp3(m), n) for n, m in enumerate(ISUP_MESSAGES)],
    ),
    "lapd.pcap": (LAPD, [frame for _, frame in CHANNEL]),
    "linux_lapd.pcap": (LINUX_LAPD, [with_lapd_header(*sent) for sent in CHANNEL]),
    "sigtran.pcap": (ETHERNET, [ethernet(packet) for packet in SIGTRAN]),
}


def main():
    for name, (link, frames) in CAPTURES.items():
        (HERE / name).write_bytes(pcap(link, frames))


if __name__ == "__main__":
    main()
