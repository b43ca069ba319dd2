# SPDX-License-Identifier: Apache-2.0
"""Commands to appliances: kept until they are answered, said again on every connection until then.

The hub signs nothing: whoever has the keys does, before a command is given here (`hil.hub.send`).
A configuration is said as what is desired, retained; every other command on its own topic.
"""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from securesystemslib.signer import Signer

from edge.errors import ConfigError
from edge.report import topic
from edge.report.message import Ask, Command, Desired, Order, Result
from edge.report.port import Outbound
from edge.trust.order import sign_order
from hil.hub import outgoing, quarantine
from hil.hub.part import Part
from hil.hub.quarantine import Unread
from hil.hub.store import TABLES, Store

CONFIG = "config"
_NS = 10**9

COMMANDS = sa.Table(
    "commands",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("node", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False, doc="JSON of a `Command`."),
    sa.Column("issued", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("result", sa.Text, nullable=False, default="", doc="JSON of a `Result`, the first."),
    sa.Column("answered_ns", sa.BigInteger, nullable=False, default=0),
)


def new_order(node: str, kind: str, args: Mapping[str, Any], now_s: int, life_s: int) -> str:
    """Return an order as it is signed. Raises `ConfigError` for one that nobody would read."""
    try:
        order = Order.model_validate({
            "id": str(uuid.uuid4()), "node": node, "kind": kind, "issued": now_s,
            "expires": now_s + life_s, "args": args,
        })  # fmt: skip
    except ValidationError as error:
        raise ConfigError(f"no command: {error}") from error
    return order.model_dump_json()


def signed(command: Command, signers: Sequence[Signer]) -> Command:
    """Return a command with the signatures of more people."""
    more = sign_order(command.body, signers)
    kept = [one for one in command.signatures if one[0] not in dict(more)]
    return Command(body=command.body, signatures=(*kept, *more))


def order_in(command: Command) -> Order:
    """Return what a command is about. Raises `ConfigError`."""
    try:
        return Order.model_validate_json(command.body)
    except ValidationError as error:
        raise ConfigError(f"no command: {error}") from error


def give(store: Store, command: Command, now_s: int) -> str:
    """Keep a command and have it said; it is on disk when this returns. Returns its id."""
    order = order_in(command)
    row = {
        "id": order.id, "node": order.node, "kind": order.kind, "issued": order.issued,
        "expires": order.expires, "message": command.model_dump_json(),
    }  # fmt: skip
    with store.writing() as connection:
        connection.execute(store.put(COMMANDS).values(row))
        outgoing.put(connection, [_said(order.node, command, order.expires, order.kind, now_s)])
    return order.id


def answer_to(store: Store, id_: str) -> Result | None:
    """Return what an appliance answered to a command; None while it has not."""
    with store.reading() as connection:
        asked = sa.select(COMMANDS.c.result).where(COMMANDS.c.id == id_)
        text = connection.execute(asked).scalar_one_or_none()
    return Result.model_validate_json(text) if text else None


def _said(node: str, command: Command, expires: int, kind: str, now_s: int) -> Outbound:
    """Return a command as it is said."""
    left_s = max(expires - now_s, 1)
    if kind == CONFIG:
        desired = Desired(command=command).model_dump_json().encode()
        return Outbound(topic.down(node, topic.DESIRED), desired, retain=True, expiry_s=left_s)
    payload = command.model_dump_json().encode()
    return Outbound(topic.down(node, topic.COMMAND), payload, expiry_s=left_s)


class Commander:
    """The part that hears `res` and `ask`."""

    hears = frozenset({topic.RESULT, topic.ASK})

    def __init__(self, store: Store) -> None:
        """Keep commands and results in `store`."""
        self._store = store

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Keep a result, or say what is not answered."""
        if rest == topic.ASK:
            return self._asked(node, payload, now_ns // _NS)
        why = self._answered(node, payload, now_ns)
        if why:
            with self._store.writing() as connection:
                unread = Unread(node, rest, why, payload)
                quarantine.keep(self._store, connection, unread, now_ns)
        return ()

    def _answered(self, node: str, payload: bytes, now_ns: int) -> str:
        """Keep the first result of a command; returns what is wrong with it, if anything."""
        try:
            result = Result.model_validate_json(payload)
        except ValidationError as error:
            return f"not a result: {error}"
        mine = COMMANDS.c.id == result.id, COMMANDS.c.node == node
        first = sa.update(COMMANDS).where(*mine, COMMANDS.c.result == "")
        with self._store.writing() as connection:
            connection.execute(first.values(result=result.model_dump_json(), answered_ns=now_ns))
            found = connection.execute(sa.select(COMMANDS.c.id).where(*mine)).first()
        return "" if found else "a result of no command of ours"

    def _asked(self, node: str, payload: bytes, now_s: int) -> list[Outbound]:
        """Say the commands that are not answered, and what configuration is wanted."""
        try:
            wants_config = Ask.model_validate_json(payload).desired
        except ValidationError:  # the part that keeps streams puts it aside
            return []
        with self._store.reading() as connection:
            asked = sa.select(COMMANDS).where(COMMANDS.c.node == node, COMMANDS.c.expires > now_s)
            rows = connection.execute(asked.order_by(COMMANDS.c.issued, COMMANDS.c.id)).all()
        wanted = [row for row in rows if row.kind == CONFIG][-1:] if wants_config else []
        open_ = [row for row in rows if row.kind != CONFIG and not row.result]
        return [
            _said(node, Command.model_validate_json(row.message), row.expires, row.kind, now_s)
            for row in (*open_, *wanted)
        ]


def parts_of(store: Store, _folder: Path) -> list[Part]:
    """Build the parts of this room."""
    return [Commander(store)]
