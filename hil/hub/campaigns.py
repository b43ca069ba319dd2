# SPDX-License-Identifier: Apache-2.0
"""Campaigns as appliances tell them, and which of them are one across regions.

An event replaces what its appliance told of the same campaign, or of the same clue, before: any
order and any number of copies leave the same tables. Two campaigns that share a mark `media` or
`origid` are one; two that share a `key` are written alike, which people are told and no more: half
of the world uses the same program.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa

from hil.hub.batch import Row
from hil.hub.store import TABLES, Store

CAMPAIGN, CLUE = "campaign", "clue"
KINDS = frozenset({CAMPAIGN, CLUE})
JOINING = frozenset({"media", "origid"})
ALIKE = "key"
MOST_PARTS = 1024
"Members, marks and references of one event."
MOST_OCTETS = 2000
"Of a value: PostgreSQL has no room for more in an index."

CAMPAIGNS = sa.Table(
    "campaign",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, doc="Of the event that said so."),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("found", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("callers", sa.BigInteger, nullable=False),
    sa.Column("callees", sa.BigInteger, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False, doc="JSON, as told."),
)
MEMBERS = sa.Table(
    "campaign_member",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
)
MARKS = sa.Table(
    "campaign_mark",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Index("campaign_mark_value", "kind", "value"),
)
CLUES = sa.Table(
    "clue",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("clue", sa.Text, primary_key=True),
    sa.Column("trust", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, doc="Of the event that said so."),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False, doc="JSON, as told."),
)

_Time = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_Count = _Time
_Word = Annotated[str, msgspec.Meta(max_length=64)]
_Parts = msgspec.Meta(max_length=MOST_PARTS)


class Part(msgspec.Struct, frozen=True, order=True):
    """A member, or a mark."""

    kind: _Word
    value: str


class Reason(msgspec.Struct, frozen=True):
    """Why something is taken for a campaign."""

    code: str
    text: str
    values: dict[str, float] = {}


class Evidence(msgspec.Struct, frozen=True):
    """Where what was said of a call can be looked up."""

    record: str
    leaf: int
    tap: str
    frame: int
    call: str
    attempt: int
    at: int


class _Campaign(msgspec.Struct):
    campaign: _Word
    at: _Time
    state: str
    first: _Time
    found: _Time
    last: _Time
    score: float
    calls: _Count
    callers: _Count
    callees: _Count
    reasons: Annotated[list[Reason], _Parts]
    members: Annotated[list[Part], _Parts]
    marks: Annotated[list[Part], _Parts] = []


class _Clue(msgspec.Struct):
    campaign: _Word
    at: _Time
    clue: _Word
    trust: _Word
    value: str
    title: str
    confidence: float
    calls: _Count
    first: _Time
    last: _Time
    evidence: Annotated[list[Evidence], _Parts]
    place: str = ""


_campaign = msgspec.json.Decoder(_Campaign)
_clue = msgspec.json.Decoder(_Clue)


class Clue(msgspec.Struct, frozen=True):
    """A line of the dossier, and of whose."""

    node: str
    campaign: str
    clue: str
    title: str
    value: str
    place: str
    trust: str
    confidence: float
    calls: int
    first: int
    last: int
    evidence: list[Evidence]


class Campaign(msgspec.Struct, frozen=True):
    """A campaign of one appliance."""

    node: str
    campaign: str
    state: str
    first: int
    found: int
    last: int
    score: float
    calls: int
    callers: int
    callees: int
    reasons: list[Reason]
    members: list[Part]
    marks: list[Part]


class Group(msgspec.Struct, frozen=True):
    """What is one across regions."""

    id: str
    "Of the campaign that began first."
    campaigns: list[Campaign]
    joined_by: list[Part]
    "Marks that more than one of them has."
    alike: list[str]
    "Other groups whose messages are written alike."
    clues: list[Clue]
    "The dossier, the surest first."


def heard(store: Store, connection: sa.Connection, node: str, rows: Iterable[Row]) -> None:
    """Take what an appliance told of campaigns; what cannot be read is an event like any other."""
    for row in rows:
        if row.kind not in KINDS:
            continue
        # A device may send NUL, and no database keeps it.
        body = row.body.replace("\\u0000", "\\ufffd")
        try:
            if row.kind == CAMPAIGN:
                _keep(store, connection, node, _campaign.decode(body))
            else:
                _note(store, connection, node, _clue.decode(body))
        except (msgspec.MsgspecError, RecursionError):
            continue


def _keep(store: Store, connection: sa.Connection, node: str, told: _Campaign) -> None:
    row = {name: getattr(told, name) for name in _OWN}
    row |= {"node": node, "reasons": msgspec.json.encode(told.reasons).decode()}
    if not _upsert(store, connection, CAMPAIGNS, row):
        return
    for table, parts in ((MEMBERS, told.members), (MARKS, told.marks)):
        mine = table.c.node == node, table.c.campaign == told.campaign
        connection.execute(sa.delete(table).where(*mine))
        for part in sorted({part for part in parts if _fits(part.value)}):
            key = {"node": node, "campaign": told.campaign}
            values = {**key, "kind": part.kind, "value": part.value}
            connection.execute(store.put(table).values(**values))


def _note(store: Store, connection: sa.Connection, node: str, told: _Clue) -> None:
    row = {name: getattr(told, name) for name in _Clue.__struct_fields__}
    row |= {"node": node, "evidence": msgspec.json.encode(told.evidence).decode()}
    if _fits(told.value):
        _upsert(store, connection, CLUES, row)


def _fits(value: str) -> bool:
    return len(value.encode()) <= MOST_OCTETS


_OWN = tuple(
    name for name in _Campaign.__struct_fields__ if name not in {"reasons", "members", "marks"}
)


def _upsert(store: Store, connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Write a row unless a later event has; whether it was written."""
    keys = [column.name for column in table.primary_key]
    new = store.insert(table).values(**row)
    put = new.on_conflict_do_update(
        index_elements=keys,
        set_={name: new.excluded[name] for name in row if name not in keys},
        where=table.c.at <= new.excluded.at,
    )
    return connection.execute(put.returning(table.c.at)).first() is not None


