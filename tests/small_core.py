# SPDX-License-Identifier: Apache-2.0
"""The process `core` in a test: the least configuration, and what it is given to hear."""

import struct
from pathlib import Path

from edge.config import Config, parse
from tests.call.sip_talk import write

SPOOFED, HONEST = "+77172009131", "+447700900777"
HUB = '[hub]\nbrokers = ["127.0.0.1:1"]\ntls = false\n'
TOO_LONG_S = 30


def config(
    folder: Path, more: str = HUB, tap: str = 'driver = "pcap"\nfiles = ["c.pcapng"]'
) -> Config:
    text = (
        f'[node]\nname = "bench"\nstate_dir = "s"\n[tap.mirror]\n{tap}\n'
        f'[trunk.intl]\nclass = "international"\nmode = "enforce"\n{more}'
    )
    (folder / "edge.toml").write_text(text, encoding="utf-8")
    return parse(text, folder / "edge.toml")


def invite(caller: str, call: str) -> bytes:
    return write("INVITE", call=call).replace(b"+447700900123", caller.encode())


def hep(octets: bytes) -> bytes:
    """Return a message as a switch reports it: a HEP 3 packet."""
    here, port = bytes([127, 0, 0, 1]), struct.pack("!H", 5060)
    chunks = [(3, here), (4, here), (7, port), (8, port), (11, b"\x01"), (15, octets)]
    body = b"".join(struct.pack("!HHH", 0, kind, 6 + len(of)) + of for kind, of in chunks)
    return struct.pack("!4sH", b"HEP3", 6 + len(body)) + body
