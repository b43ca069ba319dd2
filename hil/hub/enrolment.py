# SPDX-License-Identifier: Apache-2.0
"""Boxes that ask for a certificate: whoever asks is kept until a person types in the code.

Anybody may ask, in any name: the listener knows nobody. So what is kept is bounded, several may ask
in one name, and only the code tells which of them stands in the rack. The answer is said once by
the herald and kept: the box asks again every few seconds until it has it.
"""

import hashlib
import secrets as random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from pydantic import ValidationError

from edge import clock
from edge.report import pseudonym, topic
from edge.report.enrol.renewal import Renew, Renewed
from edge.report.message import Enrol, Enrolled
from edge.report.port import Outbound
from edge.trust import enrol
from edge.trust.certificate import read_request
from edge.trust.enrol import EnrolRefused, Fault
from edge.trust.identity import write_private
from edge.trust.repository import Repository
from hil.hub import cosign, outgoing, roll
from hil.hub.authority import Authority
from hil.hub.library import REPOSITORY
from hil.hub.store import TABLES, Store

REQUEST = "request"
HEARD_ON = topic.enrolment("+", REQUEST)
"What the hub subscribes to beside what appliances say."

AUTHORITY_FOLDER = "authority"
"Of the CA, in the hub's own folder."
RESERVED = "hub-"
"Begins the client ids of the hub itself: a box of such a name would take their sessions."

MOST_TRIES = 5
"Codes that may be typed in for a request; after that the box must make another."
MOST_IN_ONE_NAME = 8
MOST_KEPT = 1000
MOST_OCTETS = 16_384
RENEWED_BEFORE = 1 / 2
"Share of a certificate's life within which asking again gives the same one."

_NS = 10**9
_NOTED_EVERY_S = 30
"How often it is written down that somebody still asks."

REQUESTS = sa.Table(
    "enrolments",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True, doc="SHA-256 of request and proof."),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("heard", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("answer", sa.Text, nullable=False, default="", doc="JSON of an `Enrolled`."),
)
_COLUMN = REQUESTS.c


class Pending(NamedTuple):
    """Somebody who asks."""

    node: str
    key: str
    "The first digits of the SHA-256 of its key: tells two of one name apart."
    first_s: int
    heard_s: int
    tries: int
    is_answered: bool


