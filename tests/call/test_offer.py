# SPDX-License-Identifier: Apache-2.0
"""What a verdict is made from: parties in normal form, whole numbers, the same whoever tells."""

import pytest

from edge.call import isup_offer, q931_offer
from edge.call.offer import Offers, extended, is_ended
from edge.model import number
from edge.model.event import CallOffered
from edge.model.number import Kind, Presentation, Refusal, Screening
from edge.numbering.normalise import home_of
from hil.e1.calls import Call, Number, iam, q931_messages
from tests.call.circuit_talk import (
    ABROAD,
    ASTANA,
    HOME,
    LONDON,
    isup_message,
    q931,
    q931_message,
    sam,
)

ISUP = Offers(isup_offer.identities, {"abroad": HOME}, home_of(ABROAD))
Q931 = Offers(q931_offer.identities, {"abroad": HOME}, home_of(ABROAD))


def by_isup(call: Call) -> CallOffered:
    return ISUP.offer(isup_message(iam(call)), ABROAD, 1, 42)


def by_q931(call: Call) -> CallOffered:
    return Q931.offer(q931_message(next(q931_messages(call)).octets), ABROAD, 1, 42)


def told(offer: CallOffered) -> list[tuple[str, number.Number, Presentation]]:
    """Return the parties without their order, and without who vouches for a redirecting number."""
    parties = sorted(offer.identities, key=lambda party: party.role)
    return [(party.role, party.number, party.presentation) for party in parties]


CALLS = {
    "plain": Call(LONDON, ASTANA),
    "national": Call(LONDON, Number("7172000001", 3)),
    "local": Call(LONDON, Number("000001", 1)),
    "hidden": Call(LONDON._replace(presentation=1), ASTANA),
    "not vouched for": Call(LONDON._replace(screening=0), ASTANA),
    "forwarded": Call(LONDON, ASTANA, redirecting=Number("447700900456")),
    "nobody": Call(Number(""), ASTANA),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_is_the_same_over_isup_and_q931(call: Call) -> None:
    one, other = by_isup(call), by_q931(call)
    assert told(one) == told(other)
    assert (one.calling, one.called) == (other.calling, other.called)
    assert (one.called.number.e164, one.at, one.attempt) == ("77172000001", 42, 1)
    assert one.trunk is other.trunk is ABROAD


def test_what_is_said_of_a_number() -> None:
    offer = by_isup(Call(LONDON._replace(presentation=1, screening=1), ASTANA))
    assert offer.calling.presentation is Presentation.RESTRICTED
    assert offer.calling.screening is Screening.USER_PASSED
    assert (offer.calling.number.kind, offer.calling.role) == (Kind.FOREIGN, "calling")


def test_a_call_of_nobody() -> None:
    offer = by_isup(Call(Number(""), ASTANA))
    assert offer.calling.number.refusal is Refusal.ABSENT
    assert offer.calling.presentation is Presentation.UNAVAILABLE
    assert [party.role for party in offer.identities] == ["calling", "called"]


def test_an_additional_number_speaks_where_there_is_no_other() -> None:
    offer = by_isup(Call(Number(""), ASTANA, generic=LONDON))
    assert (offer.calling.role, offer.calling.number.e164) == ("generic", "442079460123")
    both = by_isup(Call(Number("447700900123"), ASTANA, generic=LONDON))
    assert both.calling.role == "calling"
    assert [party.role for party in both.identities] == ["called", "calling", "generic"]


@pytest.mark.parametrize(
    ("digits", "nature", "whole"),
    [
        ("77172000001", 4, True),
        ("7717200000", 4, False),
        ("7172000001", 3, True),
        ("717200000", 3, False),
        ("000001", 1, True),
        ("00000", 1, False),
        ("112", 2, True),
        ("11", 2, False),
        ("877172", 2, False),
        ("87172000001", 2, True),
        ("8112", 2, True),
        ("447700900123", 4, True),
        ("", 2, False),
    ],
)
def test_is_whole(digits: str, nature: int, whole: bool) -> None:
    message = isup_message(iam(Call(LONDON, Number(digits + "0", nature), overlap=1)))
    assert message.called == digits
    assert ISUP.is_whole(message, ABROAD) is whole
    assert ISUP.is_whole(extended(message, isup_message(sam("F"))), ABROAD)


def test_a_setup_without_any_digit() -> None:
    bare = q931_message(q931(0x05))
    assert not Q931.is_whole(bare, ABROAD)
    assert not is_ended(bare)
    more = q931_message(q931(0x7B, b"\x70\x04\xa1717", b"\xa1"))
    whole = extended(bare, more)
    assert (whole.called, is_ended(whole), whole.unit, whole.earlier) == (
        "717",
        True,
        more.unit,
        (bare.unit,),
    )
    assert (bare.called, is_ended(bare)) == ("", False)
    assert Q931.is_whole(q931_message(q931(0x05, b"\xa1")), ABROAD)
