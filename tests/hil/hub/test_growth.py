# SPDX-License-Identifier: Apache-2.0
"""A log that only grew is cosigned to its end, in whatever order workers take its checkpoints.

One that was changed is never cosigned past the change.
"""

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings, strategies as st

from edge.evidence.checkpoint import EVERY_S, Signer, beside
from edge.evidence.merkle import EMPTY
from edge.evidence.note import read_key
from edge.report.message import Cosigned
from hil.hub import cosign, growth
from hil.hub.conformance_log import Leaves, verifies
from hil.hub.growth import BEGINNING, WAITING, Head, Link, follows
from hil.hub.madeup import batch, event, fresh_stream
from hil.hub.store import CHECKPOINTS, NOTES, Store
from tests.evidence.box import APPLIANCE, ORIGIN, Box
from tests.hil.hub.ledgers import NOW_NS, acked, asked, emptied, ledger

STREAM = fresh_stream()
NAME = "n1/evidence"
SIZES = st.sets(st.integers(1, 90), min_size=2, max_size=14).map(sorted)


def rows(store: Store, what: sa.Table) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(sa.select(what)))


def told(log: Leaves, sizes: Sequence[int]) -> list[bytes]:
    """Return the events of a log that is signed at these sizes, from a hub's first sight on."""
    steps = enumerate(pairwise([0, *sizes]), start=1)
    return [event(seq, "checkpoint", **log.checkpoint(size, old)) for seq, (old, size) in steps]


def batches(events: Sequence[bytes], per_batch: int) -> list[bytes]:
    parts = [events[at : at + per_batch] for at in range(0, len(events), per_batch)]
    return [batch("n1", STREAM, part, "audit") for part in parts]


def taken(store: Store, folder: Path, messages: Sequence[bytes], workers: int) -> list[Cosigned]:
    """Have several workers take messages at once; returns all that the appliance is told."""
    url = store.engine.url.render_as_string(hide_password=False)
    stores = [Store(url) for _ in range(workers)]
    ledgers = [ledger(one, folder) for one in stores]

    def work(number: int) -> list[Cosigned]:
        one = ledgers[number]
        answers = [one.take("n1", "ev/audit", m, NOW_NS) for m in messages[number::workers]]
        return [signed for answer in answers for signed in acked(answer).cosigned]

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(work, range(workers)))
    for one in stores:
        one.close()
    return [signed for of_worker in found for signed in of_worker]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(SIZES, st.integers(1, 3), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_log_that_grew_is_cosigned_to_its_end(
    store: Store, tmp_path: Path, sizes: list[int], per_batch: int, workers: int, chance: Any
) -> None:
    log = Leaves(NAME, sizes[-1])
    messages = batches(told(log, sizes), per_batch)
    messages += chance.choices(messages, k=3)
    chance.shuffle(messages)
    found = taken(emptied(store), tmp_path, messages, workers)
    assert max(signed.size for signed in found) == sizes[-1]
    assert not rows(store, NOTES)
    assert not rows(store, WAITING)
    vkey = cosign.load(tmp_path).vkey
    assert all(verifies(signed.signature, log.body(signed.size), vkey) for signed in found)
    assert [row.size for row in sorted(rows(store, CHECKPOINTS), key=lambda row: row.size)] == sizes
    (latest,) = acked(ledger(store, tmp_path).take("n1", "ask", asked(STREAM), NOW_NS)).cosigned
    assert latest.size == sizes[-1]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(SIZES, st.data(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_log_with_a_changed_leaf_is_not_cosigned_past_it(
    store: Store, tmp_path: Path, sizes: list[int], data: Any, workers: int, chance: Any
) -> None:
    """The leaf was signed, and then changed; all proofs after it are those of the changed log."""
    kept = data.draw(st.integers(1, len(sizes) - 1))
    leaf = data.draw(st.integers(0, sizes[kept - 1] - 1))
    before = told(Leaves(NAME, sizes[-1]), sizes)
    after = told(Leaves(NAME, sizes[-1], changed=leaf), sizes)
    messages = batches([*before[:kept], *after[kept:]], 1)
    chance.shuffle(messages)
    found = taken(emptied(store), tmp_path, messages, workers)
    assert max(signed.size for signed in found) == sizes[kept - 1]
    assert {row.name for row in rows(store, NOTES)} == {"checkpoint-refused"}


def test_many_that_wait_for_one(store: Store, tmp_path: Path) -> None:
    """An appliance that was away for a day: the oldest of what it kept comes last of all."""
    sizes = range(1, 600)
    first, *others = batches(told(Leaves(NAME, sizes[-1]), sizes), 100)
    random.Random(1).shuffle(others)
    assert taken(store, tmp_path, others, 2) == []
    assert len(rows(store, WAITING)) == len(sizes) - 100
    assert max(signed.size for signed in taken(store, tmp_path, [first], 1)) == sizes[-1]
    assert not rows(store, WAITING)
    assert not rows(store, NOTES)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "size": st.integers(0, 9) | st.integers(),
                "before": st.integers(0, 9) | st.integers(),
                "proof": st.lists(st.text(max_size=2) | st.just("ab" * 32), max_size=3),
            },
            optional={"origin": st.text(max_size=300), "note": st.text(max_size=99)},
        ),
        min_size=1,
        max_size=5,
    )
)
def test_nothing_that_is_said_makes_it_raise(store: Store, tmp_path: Path, said: list[Any]) -> None:
    log = Leaves(NAME, 9)
    for seq, one in enumerate(said, start=1):
        fields = log.checkpoint(min(max(one["size"], 0), 9)) | one
        if "origin" in one:
            fields["note"] = fields["note"].replace(NAME, one["origin"])
        payload = batch("n1", STREAM, [event(seq, "checkpoint", **fields)], "audit")
        assert ledger(store, tmp_path).take("n1", "ev/audit", payload, NOW_NS)