class Enrolment:
    """The part that hears requests, and what a person at the hub does with them."""

    hears = frozenset({REQUEST})

    def __init__(self, store: Store, authority: Authority, shared: Mapping[str, str]) -> None:
        """Keep requests in `store`; `shared` is what the deployment gives to every box."""
        self.refused: Counter[str] = Counter()
        "Requests that were none, by fault."
        self._store = store
        self._authority = authority
        self._shared = shared

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Keep a request; answer it if its code was typed in."""
        try:
            asked = _read(node, rest, payload)
        except EnrolRefused as error:
            self.refused[error.fault.value] += 1
            return ()
        answer = self._keep(asked, now_ns // _NS)
        return (_answer_to(node, answer),) if answer else ()

    def _keep(self, asked: Enrol, now_s: int) -> str:
        """Note that somebody asks; returns the answer, if there is one."""
        digest = hashlib.sha256(f"{asked.proof}\n{asked.request}".encode()).hexdigest()
        is_it = sa.and_(_COLUMN.node == asked.node, _COLUMN.digest == digest)
        with self._store.reading() as connection:
            row = connection.execute(sa.select(REQUESTS).where(is_it)).one_or_none()
        if row and now_s - row.first < enrol.CODE_VALID_S:
            if now_s - row.heard >= _NOTED_EVERY_S:
                with self._store.writing() as connection:
                    connection.execute(REQUESTS.update().where(is_it).values(heard=now_s))
            return str(row.answer)
        with self._store.writing() as connection:
            _forget(connection, now_s)
            _make_room(connection, _COLUMN.node == asked.node, MOST_IN_ONE_NAME)
            _make_room(connection, sa.true(), MOST_KEPT)
            connection.execute(
                self._store.put(REQUESTS).values(
                    node=asked.node, digest=digest, request=asked.request, proof=asked.proof,
                    first=now_s, heard=now_s,
                )
            )  # fmt: skip
        return ""

    def pending(self, now_s: int) -> list[Pending]:
        """Return who asks, the longest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                sa.select(REQUESTS)
                .where(_COLUMN.first > now_s - enrol.CODE_VALID_S)
                .order_by(_COLUMN.first, _COLUMN.node)
            )
            return [
                Pending(
                    row.node, roll.key_of(read_request(row.request, row.node))[:16],
                    row.first, row.heard, row.tries, bool(row.answer),
                )
                for row in rows
            ]  # fmt: skip

    def approve(self, node: str, typed: str, now_s: int, *, again: bool = False) -> str:
        """Give a certificate to the box that shows this code; returns the certificate.

        `again` lets it take the place of another of the same name, whose certificate is revoked.
        Raises `EnrolRefused`: each code that is typed in wrong is counted.
        """
        code = enrol.read_code(typed)
        rows = self._tried(node, now_s)
        if not rows:
            raise EnrolRefused(Fault.NOBODY_ASKS, f"no box asks in the name of {node!r}")
        live = [row for row in rows if row.tries <= MOST_TRIES]
        if not live:
            raise EnrolRefused(Fault.TOO_MANY_TRIES, f"{node} must show a new code")
        for row in live:
            keys = enrol.keys_of(code, node, row.request)
            if enrol.fits(keys, row.request, row.proof):
                return self._answer(row, keys, now_s, again=again)
        left = MOST_TRIES - min(row.tries for row in live)
        raise EnrolRefused(Fault.WRONG_CODE, f"{node} shows another code; {left} tries are left")

    def _tried(self, node: str, now_s: int) -> Sequence[sa.Row[tuple[object, ...]]]:
        """Count a try before it is made, so that many at once are no more; return who asks."""
        with self._store.writing() as connection:
            _forget(connection, now_s)
            connection.execute(
                REQUESTS.update()
                .where(_COLUMN.node == node, _COLUMN.answer == "")
                .values(tries=_COLUMN.tries + 1)
            )
            return connection.execute(sa.select(REQUESTS).where(_COLUMN.node == node)).all()

    def _answer(
        self, row: sa.Row[tuple[object, ...]], keys: enrol.Keys, now_s: int, *, again: bool
    ) -> str:
        """Issue a certificate and keep the answer, once for each request."""
        is_it = sa.and_(_COLUMN.node == row.node, _COLUMN.digest == row.digest)
        request = read_request(row.request, row.node)
        with self._store.writing() as connection:
            kept = connection.execute(sa.select(_COLUMN.answer).where(is_it).with_for_update())
            if answer := kept.scalar_one():
                return Enrolled.model_validate_json(answer).certificate
            key = roll.key_of(request)
            others = [one for one in roll.valid(connection, row.node, now_s) if one.key != key]
            if others and not again:
                raise EnrolRefused(
                    Fault.NAME_TAKEN, f"another box is {row.node}; `--again` puts this in its place"
                )
            roll.take_back(connection, row.node, now_s, but=key)
            certificate = roll.enter(connection, self._authority.issue(request, now_s))
            nonce = random.token_bytes(enrol.NONCE_OCTETS)
            made = enrol.make_answer(keys, certificate, self._authority.pem, self._shared, nonce)
            said = Enrolled(**made._asdict()).model_dump_json()
            connection.execute(REQUESTS.update().where(is_it).values(answer=said, tries=0))
            outgoing.put(connection, (_answer_to(row.node, said),))
        return certificate


