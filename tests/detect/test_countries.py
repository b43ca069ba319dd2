# SPDX-License-Identifier: Apache-2.0
"""Tables are searched where they lie, in the forms in which they are given away."""

import pytest
from hypothesis import given, strategies as st

from edge.detect.countries import Nowhere, Place, Table

CODES = b"""# a remark
# another
16777216,16777471,AU
16777472,16778239,CN
134744064,134744319,US
3232235520,3232301055,ZZ
"""
SIX = b"2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP\n2a00::,2a00:ffff::,??\n"
NETWORKS = (
    b"1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUDFLARENET\n"
    b"1.0.1.0\t1.0.3.255\t0\tNone\tNot routed\n"
    b"8.8.8.0\t8.8.8.255\t15169\tUS\tGOOGLE\n"
)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("1.0.0.0", Place("AU")),
        ("1.0.0.255", Place("AU")),
        ("1.0.1.0", Place("CN")),
        ("8.8.8.8", Place("US")),
        ("8.8.9.0", None),
        ("1.0.4.0", None),
        ("0.255.255.255", None),
        ("192.168.1.1", None),
        ("2001:200::1", Place("JP")),
        ("2a00::1", Place("")),
        ("2001:db8::1", None),
        ("no address", None),
        ("", None),
    ],
)
def test_a_country(address: str, place: Place | None) -> None:
    assert Table(CODES, SIX).find(address) == place


def test_a_network() -> None:
    table = Table(NETWORKS)
    assert table.find("1.0.0.7") == Place("US", "AS13335 CLOUDFLARENET")
    assert table.find("1.0.2.7") == Place("")
    assert Place("US", "AS13335 CLOUDFLARENET").text() == "US, AS13335 CLOUDFLARENET"


@given(st.integers(0, 400))
def test_every_line_of_a_long_table_is_found(place: int) -> None:
    first = 8 << 24
    lines = [
        f"{first + n * 8},{first + n * 8 + 5},{'AZ'[n % 2]}{'ABCDE'[n % 5]}" for n in range(401)
    ]
    table = Table("\n".join(lines).encode())
    at = first + place * 8
    dotted = ".".join(str(at >> shift & 255) for shift in (24, 16, 8, 0))
    beyond = ".".join(str(at + 6 >> shift & 255) for shift in (24, 16, 8, 0))
    assert table.find(dotted) == Place(f"{'AZ'[place % 2]}{'ABCDE'[place % 5]}")
    assert table.find(beyond) is None


@given(st.binary(max_size=300))
def test_rubbish_is_no_table(octets: bytes) -> None:
    Table(octets, octets).find("8.8.8.8")


def test_without_a_table_nothing_is_known() -> None:
    assert Nowhere().find("8.8.8.8") is None
    assert Table(b"").find("8.8.8.8") is None
