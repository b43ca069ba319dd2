# SPDX-License-Identifier: Apache-2.0
"""How far an urgent record has come, whoever signed it and where; and what may be done with it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from edge.blocklist.entry import Entry
from edge.blocklist.manifest import Signed, read_signed, write_signed
from edge.blocklist.sheet import to_entries
from edge.errors import ListError
from edge.trust.handed import Flaw, NotTaken
from edge.trust.urgent import countersign
from hil.hub.desk.lists import Lists
from hil.hub.desk.urgent import Hurried, NotOpen, State, Urgent
from hil.hub.library import Library
from tests.blocklist.images import entry
from tests.trust.centre import NOW, Centre

FIRST, SECOND, THIRD = (entry(f"7717200000{number}") for number in (1, 2, 3))
BOTH = ("operator", "prosecutor")
HOUR_S = 3600


class Table:
    """The records of one list, and both who sign."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.lists = Lists(centre.folder, centre.online)
        self.urgent = Urgent(self.lists)
        self.now_s = NOW

    def add(self, *entries: Entry, hours: int = 1) -> int:
        return self.urgent.add("fraud", entries, hours, self.now_s).seq

    def lift(self, pattern: str, hours: int = 1) -> int:
        return self.urgent.lift("fraud", pattern, hours, self.now_s).seq

    def one(self, seq: int) -> Hurried:
        return next(one for one in self.urgent.all("fraud", self.now_s) if one.record.seq == seq)

    def states(self) -> list[State]:
        return [one.state for one in self.urgent.all("fraud", self.now_s)]

    def signed(self, seq: int, sides: Iterable[str], name: str = "fraud") -> bytes:
        signed = Signed(self.one(seq).octets, ())
        for side in sides:
            signed = countersign(signed, self.centre.keys[name, side])
        return write_signed(signed)

    def take(self, seq: int, side: str, octets: bytes | None = None) -> Hurried:
        octets = self.signed(seq, [side]) if octets is None else octets
        return self.urgent.take("fraud", seq, (side, octets), self.now_s)

    def publish(self) -> None:
        with self.lists.opened("fraud") as desk:
            urgent = desk.last_urgent()
        self.lists.prepare("fraud", 30, self.now_s)
        with self.lists.opened("fraud") as desk:
            for side in BOTH:
                key = self.centre.keys["fraud", side]
                self.centre.repository.sign("fraud", side, desk.manifest, key, self.now_s)
        assert self.lists.publish("fraud", self.now_s).urgent == urgent

    def drafted(self) -> set[Entry]:
        with self.lists.opened("fraud") as desk:
            return set(to_entries(desk.draft().sheet()))

    def given(self) -> list[int]:
        """Numbers of the records that appliances are given."""
        library = Library(self.centre.folder)
        return [ready.record.seq for ready in library._live(self.now_s)]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    centre = Centre(tmp_path / "repository", ("fraud",))
    centre.desk().edit(added=[FIRST])
    centre.publish()
    return Table(centre)


def test_an_addition_is_sent_with_the_second_signature(table: Table) -> None:
    seq = table.add(SECOND, THIRD)
    assert (table.one(seq).state, table.one(seq).signed) == (State.WAITS, ())
    one = table.take(seq, "prosecutor")
    assert (one.state, one.signed, table.given()) == (State.WAITS, ("prosecutor",), [])
    one = table.take(seq, "operator")
    assert (one.state, one.signed, table.given()) == (State.SENT, BOTH, [seq])
    assert table.urgent.waiting("fraud", NOW) == 0


def test_a_lifting_is_sent_with_the_first(table: Table) -> None:
    seq = table.lift("+77172000001")
    assert table.urgent.waiting("fraud", NOW) == 1
    assert table.take(seq, "prosecutor").state is State.SENT
    assert table.given() == [seq]
    with pytest.raises(NotOpen, match="is on its way"):
        table.take(seq, "operator")


def test_a_second_record_is_prepared_while_one_waits(table: Table) -> None:
    first, second = table.add(SECOND), table.add(THIRD)
    for side in BOTH:
        table.take(second, side)
    assert table.states() == [State.WAITS, State.SENT]
    for side in BOTH:
        table.take(first, side)
    assert table.given() == [first, second]


def test_each_side_signs_once_and_this_record_alone(table: Table) -> None:
    first, second = table.add(SECOND), table.add(THIRD)
    table.take(first, "operator")
    wrong = {
        Flaw.TWICE: ("operator", table.signed(first, ["operator"])),
        Flaw.OTHER_SIDE: ("prosecutor", table.signed(first, ["operator"])),
        Flaw.OTHER_RECORD: ("prosecutor", table.signed(second, ["prosecutor"])),
        Flaw.WRONG_KEY: ("prosecutor", table.signed(first, [])),
        Flaw.UNREADABLE: ("prosecutor", table.one(first).octets),
    }
    for flaw, (side, octets) in wrong.items():
        with pytest.raises(NotTaken) as caught:
            table.take(first, side, octets)
        assert caught.value.flaw is flaw
    assert table.one(first).signed == ("operator",)
    with pytest.raises(ListError, match="no urgent record 9"):
        table.urgent.take("fraud", 9, ("operator", b""), NOW)


def test_nobodys_signature_comes_along_with_that_of_another(table: Table) -> None:
    seq = table.add(SECOND)
    assert table.take(seq, "operator", table.signed(seq, BOTH)).signed == ("operator",)


