# SPDX-License-Identifier: Apache-2.0
"""Gives certificates to the pages of boxes, of an authority that browsers believe and no box does.

A box is given what it asks for in its own name, as the broker knows it, where only its own network
reaches it: were its key stolen, the thief could play that page, and neither a broker nor a place
on the Internet. What is given stands on a roll (`hil.hub.roll`).
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from pydantic import ValidationError

from edge import clock
from edge.report import topic
from edge.report.enrol.page import PageAsk, PageGiven
from edge.report.port import Outbound
from edge.trust.certificate import check_names, names_of, read_chain, read_request
from edge.trust.enrol import EnrolRefused, Fault
from hil.hub import roll
from hil.hub.authority import Authority
from hil.hub.enrolment import MOST_OCTETS, RENEWED_BEFORE
from hil.hub.store import Store

FOLDER = "pages"
"Of the authority, in the hub's own folder."
NAME = "Qalqan pages"

MOST_A_DAY = 8
"Certificates for one box: it may be moved about, and may not fill the table."

_NS = 10**9
_DAY_S = 86_400


class Pages:
    """The part that hears boxes whose page is to have a certificate."""

    hears = frozenset({topic.PAGE})

    def __init__(self, store: Store, authority: Authority) -> None:
        """Give certificates of `authority` to boxes that are on the roll of `store`."""
        self.refused: Counter[str] = Counter()
        "Requests that got no answer, by fault."
        self._store = store
        self._authority = authority

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Answer with a certificate: a new one, or the last again if it is young."""
        try:
            asked = _read(rest, payload)
            certificate = self._give(node, asked.request, now_ns // _NS)
        except EnrolRefused as error:
            self.refused[error.fault.value] += 1
            return ()
        said = PageGiven(certificate=certificate, authority=self._authority.pem)
        return (Outbound(topic.down(node, topic.PAGE), said.model_dump_json().encode()),)

    def _give(self, node: str, text: str, now_s: int) -> str:
        request = read_request(text, node)
        names = names_of(request)
        check_names(names, node)
        with self._store.writing() as connection:
            _check_box(connection, node, roll.key_of(request), now_s)
            given = roll.valid(connection, node, now_s, roll.PAGES)
            own = [one for one in given if one.key == roll.key_of(request)]
            if own and _is_young(own[0], now_s) and _names(own[0]) == set(names):
                return own[0].certificate
            if sum(one.begins > now_s - _DAY_S for one in given) >= MOST_A_DAY:
                raise EnrolRefused(Fault.TOO_MANY_TRIES, f"{MOST_A_DAY} certificates in a day")
            made = self._authority.page(request, names, now_s)
            return roll.enter(connection, made, roll.PAGES)


def _read(rest: str, payload: bytes) -> PageAsk:
    """Return what a box asks. Raises `EnrolRefused`."""
    if rest != topic.PAGE or len(payload) > MOST_OCTETS:
        raise EnrolRefused(Fault.UNREADABLE, "it is too long, or not said where it should be")
    try:
        return PageAsk.model_validate_json(payload)
    except ValidationError as error:
        raise EnrolRefused(Fault.UNREADABLE, "it is no request") from error


def _check_box(connection: sa.Connection, node: str, key: str, now_s: int) -> None:
    """See that there is such a box, and that its page has another key. Raises `EnrolRefused`."""
    boxes = roll.valid(connection, node, now_s)
    if not boxes:
        raise EnrolRefused(Fault.NOBODY_ASKS, f"no valid certificate is called {node}")
    if key in {one.key for one in boxes}:
        raise EnrolRefused(Fault.WRONG_KEY, "a page does not serve with the key of its box")


def _is_young(given: roll.Given, now_s: int) -> bool:
    return now_s < given.begins + (given.ends - given.begins) * RENEWED_BEFORE


def _names(given: roll.Given) -> set[str]:
    return set(names_of(read_chain(given.certificate)[0]))


def part_of(store: Store, folder: Path) -> Pages:
    """Return the part of a worker; the authority is made if need be."""
    return Pages(store, authority_of(folder))


def authority_of(folder: Path) -> Authority:
    """Return the authority for pages that lies in a hub's folder; made if need be."""
    return Authority(folder / FOLDER, clock.now_ns() // _NS, NAME)
