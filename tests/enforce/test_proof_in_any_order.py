# SPDX-License-Identifier: Apache-2.0
"""Whatever is heard and said, in whatever order: each call is settled once, on what was heard."""

from typing import TYPE_CHECKING, Any

from hypothesis import given, strategies as st

from edge.enforce.proof import MOST_LEGS, Proof
from edge.model.event import (
    UNKNOWN_TRUNK,
    CallAnswered,
    CallOffered,
    CallProgressed,
    CallReleased,
    Trunk,
)
from edge.model.outcome import STOPS, Outcome, Result
from edge.model.unit import LinkType, Unit
from tests.call.sip_talk import write
from tests.enforce.talk import called_from, offer
from tests.enforce.test_proof import AGAIN, BLOCK, DIVERT, WITHIN
from tests.verdict.calls import ABROAD, NATIONAL, NOW

if TYPE_CHECKING:
    from edge.enforce.watch import Watch

MOST = 3
CALLS, RECORDS = ("c0", "c1", "c2"), ("r-0", "r-1", "r-2", "r-3", "r-4")
EVENTS = st.one_of(
    st.builds(
        CallReleased, st.just(NOW), st.sampled_from(CALLS), st.sampled_from([1, 2]),
        st.sampled_from(["603", "BYE", "487", "REL 21", "idle"]),
        st.sampled_from(["calling", "called", "network", "us"]), st.booleans(), st.just(0),
        st.sampled_from([0, 302, 486, 487, 603]), st.sampled_from([0, 16, 21]),
    ),
    st.builds(
        CallAnswered, st.just(NOW), st.sampled_from(CALLS), st.sampled_from([1, 2]), st.just(1)
    ),
    st.builds(
        CallProgressed, st.just(NOW), st.sampled_from(CALLS), st.sampled_from([1, 2]),
        st.sampled_from(["proceeding", "alerting", "progress", "diverted"]), st.just("180"),
    ),
)  # fmt: skip


def an_offer(call: str, user: str, trunk: Trunk, attempt: int) -> CallOffered:
    return offer(called_from(user, write("INVITE", call=call)), trunk, attempt=attempt)


OFFERED = st.builds(
    an_offer, st.sampled_from(CALLS), st.sampled_from(["+447700900123", "+447700900777"]),
    st.sampled_from([ABROAD, NATIONAL, UNKNOWN_TRUNK]), st.sampled_from([1, 2]),
)  # fmt: skip
STEPS = st.one_of(
    st.tuples(
        st.just("watch"), OFFERED, st.sampled_from([BLOCK, DIVERT]), st.sampled_from(RECORDS)
    ),
    st.tuples(st.just("heard"), st.sampled_from(RECORDS), OFFERED),
    st.tuples(st.just("asked"), st.sampled_from(RECORDS)),
    st.tuples(st.just("answered"), st.sampled_from(RECORDS), st.booleans()),
    st.tuples(st.just("offered"), OFFERED),
    st.tuples(st.just("follow"), EVENTS),
    st.tuples(st.just("wait"), st.integers(0, WITHIN)),
)


class Books:
    """A proof, and every watch that it was given and gave back."""

    def __init__(self) -> None:
        self.now = NOW
        self.given: dict[int, Watch] = {}
        self.back: list[tuple[Outcome, Watch]] = []
        self.proof = Proof(
            lambda outcome, watch: self.back.append((outcome, watch)), WITHIN, AGAIN, MOST
        )

    def do(self, step: tuple[Any, ...]) -> None:
        proof, (what, *rest) = self.proof, step
        if what == "watch":
            call, answer, record = rest
            watch = proof.watch(call, answer, record, self.now)
            self.given[id(watch)] = watch
        elif what == "heard":
            proof.heard(*rest)
        elif what == "asked":
            proof.asked(rest[0], "pbx", self.now)
        elif what == "answered":
            proof.answered(rest[0], "said", accepted=rest[1])
        elif what == "offered":
            proof.offered(rest[0])
        elif what == "follow":
            proof.follow(rest[0], Unit("t", LinkType.ETHERNET, NOW, b""), self.now)
        else:
            self.now += rest[0]
            proof.expire(self.now)


@given(st.lists(STEPS, max_size=80))
def test_any_order_keeps_the_books(steps: list[tuple[Any, ...]]) -> None:
    books = Books()
    for step in steps:
        books.do(step)
        proof = books.proof
        assert len(proof) <= MOST
        assert len(proof._by_call) <= len(proof) * MOST_LEGS
        assert len(proof._by_pair) <= len(proof)
        assert len(books.given) == len(books.back) + len(proof)
    books.proof.finish(books.now)
    assert len(books.proof) == len(books.proof._by_call) == len(books.proof._by_pair) == 0
    assert sorted(id(watch) for _, watch in books.back) == sorted(books.given)
    for outcome, watch in books.back:
        assert len(watch.units) <= 2
        if outcome.result in {*STOPS, Result.REROUTED}:
            assert watch.heard_at
            assert watch.asked_at
            assert watch.accepted is not False
            assert watch.released or watch.diverted_at
            assert outcome.heard
        if outcome.result is Result.LEAKED:
            assert watch.accepted


def test_a_sender_who_makes_legs_without_end_fills_no_memory() -> None:
    books = Books()
    first = an_offer("c1", "+447700900123", ABROAD, 1)
    for step in (("watch", first, BLOCK, "r-1"), ("heard", "r-1", first), ("asked", "r-1")):
        books.do(step)
    books.do(("follow", CallReleased(NOW, "c1", 1, "603", "called", False, 0, 603)))
    for attempt in range(2, 10 * MOST_LEGS):
        books.do(("offered", an_offer("c1", "+447700900123", UNKNOWN_TRUNK, attempt)))
    assert len(books.proof._by_call) == MOST_LEGS
    books.proof.finish(NOW)
    assert books.proof._by_call == {}
