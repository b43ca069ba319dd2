# SPDX-License-Identifier: Apache-2.0
"""The Reason of 603+: what is made is taken, and what the standard forbids is not."""

import pytest
from hypothesis import given, strategies as st

from edge.enforce.analytics import (
    CONTACTS,
    MOST_OCTETS,
    Contacts,
    Notice,
    is_shaped,
    parse,
    read,
    reason,
)
from edge.errors import ConfigError
from edge.model.answer import LOCATIONS

URL, TEL, EMAIL = "https://redress.example/a?b=1", "+77172000001", "redress@operator.example"
ALL = Contacts(URL, TEL, EMAIL)


def value(text: str, protocol: str = "Q.850", cause: int = 21, location: str = "TN") -> str:
    return f'{protocol};cause={cause};text="{text}";location={location}'


MADE = [
    (Notice("Q.850", Contacts(url=URL), "", "TN"), value(f"v=analytics1;url={URL}")),
    (
        Notice("SIP", Contacts(tel=TEL), "18c-1", "RLN"),
        value(f"v=analytics1;tel={TEL};id=18c-1", "SIP", 603, "RLN"),
    ),
    (
        Notice("Q.850", ALL, "a_B-9", "LN"),
        value(f"v=analytics1;url={URL};tel={TEL};email={EMAIL};id=a_B-9", location="LN"),
    ),
]


@pytest.mark.parametrize(("notice", "header"), MADE)
def test_what_is_made_is_what_is_read(notice: Notice, header: str) -> None:
    assert reason(notice) == header
    assert parse(header) == notice
    assert read(603, "Network Blocked", [header]) == notice


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS)
def test_every_location_has_its_token(location) -> None:
    notice = Notice("Q.850", ALL, "", location.token)
    assert parse(reason(notice)) == notice


GOOD = f"v=analytics1;url={URL}"
TAKEN = [
    value(GOOD, "q.850"),
    value(GOOD, location="tn"),
    f'Q.850 ; cause=21 ; text="{GOOD}" ; location=TN',
    f'Q.850;location=TN;text="{GOOD}";cause=21',
    value(f"{GOOD};new=thing"),
    value(f"v=analytics1;new=thing;url={URL}"),
    value("v=analytics1;url=https://a.example:8443/x"),
    value("v=analytics1;url=https://a.xn--80ak6aa92e"),
]


@pytest.mark.parametrize("header", TAKEN)
def test_what_may_be_written_otherwise_is_taken(header: str) -> None:
    assert isinstance(parse(header), Notice)


REFUSED = [
    ("", "neither SIP nor Q.850"),
    ("SIP", "cause is not 603"),
    (value(GOOD, "X.25"), "neither SIP nor Q.850"),
    (value(GOOD, cause=16), "cause is not 21"),
    (value(GOOD, "SIP", 21), "cause is not 603"),
    (value(GOOD, "SIP", 608), "cause is not 603"),
    (value(GOOD, location="XX"), "no location"),
    (f'Q.850;cause=21;text="{GOOD}"', "no location"),
    (f"Q.850;cause=21;location=TN;text={GOOD}", "text is not quoted"),
    ('Q.850;cause=21;text="Call rejected";location=TN', "does not begin with v=analytics1;"),
    (value(f"v=analytics2;url={URL}"), "does not begin with"),
    (value(f"V=analytics1;url={URL}"), "does not begin with"),
    (value(f" v=analytics1;url={URL}"), "does not begin with"),
    (value(f"url={URL};v=analytics1"), "does not begin with"),
    (value("v=analytics1"), "does not begin with"),
    (value("v=analytics1;"), "no url, tel or email"),
    (value("v=analytics1;id=18c-1"), "no url, tel or email"),
    (value("v=analytics1;url="), "not a url"),
    (value("v=analytics1;url=http://redress.example/"), "not a url"),
    (value("v=analytics1;url=https://192.0.2.1/"), "not a url"),
    (value("v=analytics1;url=https://[2001:db8::1]/"), "not a url"),
    (value("v=analytics1;url=https://localhost/"), "not a url"),
    (value("v=analytics1;url=https://user@redress.example/"), "not a url"),
    (value("v=analytics1;url=https://-a.example/"), "not a url"),
    (value("v=analytics1;tel=87172000001"), "not a tel"),
    (value("v=analytics1;tel=+0717200000"), "not a tel"),
    (value("v=analytics1;tel=+7717200000112345"), "not a tel"),
    (value("v=analytics1;tel=+7 717 200 0001"), "not a tel"),
    (value("v=analytics1;email=redress"), "not a email"),
    (value("v=analytics1;email=a@localhost"), "not a email"),
    (value(f"{GOOD};id="), "not a id"),
    (value(f"{GOOD};id=a b"), "not a id"),
    (value(f"{GOOD};id={'x' * 65}"), "not a id"),
    (value(f"{GOOD};url={URL}"), "url twice"),
    (f"{value(GOOD)};cause=21", "cause twice"),
    (f'{value(GOOD)};text="{GOOD}"', "text twice"),
    (value(f"{GOOD};x={'y' * MOST_OCTETS}"), "too long"),
]