def test_what_the_commands_signed_is_seen_and_completed(table: Table) -> None:
    seq = table.add(SECOND)
    folder = table.centre.folder / "urgent"
    (folder / "by-command.json").write_bytes(table.signed(seq, ["operator"]))
    (folder / "noise.json").write_bytes(b"{}")
    assert table.one(seq).signed == ("operator",)
    assert table.take(seq, "prosecutor").state is State.SENT
    assert len(read_signed((folder / f"fraud-{seq}.json").read_bytes()).signatures) == 2


def test_what_has_ended_is_not_signed(table: Table) -> None:
    unsigned, sent = table.add(SECOND), table.add(THIRD)
    for side in BOTH:
        table.take(sent, side)
    table.now_s += HOUR_S - 1
    assert table.states() == [State.WAITS, State.SENT]
    table.now_s += 1
    assert table.states() == [State.LAPSED, State.ENDED]
    assert table.given() == []
    with pytest.raises(NotOpen, match="has ended, unsigned"):
        table.take(unsigned, "operator")


def test_boxes_would_not_take_what_a_later_one_has_overtaken(table: Table) -> None:
    """See `Store.add_urgent`: a box lets go of all numbers up to one that has ended."""
    slow, fast = table.add(SECOND, hours=9), table.add(THIRD, hours=1)
    for side in BOTH:
        table.take(fast, side)
    table.take(slow, "operator")
    table.now_s += HOUR_S
    assert table.states() == [State.OVERTAKEN, State.ENDED]
    with pytest.raises(NotOpen, match="overtaken"):
        table.take(slow, "prosecutor")
    table.urgent.withdraw("fraud", slow, table.now_s)
    again = table.add(SECOND, hours=9)
    for side in BOTH:
        table.take(again, side)
    assert table.given() == [again]


def test_a_version_folds_what_waits_and_what_was_sent(table: Table) -> None:
    waits, sent = table.add(SECOND), table.lift("+77172000001")
    table.take(sent, "operator")
    table.publish()
    assert table.states() == [State.FOLDED, State.FOLDED]
    with pytest.raises(NotOpen, match="is in the version in force"):
        table.take(waits, "operator")
    with pytest.raises(NotOpen, match="is in the version in force"):
        table.urgent.withdraw("fraud", waits, NOW)


def test_what_is_withdrawn_leaves_the_draft_and_takes_no_signature(table: Table) -> None:
    seq = table.add(SECOND)
    table.take(seq, "operator")
    assert table.drafted() == {FIRST, SECOND}
    table.urgent.withdraw("fraud", seq, NOW)
    assert table.drafted() == {FIRST}
    assert (table.states(), table.urgent.waiting("fraud", NOW)) == ([State.WITHDRAWN], 0)
    assert not (table.centre.folder / "urgent" / f"fraud-{seq}.json").exists()
    for act in (
        lambda: table.take(seq, "prosecutor"),
        lambda: table.urgent.withdraw("fraud", seq, NOW),
    ):
        with pytest.raises(NotOpen, match="was withdrawn"):
            act()
    table.publish()
    assert table.states() == [State.WITHDRAWN]
    assert table.add(SECOND) == seq + 1


def test_what_was_sent_is_lifted_and_not_withdrawn(table: Table) -> None:
    seq = table.add(SECOND)
    for side in BOTH:
        table.take(seq, side)
    with pytest.raises(NotOpen, match="is on its way"):
        table.urgent.withdraw("fraud", seq, NOW)
    assert table.take(table.lift("+77172000002"), "operator").record.lifted == (SECOND,)


def test_who_sends_a_withdrawn_one_by_command_is_seen(table: Table) -> None:
    seq = table.add(SECOND)
    octets = table.signed(seq, BOTH)
    table.urgent.withdraw("fraud", seq, NOW)
    (table.centre.folder / "urgent" / "by-command.json").write_bytes(octets)
    assert (table.states(), table.given()) == ([State.SENT], [seq])


def test_only_what_is_in_force_is_lifted(table: Table) -> None:
    table.add(SECOND)
    with pytest.raises(ListError, match=r"\+77172000002 is not in force"):
        table.lift("+77172000002")
    unsigned = table.lift("+77172000001")
    again = table.lift("+77172000001")
    assert (unsigned, again) == (2, 3), "what nobody signed has lifted nothing"
    table.take(again, "operator")
    with pytest.raises(ListError, match=r"\+77172000001 is not in force"):
        table.lift("+77172000001")


def test_a_number_is_looked_for_in_records_too(table: Table) -> None:
    prefix = entry("7717*")
    table.add(SECOND)
    assert table.urgent.covering("fraud", "77172000002", NOW) == [("+", SECOND)]
    for side in BOTH:
        table.take(1, side)
    table.take(table.lift("+77172000001"), "operator")
    assert table.urgent.covering("fraud", "77172000002", NOW) == [("!", SECOND)]
    assert table.urgent.covering("fraud", "77172000001", NOW) == [("~", FIRST)]
    wide = table.add(prefix)
    for side in BOTH:
        table.take(wide, side)
    table.lists.remove("fraud", "+7717*")
    assert ("!", prefix) in table.urgent.covering("fraud", "77172000009", NOW), "not in the draft"
    table.publish()
    assert table.urgent.covering("fraud", "77172000009", NOW) == []
