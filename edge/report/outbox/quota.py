# SPDX-License-Identifier: Apache-2.0
"""Who may have how much of the outbox, and who gives way when it is full.

| when there is no room for  | this goes, the oldest of one stream first                          |
|----------------------------|--------------------------------------------------------------------|
| debug                      | debug                                                              |
| metric                     | debug, metric                                                      |
| call                       | debug, metric, call                                                |
| block                      | debug, metric, call, block                                         |
| audit                      | debug, metric, call, block beyond its reserve; then it is refused  |
"""

from typing import NamedTuple

import msgspec

from edge.report.event import CLASSES, Class

PAGE = 4096
"Octets of a page of the file."
USABLE = 4088
"Of a page that holds rows."
CHAINED = 4092
"Of a page that holds a part of one row."
LEAST_LOCAL, MOST_LOCAL = 489, 4061
"Octets of a row that are not in its chain."
RECORD = 22
"Octets of a row besides its body ..."
PLACE = 8
"... and of its place on the page."
LEAST_OCTETS = 1 << 19
"Below this there is no room to give way in."
MOST_WAL = 1000
INDEX = 16
"Pages that the index of the log takes on disk."
FIXED = 12
"Pages that tables, their book and a transaction take besides events."


class Limits(msgspec.Struct, frozen=True):
    """How large the outbox may become, and the share of each class."""

    octets: int
    "Most that it takes on the disk, log and ballast included; the archive may take as much again."
    block: float = 0.4
    "Share that block records keep, whatever else wants room."
    call: float = 0.75
    "Most of calls that were let through."
    metric: float = 0.2
    debug: float = 0.1
    archive_days: int = 90
    "How long acts and blocks stay in the archive, days."


class Plan(NamedTuple):
    """How the octets are laid out."""

    pages: int
    "Of the database file: SQLite refuses to go beyond."
    wal: int
    "Pages after which the log is carried over into the file."
    ballast: int
    "Octets given up when the disk is full for other reasons, so that one can make room."


def plan(limits: Limits) -> Plan:
    """Lay out the octets."""
    if limits.octets < LEAST_OCTETS:
        raise ValueError(f"an outbox of {limits.octets} octets is too small")
    total = limits.octets // PAGE
    wal = max(16, min(MOST_WAL, total // 16))
    pages = total - 4 * wal - INDEX
    return Plan(pages, wal, 2 * wal * PAGE)


def spare(pages: int) -> int:
    """Return the pages that no event may take: to delete, and to record a gap, takes some."""
    return max(8, pages // 64)


def room(pages: int) -> int:
    """Return the octets that there are for events in so many pages."""
    return (pages - spare(pages) - FIXED) * PAGE


def ceiling(limits: Limits, cls: Class) -> int:
    """Return the most octets that a class may take."""
    shares = {
        Class.AUDIT: 1 - limits.block,
        Class.BLOCK: 1.0,
        Class.CALL: limits.call,
        Class.METRIC: limits.metric,
        Class.DEBUG: limits.debug,
    }
    return int(room(plan(limits).pages) * shares[cls])


def reserve(limits: Limits, pages: int) -> int:
    """Return the octets that block records keep of a file that may have so many pages."""
    return int(room(pages) * limits.block)


def give_way(cls: Class) -> tuple[Class, ...]:
    """Return who gives way to an event of a class, the least dear first."""
    if cls is Class.AUDIT:
        return CLASSES[:0:-1]
    return CLASSES[: CLASSES.index(cls) - 1 : -1]


def cost(octets: int) -> int:
    """Return what a body of so many octets takes of the file, among others of its size.

    As SQLite lays out a row: whole on a page, or its end in a chain of pages of their own
    (https://sqlite.org/fileformat2.html, section 1.6).
    """
    payload = octets + RECORD
    local, chain = payload, 0
    if payload > MOST_LOCAL:
        local = LEAST_LOCAL + (payload - LEAST_LOCAL) % CHAINED
        local = local if local <= MOST_LOCAL else LEAST_LOCAL
        chain = (payload - local) // CHAINED + bool((payload - local) % CHAINED)
    return PAGE * chain + PAGE // (USABLE // (local + PLACE))
