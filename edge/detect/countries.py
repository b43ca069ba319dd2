# SPDX-License-Identifier: Apache-2.0
"""Which country and network an address belongs to, by a table that somebody else has read.

Two forms are understood, both sorted text, and searched where they lie: nothing is unpacked, and a
look-up takes some twenty steps. Ranges and country codes, as Tor and Debian's `tor-geoipdb` have
them (data of IPFire, CC BY-SA 4.0):

    16777216,16777471,AU
    2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP

and with the network beside it, as iptoasn.com has them (public domain, PDDL 1.0):

    1.0.0.0<TAB>1.0.0.255<TAB>13335<TAB>US<TAB>CLOUDFLARENET
"""

import ipaddress
from typing import Protocol

import msgspec

UNKNOWN = frozenset({b"??", b"None", b"", b"ZZ"})
WIDTH = 4
"Letters of a country code at most, and what stands for none."
MAX_NAME = 64


class Place(msgspec.Struct, frozen=True):
    """Where an address is."""

    country: str
    "ISO 3166 alpha-2; empty if the table does not know."
    network: str = ""
    "`AS13335 CLOUDFLARENET`; empty where the table has none."

    def text(self) -> str:
        """Return both for people."""
        return ", ".join(word for word in (self.country, self.network) if word)


class Places(Protocol):
    """Finds places; `Table` does, and a test."""

    def find(self, address: str) -> Place | None:
        """Return where an address is; None for one that is private, or not in the table."""


class Nowhere:
    """No table is there."""

    def find(self, address: str) -> Place | None:  # noqa: ARG002 - knows none
        """Find nothing."""
        return None


class Searched(Protocol):
    """What can be searched: octets, or a file that is mapped."""

    def __len__(self) -> int:
        """Octets."""

    def __getitem__(self, part: slice, /) -> bytes:
        """Return some of them."""

    def find(self, octets: bytes, start: int, /) -> int:
        """Return where octets stand, from `start` on."""

    def rfind(self, octets: bytes, start: int, end: int, /) -> int:
        """Return where octets last stand, between."""


class Table:
    """Two tables: one for each version of IP; either may be empty."""

    def __init__(self, four: Searched, six: Searched = b"") -> None:
        """Search these octets; they must stay as they are."""
        self._four, self._six = four, six

    def find(self, address: str) -> Place | None:
        """Return where an address is; None for one that is private, or not in the table."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        if not ip.is_global:
            return None
        line = _search(self._four if ip.version == 4 else self._six, int(ip))  # noqa: PLR2004 - IP
        return _place(line) if line else None


def _search(table: Searched, wanted: int) -> list[bytes]:
    """Return the fields of the line whose range holds an address; empty if none does."""
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) // 2
        begin = table.rfind(b"\n", 0, middle) + 1
        end = table.find(b"\n", middle)
        end = len(table) if end < 0 else end
        fields = _fields(table[begin:end])
        first, last = _ends(fields)
        if first < 0 or wanted > last:  # a remark stands before all ranges
            low = end + 1
        elif wanted < first:
            high = begin
        else:
            return fields
    return []


def _fields(line: bytes) -> list[bytes]:
    line = line.rstrip(b"\r")
    return line.split(b"\t") if b"\t" in line else line.split(b",")


def _ends(fields: list[bytes]) -> tuple[int, int]:
    """Return first and last address of a line; -1 if it is none."""
    if len(fields) < 3 or fields[0][:1] == b"#":  # noqa: PLR2004 - two ends and a country
        return -1, -1
    try:
        return _address(fields[0]), _address(fields[1])
    except ValueError:
        return -1, -1


def _address(field: bytes) -> int:
    return int(field) if field.isdigit() else int(ipaddress.ip_address(field.decode("ascii")))


def _place(fields: list[bytes]) -> Place:
    if len(fields) < 4:  # noqa: PLR2004 - without a network
        return Place(_country(fields[2]))
    number, name = fields[2], fields[4] if fields[4:] else b""
    if number == b"0":  # of nobody
        return Place(_country(fields[3]))
    network = f"AS{number[:10].decode('ascii', 'replace')} {name.decode('utf-8', 'replace')}"
    return Place(_country(fields[3]), network.strip()[:MAX_NAME])


def _country(code: bytes) -> str:
    return "" if code in UNKNOWN else code[:WIDTH].decode("ascii", "replace")
