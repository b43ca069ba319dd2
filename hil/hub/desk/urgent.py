# SPDX-License-Identifier: Apache-2.0
"""Urgent records at the desk: prepared, signed by each side on its own machine, on their way.

A signature goes into the hub's folder of urgent records, beside those of the commands; who serves
appliances (`hil.hub.library`) gives them a record once its file has enough of them.
"""

from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeAlias

from edge.blocklist.desk import Desk, Prepared
from edge.blocklist.entry import Entry
from edge.blocklist.manifest import Record, Signed, read_signed, write_signed
from edge.blocklist.store import in_memory, replace
from edge.errors import ListError
from edge.trust.handed import Flaw, NotTaken, digest
from edge.trust.repository import URGENT, Repository
from edge.trust.roles import LIST_SIDES
from edge.trust.urgent import Keys, enough, handed_in, signed_by
from hil.hub.desk.lists import Lists


class State(Enum):
    """How far an urgent record has come."""

    WAITS = "waits"
    "It lacks a signature."
    SENT = "sent"
    "It has enough of them, and every box is given it."
    OVERTAKEN = "overtaken"
    """It lacks a signature, and a later one has come and ended: boxes that keep no record of what
    has ended count this one, of a lower number, among it."""
    LAPSED = "lapsed"
    "It ended before it was signed."
    ENDED = "ended"
    "It was sent, and has ended."
    FOLDED = "folded"
    "The version in force says what it said."
    WITHDRAWN = "withdrawn"


Signatures: TypeAlias = tuple[tuple[str, str], ...]
"Key id and signature, both in hex."

OPEN = frozenset({State.WAITS, State.OVERTAKEN, State.LAPSED})
"Of records whose entries stand in the draft by nobody's signature; these may be withdrawn."


class NotOpen(ListError):
    """A record is not in a state in which this can be done with it."""

    def __init__(self, state: State) -> None:
        """Say in which it is."""
        super().__init__(f"the record {_SENTENCES[state]}")
        self.state = state


_SENTENCES = {
    State.WAITS: "waits to be signed",
    State.SENT: "is on its way",
    State.OVERTAKEN: "was overtaken by a later one that has ended",
    State.LAPSED: "has ended, unsigned",
    State.ENDED: "has ended",
    State.FOLDED: "is in the version in force",
    State.WITHDRAWN: "was withdrawn",
}


class Hurried(NamedTuple):
    """An urgent record, and how far it has come."""

    record: Record
    octets: bytes
    "What is signed."
    signatures: Signatures
    signed: tuple[str, ...]
    "The sides whose signatures these are."
    state: State

    @property
    def sha256(self) -> str:
        """The hash by which people see that it is the same file."""
        return digest(self.octets)

    @property
    def file(self) -> str:
        """Name of the file that is handed out."""
        return f"{self.record.list}-urgent-{self.record.seq}.json"

    @property
    def is_open(self) -> bool:
        """Whether it stands in the draft by nobody's signature."""
        return self.state in OPEN


