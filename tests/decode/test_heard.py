# SPDX-License-Identifier: Apache-2.0
"""A heard number as an identity and as JSON."""

from msgspec.structs import replace

from edge.decode.heard import HeardNumber, Numbered
from edge.model.number import Nature, Number, Party, Presentation, Screening

HEARD = HeardNumber(
    "calling",
    "442079460123",
    Nature.INTERNATIONAL,
    nature_code=4,
    plan=1,
    presentation=Presentation.RESTRICTED,
    screening=Screening.NETWORK,
)


def test_a_number_is_an_identity_without_normal_form():
    assert HEARD.party() == Party(
        "calling",
        Number("442079460123"),
        Nature.INTERNATIONAL,
        Presentation.RESTRICTED,
        Screening.NETWORK,
    )


def test_a_number_is_told_in_full():
    assert HEARD.fields() == {
        "digits": "442079460123",
        "nature": "international",
        "nature_code": 4,
        "plan": "E.164",
        "presentation": "restricted",
        "screening": "network",
    }


def test_what_was_not_said_is_absent():
    called = HeardNumber("called", "1", Nature.UNKNOWN, 0, 7, ended=True)
    assert called.fields() == {
        "digits": "1",
        "nature": "unknown",
        "nature_code": 0,
        "plan": "7",
        "presentation": "allowed",
        "ended": True,
    }


def test_of_its_numbers_a_message_tells_the_first_and_those_that_are_identities():
    class Message(Numbered):
        identities = frozenset({"calling"})

    message = Message()
    second, other = replace(HEARD, digits="442079460124"), replace(HEARD, role="connected")
    message.numbers = (other, HEARD, second)
    assert (message.number("connected"), message.number("called")) == (other, None)
    assert message.calling == "442079460123"
    assert message.parties == (HEARD.party(), second.party())
    message.numbers = (other,)
    assert message.calling == ""
    assert not message.parties
