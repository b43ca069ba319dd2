# SPDX-License-Identifier: Apache-2.0
"""Reads a command and judges whether it may be done: shape, node, signatures, time.

Pure: whose keys count and what time it is are arguments. Each way to be refused has a name.
"""

import hashlib
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from pydantic import ValidationError

from edge.blocklist.apply import BUILT_S, MOST_EARLY_S
from edge.errors import QalqanError
from edge.report.message import ACCEPTS, Command, Order, Result, Uuid, Wire

MOST_OCTETS = 512 * 1024
"Of a whole command: a configuration is the largest there is."
MOST_LIFE_S = 7 * 86_400
"Between `issued` and `expires`."
MOST_TEXT = 2000
"Characters of what was wrong with arguments."


class Why(Enum):
    """Why a command is not done."""

    VERSION = "version"
    WRONG_NODE = "wrong-node"
    UNKNOWN_KIND = "unknown-kind"
    BAD_ARGS = "bad-args"
    NOT_SIGNED = "not-signed"
    WRONG_KEY = "wrong-key"
    ONE_SIDE_ONLY = "one-side-only"
    EXPIRED = "expired"
    LONG_LIFE = "long-life"
    EARLY = "early"
    FORGOTTEN = "forgotten"
    "From a time that is remembered no more: it may have been done."
    OTHER_BODY = "other-body"
    "Another command had this id."
    NO_ROOM = "no-room"
    UNKNOWN_TRUNK = "unknown-trunk"
    UNKNOWN_LIST = "unknown-list"
    UNKNOWN_CALL = "unknown-call"
    TOO_LARGE = "too-large"
    BAD_CONFIG = "bad-config"
    ON_TRIAL = "on-trial"
    OLD_VERSION = "old-version"


class Denied(QalqanError):
    """A command is not done; nothing was changed."""

    def __init__(self, why: Why, text: str) -> None:
        """Name the reason, and say in a sentence what was seen."""
        super().__init__(f"{why.value}: {text}")
        self.why = why

    def result(self, id_: str) -> Result:
        """Return it as an answer."""
        state = "expired" if self.why is Why.EXPIRED else "refused"
        return Result(id=id_, state=state, text=str(self), data={"why": self.why.value})


class Heard(NamedTuple):
    """A command as it came, not judged yet."""

    id: str
    v: int
    "The version that it says, of order and command the one that is not read here."
    command: Command
    whole: str
    "SHA-256 of its octets, signatures among them."

    @property
    def digest(self) -> str:
        """SHA-256 of what was signed."""
        return hashlib.sha256(self.command.body.encode()).hexdigest()


class Vouched(NamedTuple):
    """Who has signed an order."""

    sides: Mapping[str, str]
    "The key of each side."
    tried: bool
    "Whether there was any signature."


class _Named(Wire):
    """As much of an order as an answer needs."""

    id: Uuid
    v: int = 1


def read(payload: bytes) -> Heard | None:
    """Return a command; None where no id can be read: then nobody can be answered."""
    if len(payload) > MOST_OCTETS:
        return None
    try:
        command = Command.model_validate_json(payload)
        named = _Named.model_validate_json(command.body.encode())
    except (ValidationError, UnicodeEncodeError):
        return None
    v = named.v if named.v not in ACCEPTS else command.v
    return Heard(named.id, v, command, hashlib.sha256(payload).hexdigest())


def order_of(heard: Heard, node: str) -> Order:
    """Return what is to be done. Raises `Denied`."""
    if heard.v not in ACCEPTS:
        raise Denied(Why.VERSION, f"version {heard.v} is not read here")
    try:
        order = Order.model_validate_json(heard.command.body)
    except ValidationError as wrong:
        raise _denied(wrong) from wrong
    if order.node != node:
        raise Denied(Why.WRONG_NODE, f"is for {order.node}")
    return order


def _denied(wrong: ValidationError) -> Denied:
    for error in wrong.errors():
        if error["loc"] == ("kind",):
            return Denied(Why.UNKNOWN_KIND, f"{str(error['input'])[:64]!r} is nothing known here")
    return Denied(Why.BAD_ARGS, problems(wrong))


def problems(wrong: ValidationError) -> str:
    """Return what is wrong, for people."""
    found = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in wrong.errors())
    return "; ".join(found)[:MOST_TEXT]


def by_sides(vouched: Vouched, least: int) -> tuple[str, ...]:
    """Return the keys of the sides that have signed, if they are enough. Raises `Denied`."""
    if not vouched.tried:
        raise Denied(Why.NOT_SIGNED, "nobody has signed it")
    if not vouched.sides:
        raise Denied(Why.WRONG_KEY, "is signed by nobody whose orders are followed here")
    if len(vouched.sides) < least:
        [side] = vouched.sides
        raise Denied(Why.ONE_SIDE_ONLY, f"needs both sides, and only {side} has signed")
    return tuple(sorted(set(vouched.sides.values())))


def check_time(order: Order, now_s: int, trusted_s: int, floor_s: int) -> None:
    """Raise `Denied` unless an order is to be done now.

    `trusted_s` is never earlier than any signed time seen. A clock that has lost its battery does
    not judge what is early. What was issued at or before `floor_s` may have been done already.
    """
    if order.expires - order.issued > MOST_LIFE_S:
        raise Denied(Why.LONG_LIFE, "lives longer than seven days")
    if order.issued > trusted_s + MOST_EARLY_S and now_s >= BUILT_S:
        raise Denied(Why.EARLY, "was issued more than a day from now")
    if order.expires <= trusted_s:
        raise Denied(Why.EXPIRED, f"has expired {trusted_s - order.expires} s ago")
    if order.issued <= floor_s:
        raise Denied(Why.FORGOTTEN, "is older than what is remembered here")