def groups(store: Store) -> list[Group]:
    """Return all campaigns, those that are one together, the latest first."""
    with store.reading() as connection:
        found = [*_campaigns(connection)]
        clues = [*_clues(connection)]
    sets = _joined(found)
    made = [_group(members, clues) for members in sets]
    keys = {group.id: _marks(group.campaigns, {ALIKE}) for group in made}
    return sorted(
        (
            msgspec.structs.replace(
                group,
                alike=sorted(
                    other for other in keys if other != group.id and keys[other] & keys[group.id]
                ),
            )
            for group in made
        ),
        key=lambda group: -max(one.last for one in group.campaigns),
    )


def _campaigns(connection: sa.Connection) -> Iterator[Campaign]:
    parts: dict[tuple[sa.Table, str, str], list[Part]] = {}
    for table in (MEMBERS, MARKS):
        for one in connection.execute(sa.select(table)):
            parts.setdefault((table, one.node, one.campaign), []).append(Part(one.kind, one.value))
    for row in connection.execute(sa.select(CAMPAIGNS)):
        key = row.node, row.campaign
        yield Campaign(
            *key, row.state, row.first, row.found, row.last, row.score, row.calls, row.callers,
            row.callees, msgspec.json.decode(row.reasons, type=list[Reason]),
            sorted(parts.get((MEMBERS, *key), [])), sorted(parts.get((MARKS, *key), [])),
        )  # fmt: skip


def _clues(connection: sa.Connection) -> Iterator[Clue]:
    order = sa.desc(CLUES.c.confidence), CLUES.c.clue, CLUES.c.value
    for row in connection.execute(sa.select(CLUES).order_by(*order)):
        evidence = msgspec.json.decode(row.evidence, type=list[Evidence])
        yield Clue(
            row.node, row.campaign, row.clue, row.title, row.value, row.place, row.trust,
            row.confidence, row.calls, row.first, row.last, evidence,
        )  # fmt: skip


def _marks(found: Iterable[Campaign], kinds: Iterable[str]) -> set[Part]:
    return {mark for one in found for mark in one.marks if mark.kind in kinds}


def _joined(found: Sequence[Campaign]) -> list[list[Campaign]]:
    """Return sets of campaigns that a chain of shared marks leads through."""
    sets: list[list[Campaign]] = []
    for one in found:
        marks = _marks([one], JOINING)
        near = [each for each in sets if marks & _marks(each, JOINING)]
        sets = [each for each in sets if each not in near]
        sets.append([one, *(other for each in near for other in each)])
    return sets


def _group(found: list[Campaign], clues: Iterable[Clue]) -> Group:
    found = sorted(found, key=lambda one: (one.first, one.node, one.campaign))
    mine = {(one.node, one.campaign) for one in found}
    shared = [
        mark
        for mark in sorted(_marks(found, JOINING))
        if sum(mark in one.marks for one in found) > 1
    ]
    own = [clue for clue in clues if (clue.node, clue.campaign) in mine]
    return Group(found[0].campaign, found, shared, [], own)
