# SPDX-License-Identifier: Apache-2.0
"""Makes hostile octets of good ones, the same at every run."""

from pathlib import Path
from random import Random

from edge.decode.pcapfile import CaptureReader
from edge.model.unit import Unit

VECTORS = Path(__file__).parents[2] / "vectors" / "sip"
NAMES = ("forked.pcapng", "diverted.pcap", "multipart.pcap", "short_forms.pcap", "hidden.pcap")
RUNS = (
    b'"', b"<", b">", b",", b";", b" ", b"\t", b"\\", b"\r\n", b"\n ", b":", b"%", b"@", b"[", b"=",
    b"AAA ", b"a:", b";tag=", b";branch=", b'"a" ', b"INVITE a:b SIP/2.0\n", b"SIP/2.0 200\n\n",
)  # fmt: skip
HEADERS = (
    b"From", b"To", b"Via", b"Contact", b"Diversion", b"Call-ID", b"CSeq", b"Privacy", b"Reason",
    b"P-Asserted-Identity", b"History-Info", b"Content-Type", b"Subject",
)  # fmt: skip


def messages() -> list[bytes]:
    """Return what is between Ethernet, IP and UDP headers of some captures, and the torture set."""
    found = [path.read_bytes() for path in sorted((VECTORS / "torture").glob("*.sip"))]
    for name in NAMES:
        reader = CaptureReader(name)
        units = reader.feed((VECTORS / name).read_bytes())
        found += [one.data[42:] for one in units if isinstance(one, Unit) and len(one.data) > 300]
    return [octets for octets in found if len(octets) < 5000]


def mutated(random: Random, good: list[bytes]) -> bytes:
    """Return one hostile datagram."""
    octets = bytearray(random.choice(good))
    for _ in range(random.randint(1, 4)):
        random.choice((flip, cut, double, splice, run, swap_line))(random, octets, good)
    return bytes(octets[:65_507])


def flip(random: Random, octets: bytearray, _good: list[bytes]) -> None:
    for _ in range(random.randint(1, 8) if octets else 0):
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)


def cut(random: Random, octets: bytearray, _good: list[bytes]) -> None:
    begin = random.randint(0, len(octets))
    del octets[begin : random.choice((len(octets), begin + random.randint(0, 40)))]


def double(random: Random, octets: bytearray, _good: list[bytes]) -> None:
    begin, at = random.randint(0, len(octets)), random.randint(0, len(octets))
    octets[at:at] = octets[begin : begin + random.randint(0, 300)]


def splice(random: Random, octets: bytearray, good: list[bytes]) -> None:
    other, at = random.choice(good), random.randint(0, len(octets))
    octets[at:] = other[random.randint(0, len(other)) :]


def run(random: Random, octets: bytearray, _good: list[bytes]) -> None:
    at = random.randint(0, len(octets))
    octets[at:at] = random.choice(RUNS) * random.choice((1, 2, 3, 50))


def swap_line(random: Random, octets: bytearray, good: list[bytes]) -> None:
    lines, others = bytes(octets).split(b"\r\n"), random.choice(good).split(b"\r\n")
    lines[random.randrange(len(lines))] = random.choice(others)
    octets[:] = b"\r\n".join(lines)


def giants() -> list[tuple[str, bytes]]:
    """Return messages of nearly 64 KiB that are one long run in one header each."""
    found = []
    for header in (b"", *HEADERS):
        for piece in RUNS:
            octets = piece * (60_000 // len(piece))
            line = header + b": " + octets if header else octets
            head = b"INVITE sip:1@h SIP/2.0\r\n" if header else b""
            found.append((f"{header!r} {piece!r}", head + line + b"\r\nContent-Length: 0\r\n\r\n"))
    return found