@pytest.mark.parametrize(("header", "why"), REFUSED)
def test_what_the_standard_forbids_is_not_taken(header: str, why: str) -> None:
    found = parse(header)
    assert isinstance(found, str)
    assert why in found
    assert read(603, "Network Blocked", [header]) is None


@pytest.mark.parametrize(
    ("status", "phrase", "taken"),
    [
        (603, "Network Blocked", True),
        (603, "network BLOCKED", True),
        (603, "Decline", False),
        (603, "", False),
        (608, "Network Blocked", False),
        (403, "Network Blocked", False),
    ],
)
def test_both_the_phrase_and_the_version_are_needed(status: int, phrase: str, taken: bool) -> None:
    assert (read(status, phrase, [value(GOOD)]) is not None) is taken
    assert read(status, phrase, ['Q.850;cause=21;text="Call rejected"']) is None


def test_it_is_found_among_other_reasons() -> None:
    other = 'SIP;cause=603;text="a, b;v=analytics1"'
    assert read(603, "Network Blocked", [other, value(GOOD)]) == MADE[0][0]
    assert read(603, "Network Blocked", [f"{other}, {value(GOOD)}"]) == MADE[0][0]


@pytest.mark.parametrize(
    "wrong",
    [
        Notice("Q.850", Contacts(), "", "TN"),
        Notice("X", ALL, "", "TN"),
        Notice("SIP", ALL, "", "transit"),
        Notice("SIP", ALL, "a\r\nX: y", "TN"),
        Notice("SIP", ALL, "x" * 65, "TN"),
    ],
)
def test_what_may_not_be_said_is_not_made(wrong: Notice) -> None:
    with pytest.raises(ConfigError):
        reason(wrong)


@pytest.mark.parametrize("name", CONTACTS)
@pytest.mark.parametrize("wrong", ["x", 'https://a.example/"', "https://a.example/;a", "a\r\nb"])
def test_a_contact_that_reaches_nobody_is_refused(name: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=f"no {name}"):
        Contacts(**{name: wrong})


@given(st.sampled_from(("url", "tel", "email", "id")), st.text(max_size=80))
def test_no_shape_lets_through_what_ends_a_value(name: str, text: str) -> None:
    for tried in (text, f"https://a.example/{text}", f"+7717200{text}", f"a{text}@b.example"):
        if is_shaped(name, tried):
            assert tried.isascii()
            assert tried.isprintable()
            assert not set('";\\ ,') & set(tried) or name == "url"
            assert not set('";\\ ') & set(tried)


@given(st.text(max_size=300), st.booleans())
def test_nothing_that_is_heard_raises(text: str, quoted: bool) -> None:
    header = f'Q.850;cause=21;text="v=analytics1;{text}";location=TN' if quoted else text
    assert isinstance(parse(header), Notice | str)
    read(603, "Network Blocked", [header])