class Renewals:
    """The part that hears boxes whose certificate is to be renewed."""

    hears = frozenset({topic.RENEW})

    def __init__(self, store: Store, authority: Authority) -> None:
        """Give certificates for keys that are on the roll."""
        self.refused: Counter[str] = Counter()
        self._store = store
        self._authority = authority

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Answer with a certificate: a new one, or the last again if it is young."""
        try:
            asked = _read_renewal(rest, payload)
            certificate = self._renew(node, asked.request, now_ns // _NS)
        except EnrolRefused as error:
            self.refused[error.fault.value] += 1
            return ()
        said = Renewed(certificate=certificate).model_dump_json().encode()
        return (Outbound(topic.down(node, topic.RENEWED), said),)

    def _renew(self, node: str, text: str, now_s: int) -> str:
        request = read_request(text, node)
        key = roll.key_of(request)
        with self._store.writing() as connection:
            held = [one for one in roll.valid(connection, node, now_s) if one.key == key]
            if not held:
                raise EnrolRefused(Fault.WRONG_KEY, f"no valid certificate of {node} has this key")
            last = held[0]
            if now_s < last.begins + (last.ends - last.begins) * RENEWED_BEFORE:
                return last.certificate
            return roll.enter(connection, self._authority.issue(request, now_s))


def _read_renewal(rest: str, payload: bytes) -> Renew:
    """Return what a box asks that has a certificate. Raises `EnrolRefused`."""
    if rest != topic.RENEW or len(payload) > MOST_OCTETS:
        raise EnrolRefused(Fault.UNREADABLE, "it is too long, or not said where it should be")
    try:
        return Renew.model_validate_json(payload)
    except ValidationError as error:
        raise EnrolRefused(Fault.UNREADABLE, "it is no request") from error


def _read(node: str, rest: str, payload: bytes) -> Enrol:
    """Return a request that may be kept. Raises `EnrolRefused`."""
    if len(payload) > MOST_OCTETS:
        raise EnrolRefused(Fault.UNREADABLE, "it is too long")
    try:
        asked = Enrol.model_validate_json(payload)
    except ValidationError as error:
        raise EnrolRefused(Fault.UNREADABLE, "it is no request") from error
    if asked.node != node or rest != REQUEST:
        raise EnrolRefused(Fault.WRONG_NAME, f"{asked.node} asks on {node}/{rest}")
    if node == topic.ALL or node.startswith(RESERVED):
        raise EnrolRefused(Fault.WRONG_NAME, f"no box may be called {node}")
    read_request(asked.request, node)
    return asked


def _answer_to(node: str, said: str) -> Outbound:
    return Outbound(topic.enrolment(node, "answer"), said.encode())


def _forget(connection: sa.Connection, now_s: int) -> None:
    """Let go of requests whose code is not to be typed in any more."""
    over = _COLUMN.first <= now_s - enrol.CODE_VALID_S
    connection.execute(REQUESTS.delete().where(over))


def _make_room(connection: sa.Connection, among: sa.ColumnElement[bool], most: int) -> None:
    """Let go of whoever was not heard for the longest, where too many ask."""
    found = sa.select(_COLUMN.node, _COLUMN.digest).where(among)
    kept = found.order_by(_COLUMN.heard.desc()).offset(most - 1)
    for row in connection.execute(kept).all():
        gone = sa.and_(_COLUMN.node == row.node, _COLUMN.digest == row.digest)
        connection.execute(REQUESTS.delete().where(gone))


def parts_of(store: Store, folder: Path) -> tuple[Enrolment, Renewals]:
    """Return the parts of a worker that have to do with certificates; the CA is made if need be."""
    authority = authority_of(folder)
    return Enrolment(store, authority, shared_by_all(folder)), Renewals(store, authority)


def authority_of(folder: Path) -> Authority:
    """Return the CA that lies in a hub's folder; made if need be."""
    return Authority(folder / AUTHORITY_FOLDER, clock.now_ns() // _NS)


def shared_by_all(folder: Path) -> dict[str, str]:
    """Return what the deployment gives to every box; made once, in the hub's folder."""
    path = folder / AUTHORITY_FOLDER / pseudonym.FILE
    if not path.exists():
        write_private(path, random.token_hex(pseudonym.SECRET_OCTETS).encode())
    secret = path.read_text(encoding="ascii").strip()
    shared = {"pseudonym": secret, "cosigner": cosign.load(folder).vkey}
    root = Repository(folder / REPOSITORY).metadata / "1.root.json"
    return {**shared, "root": root.read_text(encoding="utf-8")} if root.exists() else shared