def test_a_proof_is_between_two_trees_and_of_hashes_alone() -> None:
    log = Leaves(NAME, 9)

    def link(size: int, before: int) -> Link:
        said = log.checkpoint(size, before)
        root, proof = log.body(size).split("\n")[2], growth.packed(said["proof"])
        return Link(1, 1, "n1", NAME, before, size, root, said["note"], proof or "")

    nine = Head(9, log.body(9).split("\n")[2])
    seven = Head(7, log.body(7).split("\n")[2])
    assert follows(link(9, 7), seven)
    assert follows(link(7, 0), BEGINNING)
    assert not follows(link(9, 7)._replace(proof=""), seven)
    assert not follows(link(9, 7), seven._replace(root=nine.root))
    assert not follows(link(9, 6), seven)
    assert not follows(link(7, 0)._replace(proof="00" * 32), BEGINNING)
    assert growth.packed([EMPTY.hex()] * growth.MOST_PROOF) == EMPTY.hex() * growth.MOST_PROOF
    assert growth.packed([EMPTY.hex()] * (growth.MOST_PROOF + 1)) is None


class Reporting:
    """A real box that signs its log, and a hub that takes what it reports."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.box = Box(folder / "box")
        self.hub = ledger(store, folder)
        self._vkey = read_key(cosign.load(folder).vkey)
        self._seq = 0

    def run(self, *calls: int) -> int:
        """One run of `core` and of `uplink`; returns how much of the log the hub has signed."""
        self.box.keep(*calls)
        signer = Signer(self.box.log, APPLIANCE, self._vkey)
        for _ in range(3):
            if fields := signer.sign(self.box.now_s):
                self._seq += 1
                said = batch("n1", STREAM, [event(self._seq, "checkpoint", **fields)], "audit")
                for signed in acked(self.hub.take("n1", "ev/audit", said, NOW_NS)).cosigned:
                    assert signer.countersign(signed.size, signed.signature) == ""
            self.box.now_s += EVERY_S
        signer.close()
        return signer.cosigned


@pytest.fixture
def reporting(store: Store, tmp_path: Path) -> Reporting:
    (tmp_path / "box").mkdir()
    return Reporting(store, tmp_path)


_GIVEN_BACK = (
    "SELECT json_object('note', note || signature || char(10)) FROM checkpoints"
    " WHERE node = 'n1' ORDER BY size DESC LIMIT 1"
)


def given_back(store: Store) -> str:
    """Return the line that CONTRACT.md has people put back into a box."""
    with store.reading() as connection:
        if store.is_sqlite:
            return str(connection.exec_driver_sql(_GIVEN_BACK).scalar())
        query = _GIVEN_BACK.replace("json_object", "json_build_object").replace("char(", "chr(")
        return json.dumps(connection.exec_driver_sql(query).scalar())


def test_a_real_box_is_cosigned_as_it_grows(store: Store, reporting: Reporting) -> None:
    assert [reporting.run(1, 2, 3), reporting.run(4), reporting.run(5, 6)] == [3, 4, 6]
    assert not rows(store, NOTES)


def test_a_box_that_lost_its_checkpoints_is_given_the_last_one_back(
    store: Store, reporting: Reporting
) -> None:
    assert reporting.run(1, 2, 3) == 3
    beside(reporting.box.log).unlink()
    assert reporting.run(4) == 0
    assert reporting.run(5) == 0
    assert [row.name for row in rows(store, NOTES)] == ["checkpoint-refused"] * 2
    assert any("it begins anew" in row.text for row in rows(store, NOTES))
    beside(reporting.box.log).write_text(given_back(store) + "\n")
    assert reporting.run(6) == 6
    assert reporting.run(7) == 7


def test_a_log_that_is_allowed_to_begin_anew(store: Store, reporting: Reporting) -> None:
    """As CONTRACT.md has it: what was countersigned before stays, under another name."""
    assert reporting.run(1, 2, 3) == 3
    beside(reporting.box.log).unlink()
    assert reporting.run(4) == 0
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE checkpoints SET origin = origin || ' until today'"))
        connection.execute(sa.delete(WAITING))
    beside(reporting.box.log).unlink()
    assert reporting.run(5) == 5
    assert {row.origin for row in rows(store, CHECKPOINTS)} == {ORIGIN, f"{ORIGIN} until today"}