class Urgent:
    """All of them."""

    def __init__(self, lists: Lists) -> None:
        """Work on the records of these lists."""
        self._lists = lists
        self._folder = lists.folder / URGENT

    def all(self, name: str, now_s: int) -> list[Hurried]:
        """Return all records of a list, the oldest first. Raises `ListError`."""
        with self._lists.opened(name) as desk:
            return self._all(desk, now_s)

    def waiting(self, name: str, now_s: int) -> int:
        """Return how many records stand in the draft by nobody's signature."""
        return sum(one.is_open for one in self.all(name, now_s))

    def covering(self, name: str, digits: str, now_s: int) -> list[tuple[str, Entry]]:
        """Return what covers a number, as `Lists.covering`, with what urgent records say over it.

        `!` is in force by a record, `~` lifted by one.
        """
        added: set[Entry] = set()
        lifted: set[Entry] = set()
        for record in _sent(self.all(name, now_s)):
            lifted = (lifted | {*record.lifted}) - {*record.added}
            added = (added - {*record.lifted}) | {*record.added}
        found = self._lists.covering(name, digits)
        known = {entry for _, entry in found}
        hurried = [one for one in in_memory(name, added).covering(digits) if one not in known]
        return [("!", one) for one in hurried] + [
            ("~" if one in lifted else "!" if one in added and mark == "+" else mark, one)
            for mark, one in found
        ]

    # What people do -------------------------------------------------------------------

    def add(self, name: str, entries: Iterable[Entry], hours: int, now_s: int) -> Record:
        """Prepare an addition, which both sides are to sign."""
        with self._lists.opened(name) as desk:
            return desk.hurry(now_s, hours, added=entries)

    def lift(self, name: str, pattern: str, hours: int, now_s: int) -> Record:
        """Prepare the lifting of all entries of a pattern, which one side is to sign.

        Raises `ListError` if none is in force: what nobody has signed is not, and is withdrawn.
        """
        with self._lists.opened(name) as desk:
            lifted = desk.in_force(pattern, _sent(self._all(desk, now_s)))
            return desk.hurry(now_s, hours, lifted=lifted)

    def take(self, name: str, seq: int, signature: tuple[str, bytes], now_s: int) -> Hurried:
        """Take the signature of a side, and what it handed in. Raises `NotTaken`, `ListError`."""
        side, octets = signature
        with self._lists.opened(name) as desk:
            one = self._one(desk, seq, now_s)
            if side in one.signed:
                raise NotTaken(Flaw.TWICE)
            if one.state is not State.WAITS:
                raise NotOpen(one.state)
            new = handed_in(octets, one.octets, side, self._keys(desk))
            self._folder.mkdir(exist_ok=True)
            signed = Signed(one.octets, (*one.signatures, new))
            replace(self._place(one.record), write_signed(signed))
            return self._one(desk, seq, now_s)

    def withdraw(self, name: str, seq: int, now_s: int) -> None:
        """Take a record out of the draft that was not sent. Raises `ListError`."""
        with self._lists.opened(name) as desk:
            one = self._one(desk, seq, now_s)
            if not one.is_open:
                raise NotOpen(one.state)
            desk.withdraw(seq)
            self._place(one.record).unlink(missing_ok=True)

    # What these share -----------------------------------------------------------------

    def _place(self, record: Record) -> Path:
        return self._folder / f"{record.list}-{record.seq}.json"

    def _keys(self, desk: Desk) -> Keys:
        return Repository(self._lists.folder).signers(desk.name)

    def _one(self, desk: Desk, seq: int, now_s: int) -> Hurried:
        found = next((one for one in self._all(desk, now_s) if one.record.seq == seq), None)
        if found is None:
            raise ListError(f"{desk.name} has no urgent record {seq}")
        return found

    def _all(self, desk: Desk, now_s: int) -> list[Hurried]:
        keys, files, through = self._keys(desk), self._files(), desk.folded_through()
        found: list[Hurried] = []
        has_ended = False  # one of those that were sent later
        for one in reversed(desk.prepared()):
            if one.record.seq <= through:  # boxes let go of it, whoever signed it
                state = State.WITHDRAWN if one.is_withdrawn else State.FOLDED
                found.append(Hurried(one.record, one.octets, (), (), state))
                continue
            signed, sides = _best(files.get(one.octets, []), keys)
            is_sent, lives = enough(one.record, sides), now_s < one.record.expires
            state = _state(one, is_sent=is_sent, lives=lives, is_overtaken=has_ended)
            by = tuple(side for side in LIST_SIDES if side in sides)
            found.append(Hurried(one.record, one.octets, signed, by, state))
            has_ended |= is_sent and not lives
        return found[::-1]

    def _files(self) -> dict[bytes, list[Signed]]:
        """Return what lies in the hub's folder, whoever put it there, by what is signed."""
        found: dict[bytes, list[Signed]] = {}
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError, ListError):
                signed = read_signed(path.read_bytes())
                found.setdefault(signed.record, []).append(signed)
        return found


def _best(files: Iterable[Signed], keys: Keys) -> tuple[Signatures, set[str]]:
    """Return the signatures of the file that most sides have signed, and which sides."""
    judged = ((signed.signatures, signed_by(signed, keys)) for signed in files)
    return max(judged, key=lambda one: len(one[1]), default=((), set()))


def _state(one: Prepared, *, is_sent: bool, lives: bool, is_overtaken: bool) -> State:
    """Return how far a record has come that is in no version in force."""
    if is_sent and lives:
        return State.SENT  # even if it was withdrawn here, and somebody sent it by command
    if one.is_withdrawn:
        return State.WITHDRAWN
    if not lives:
        return State.ENDED if is_sent else State.LAPSED
    return State.OVERTAKEN if is_overtaken else State.WAITS


def _sent(found: Iterable[Hurried]) -> list[Record]:
    return [one.record for one in found if one.state is State.SENT]
