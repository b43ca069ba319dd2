# SPDX-License-Identifier: Apache-2.0
"""Rollouts of firmware: who is to have which version, group by group, and how far each has got.

The hub says what is wanted and hears what became of it; that firmware is genuine, two sides have
signed in the repository. What is decided is committed with the event that decided it.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from pydantic import ValidationError

from edge.errors import ConfigError
from edge.report import topic
from edge.report.message import Ask, Campaign, Wanted
from edge.report.port import Outbound
from hil.hub import outgoing
from hil.hub.batch import Row
from hil.hub.rollout_plan import Box, Decision, Terms, decide
from hil.hub.store import TABLES, Store

RUNNING, HALTED, DONE = "running", "halted", "done"
KIND = "update"
"Of the events that tell how an update goes."

ROLLOUTS = sa.Table(
    "rollouts",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, doc="Rises; of two the later counts."),
    sa.Column("campaign", sa.Text, nullable=False, doc="JSON of a `Campaign`."),
    sa.Column("groups", sa.Text, nullable=False, doc="JSON: the names, in their order."),
    sa.Column("success", sa.Float, nullable=False),
    sa.Column("error", sa.Float, nullable=False),
    sa.Column("forgiven", sa.Text, nullable=False, default="[]"),
    sa.Column("opened", sa.Integer, nullable=False, default=0, doc="Groups that have begun."),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("at", sa.BigInteger, nullable=False),
)
BOXES = sa.Table(
    "rollout_boxes",
    TABLES,
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollouts.id"), primary_key=True),
    sa.Column("node", sa.Text, primary_key=True, index=True),
    sa.Column("grp", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False, default=""),
    sa.Column("percent", sa.Integer, nullable=False, default=0),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("text", sa.Text, nullable=False, default=""),
    sa.Column("version_from", sa.Text, nullable=False, default=""),
    sa.Column("stream", sa.Integer, nullable=False, default=0, doc="Where it was told."),
    sa.Column("seq", sa.BigInteger, nullable=False, default=0),
    sa.Column("at", sa.BigInteger, nullable=False, default=0, doc="By the clock of the box."),
)


class Group(NamedTuple):
    """Appliances that begin together."""

    name: str
    nodes: tuple[str, ...]


class Plan(NamedTuple):
    """A rollout, before it begins."""

    campaign: Campaign
    groups: tuple[Group, ...]
    success: float = 1.0
    error: float = 0.1


class _Told(msgspec.Struct):
    """An event of kind `update`."""

    campaign: str
    state: str
    percent: int = 0
    why: str = ""
    text: str = ""
    version_from: str = ""


_told = msgspec.json.Decoder(_Told)


class Shown(msgspec.Struct, frozen=True):
    """An appliance within a rollout, as people see it."""

    node: str
    group: str
    state: str
    percent: int
    why: str
    text: str
    version_from: str


class Rollout(msgspec.Struct, frozen=True):
    """A rollout, as people see it."""

    id: str
    version: str
    state: str
    why: str
    open: int
    groups: list[str]
    success: float
    error: float
    boxes: list[Shown]


# Whoever decides --------------------------------------------------------------


def create(store: Store, plan: Plan, now_ns: int) -> None:
    """Begin a rollout with its first group. Raises `ConfigError`."""
    nodes = [node for group in plan.groups for node in group.nodes]
    if not all(group.nodes for group in plan.groups) or not plan.groups:
        raise ConfigError("a rollout has groups, and each group an appliance or more")
    if len(set(nodes)) < len(nodes):
        twice = sorted({node for node in nodes if nodes.count(node) > 1})
        raise ConfigError(f"{', '.join(twice)}: stands in two groups")
    id_ = plan.campaign.id
    with store.writing() as connection:
        if connection.execute(sa.select(ROLLOUTS.c.id).where(ROLLOUTS.c.id == id_)).first():
            raise ConfigError(f"there is a rollout {id_} already")
        _check_free(connection, nodes)
        number = connection.execute(sa.select(sa.func.max(ROLLOUTS.c.number))).scalar() or 0
        connection.execute(sa.insert(ROLLOUTS).values(
            id=id_, number=number + 1, campaign=plan.campaign.model_dump_json(),
            groups=json.dumps([group.name for group in plan.groups]), success=plan.success,
            error=plan.error, state=RUNNING, at=now_ns,
        ))  # fmt: skip
        connection.execute(sa.insert(BOXES), [
            {"rollout": id_, "node": node, "grp": at}
            for at, group in enumerate(plan.groups) for node in group.nodes
        ])  # fmt: skip
        _go_on(connection, id_)


def _check_free(connection: sa.Connection, nodes: Sequence[str]) -> None:
    asked = sa.select(BOXES.c.node, BOXES.c.rollout).join(ROLLOUTS).where(
        ROLLOUTS.c.state == RUNNING, BOXES.c.node.in_(nodes)
    )  # fmt: skip
    busy = connection.execute(asked.order_by(BOXES.c.node)).first()
    if busy:
        raise ConfigError(f"{busy.node} is within the rollout {busy.rollout}: halt that one first")


def halt(store: Store, id_: str, why: str) -> None:
    """Have nothing more begun; what is written into a slot comes to its end."""
    with store.writing() as connection:
        _row(connection, id_)
        _halt(connection, id_, why)


def resume(store: Store, id_: str) -> None:
    """Go on with a rollout that was halted; the failures so far are forgiven."""
    with store.writing() as connection:
        row = _row(connection, id_)
        if row.state != HALTED:
            raise ConfigError(f"{id_} is {row.state}")
        bad = [0] * len(json.loads(row.groups))
        for box in _boxes(connection, id_):
            bad[box.group] += box.is_bad
        values = {"state": RUNNING, "why": "", "forgiven": json.dumps(bad), "opened": 0}
        connection.execute(sa.update(ROLLOUTS).where(ROLLOUTS.c.id == id_).values(values))
        _go_on(connection, id_)


def show(store: Store, id_: str = "") -> list[Rollout]:
    """Return rollouts, the latest first; one, or all of them."""
    with store.reading() as connection:
        asked = sa.select(ROLLOUTS).order_by(ROLLOUTS.c.number.desc())
        rows = connection.execute(asked.where(ROLLOUTS.c.id == id_) if id_ else asked).all()
        found = [_shown(connection, row) for row in rows]
    if id_ and not found:
        raise ConfigError(f"there is no rollout {id_}")
    return found


def _shown(connection: sa.Connection, row: sa.Row[Any]) -> Rollout:
    names = json.loads(row.groups)
    asked = sa.select(BOXES).where(BOXES.c.rollout == row.id).order_by(BOXES.c.grp, BOXES.c.node)
    boxes = [
        Shown(box.node, names[box.grp], box.state, box.percent, box.why, box.text, box.version_from)
        for box in connection.execute(asked)
    ]
    version = Campaign.model_validate_json(row.campaign).version
    return Rollout(row.id, version, row.state, row.why, row.opened, names, row.success, row.error,
                   boxes)  # fmt: skip


# Going on ---------------------------------------------------------------------


def heard(connection: sa.Connection, node: str, stream: int, rows: Iterable[Row]) -> None:
    """Take note of what an appliance told, and go on as that decides."""
    changed = set()
    for row in rows:
        if row.kind != KIND:
            continue
        try:
            told = _told.decode(row.body)
        except msgspec.MsgspecError:
            continue
        mine = BOXES.c.rollout == told.campaign, BOXES.c.node == node
        known = connection.execute(sa.select(BOXES).where(*mine).with_for_update()).first()
        if known is None or not _is_news(known, stream, row):
            continue
        connection.execute(sa.update(BOXES).where(*mine).values(
            state=told.state, percent=told.percent, why=told.why, text=told.text,
            version_from=told.version_from, stream=stream, seq=row.seq, at=row.at,
        ))  # fmt: skip
        changed.add(told.campaign)
    for id_ in sorted(changed):
        _go_on(connection, id_)


def _is_news(known: sa.Row[Any], stream: int, row: Row) -> bool:
    """Whether an event comes after the one that is known: workers take them in any order."""
    if known.stream == stream:
        return bool(row.seq > known.seq)
    return bool(row.at >= known.at)


def _go_on(connection: sa.Connection, id_: str) -> None:
    """Do what the state of all boxes decides."""
    row = _row(connection, id_)
    if row.state != RUNNING:
        return
    names, forgiven = json.loads(row.groups), tuple(json.loads(row.forgiven))
    boxes = _boxes(connection, id_)
    decision = decide(boxes, Terms(len(names), row.success, row.error, forgiven))
    if decision.halt:
        _halt(connection, id_, decision.halt)
        return
    _open(connection, row, decision)


def _open(connection: sa.Connection, row: sa.Row[Any], decision: Decision) -> None:
    """Have the groups that begin now told, and keep how far it is."""
    campaign = Campaign.model_validate_json(row.campaign)
    begun = sa.select(BOXES.c.node).where(
        BOXES.c.rollout == row.id, BOXES.c.grp >= row.opened, BOXES.c.grp < decision.open
    )
    nodes = connection.execute(begun.order_by(BOXES.c.node)).scalars().all()
    outgoing.put(connection, [_said(node, campaign) for node in nodes])
    values = {
        "opened": max(row.opened, decision.open), "state": DONE if decision.done else RUNNING,
    }  # fmt: skip
    connection.execute(sa.update(ROLLOUTS).where(ROLLOUTS.c.id == row.id).values(values))


def _halt(connection: sa.Connection, id_: str, why: str) -> None:
    """Take back what is wanted of those that were told."""
    row = _row(connection, id_)
    if row.state == HALTED:
        return
    values = {"state": HALTED, "why": why}
    connection.execute(sa.update(ROLLOUTS).where(ROLLOUTS.c.id == id_).values(values))
    told = sa.select(BOXES.c.node).where(BOXES.c.rollout == id_, BOXES.c.grp < row.opened)
    nodes = connection.execute(told.order_by(BOXES.c.node)).scalars().all()
    outgoing.put(connection, [_said(node, None) for node in nodes])


def _row(connection: sa.Connection, id_: str) -> sa.Row[Any]:
    """Return a rollout that nobody else changes until we commit. Raises `ConfigError`."""
    asked = sa.select(ROLLOUTS).where(ROLLOUTS.c.id == id_).with_for_update()
    row = connection.execute(asked).first()
    if row is None:
        raise ConfigError(f"there is no rollout {id_}")
    return row


def _boxes(connection: sa.Connection, id_: str) -> list[Box]:
    asked = sa.select(BOXES.c.grp, BOXES.c.state, BOXES.c.why).where(BOXES.c.rollout == id_)
    return [Box(*row) for row in connection.execute(asked)]


def _said(node: str, campaign: Campaign | None) -> Outbound:
    payload = Wanted(campaign=campaign).model_dump_json().encode()
    return Outbound(topic.down(node, topic.CAMPAIGN), payload, retain=True)


class Rollouts:
    """The part that hears `ask`."""

    hears = frozenset({topic.ASK})

    def __init__(self, store: Store) -> None:
        """Read what is wanted in `store`."""
        self._store = store

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Say which firmware is wanted, if any ever was; the last rollout that began counts."""
        del rest, now_ns
        try:
            if not Ask.model_validate_json(payload).desired:
                return ()
        except ValidationError:  # the part that keeps streams puts it aside
            return ()
        asked = sa.select(ROLLOUTS.c.campaign, ROLLOUTS.c.state).join(BOXES).where(
            BOXES.c.node == node, BOXES.c.grp < ROLLOUTS.c.opened
        )  # fmt: skip
        with self._store.reading() as connection:
            row = connection.execute(asked.order_by(ROLLOUTS.c.number.desc())).first()
        if row is None:
            return ()
        wanted = None if row.state == HALTED else Campaign.model_validate_json(row.campaign)
        return [_said(node, wanted)]
