# SPDX-License-Identifier: Apache-2.0
"""Shares add up, who gives way is the table, and an event costs what SQLite takes for it."""

import sqlite3
from contextlib import closing

import pytest

from edge.report.event import CLASSES, Class
from edge.report.outbox import quota
from edge.report.outbox.quota import PAGE, Limits, ceiling, cost, give_way, plan, reserve, room


@pytest.mark.parametrize("megabytes", [1, 8, 64, 2048, 100_000])
def test_all_parts_are_within_the_limit(megabytes):
    limits = Limits(megabytes << 20)
    layout = plan(limits)
    wal = 2 * layout.wal * PAGE
    assert layout.pages * PAGE + wal + layout.ballast + quota.INDEX * PAGE <= limits.octets
    assert room(layout.pages) > limits.octets * 0.6
    assert reserve(limits, layout.pages) + ceiling(limits, Class.AUDIT) <= room(layout.pages)
    assert all(0 < ceiling(limits, cls) <= room(layout.pages) for cls in CLASSES)


def test_nearly_all_of_a_large_outbox_is_for_events():
    limits = Limits(2 << 30)
    assert room(plan(limits).pages) > limits.octets * 0.97


def test_too_small_to_be_one():
    with pytest.raises(ValueError, match="too small"):
        plan(Limits(quota.LEAST_OCTETS - 1))


@pytest.mark.parametrize("cls", CLASSES)
def test_who_gives_way_is_as_it_is_written(cls):
    assert quota.__doc__
    (line,) = (one for one in quota.__doc__.splitlines() if one.startswith(f"| {cls.value} "))
    written = line.split("|")[2].split(";")[0].replace(" beyond its reserve", "")
    assert [other.value for other in give_way(cls)] == [one.strip() for one in written.split(",")]


@pytest.mark.parametrize("octets", [150, 400, 1000, 2000, 2100, 4000, 4050, 4100, 9000, 32_768])
def test_what_an_event_costs_is_what_it_takes(octets):
    with closing(sqlite3.connect(":memory:")) as link:
        link.execute(
            "CREATE TABLE call(seq INTEGER PRIMARY KEY, at INTEGER, gap INTEGER, crc INTEGER,"
            " body BLOB)"
        )
        rows = [(seq, 10**18 + seq, 0, 2**31, b"x" * octets) for seq in range(10**6, 10**6 + 500)]
        link.executemany("INSERT INTO call VALUES(?, ?, ?, ?, ?)", rows)
        pages: int = link.execute("PRAGMA page_count").fetchone()[0]
    taken = (pages - 2) * PAGE / 500  # but for the schema and the root of the tree
    assert 0.95 <= cost(octets) / taken <= 1.02
