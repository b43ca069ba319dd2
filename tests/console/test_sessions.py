# SPDX-License-Identifier: Apache-2.0
"""A session ends when it is idle, when it is old, and when it is told to."""

from edge.console.sessions import IDLE_S, LONGEST_S, MOST, Sessions


def test_a_token_names_who_it_was_given_to() -> None:
    sessions = Sessions()
    token = sessions.begin("asel", 0.0)
    found = sessions.of(token, 1.0)
    assert found is not None
    assert found.name == "asel"
    for wrong in ("", token[:-1], token + "x", token.swapcase()):
        assert sessions.of(wrong, 1.0) is None
    assert token not in repr(sessions._open)


def test_it_ends_when_nobody_does_anything() -> None:
    sessions = Sessions()
    token = sessions.begin("asel", 0.0)
    assert sessions.of(token, IDLE_S - 1) is not None
    assert sessions.of(token, 2 * IDLE_S - 2) is not None
    assert sessions.of(token, 3 * IDLE_S - 2) is None
    assert sessions.of(token, 0.0) is None, "it does not come back"


def test_a_browser_that_asks_by_itself_keeps_nothing_open() -> None:
    sessions = Sessions()
    token = sessions.begin("asel", 0.0)
    for minute in range(30):
        assert sessions.of(token, minute * 60.0, touch=False) is not None
    assert sessions.of(token, float(IDLE_S), touch=False) is None


def test_it_ends_after_a_shift_whatever_is_done() -> None:
    sessions = Sessions()
    token = sessions.begin("asel", 0.0)
    for at in range(0, LONGEST_S, 600):
        assert sessions.of(token, float(at)) is not None
    assert sessions.of(token, float(LONGEST_S)) is None


def test_it_ends_when_it_is_told_to() -> None:
    sessions = Sessions()
    mine, other, theirs = (sessions.begin(name, 0.0) for name in ("asel", "asel", "bolat"))
    sessions.end(mine)
    assert sessions.of(mine, 1.0) is None
    sessions.end_all_of("asel")
    assert sessions.of(other, 1.0) is None
    assert sessions.of(theirs, 1.0) is not None


def test_there_is_an_end_to_sessions() -> None:
    sessions = Sessions()
    tokens = [sessions.begin("asel", float(number)) for number in range(MOST + 3)]
    assert len(sessions._open) == MOST
    assert sessions.of(tokens[2], 600.0) is None
    assert sessions.of(tokens[3], 600.0) is not None
    sessions.begin("bolat", 10_000.0)
    assert len(sessions._open) == 1, "those that are over make room"


def test_a_form_is_ours_in_the_browser_it_was_given_to() -> None:
    sessions = Sessions()
    token = sessions.form_token("cookie")
    assert sessions.is_ours("cookie", token)
    assert not sessions.is_ours("another", token)
    assert not sessions.is_ours("", sessions.form_token(""))
    assert not sessions.is_ours("cookie", "Ӏ")
    assert not Sessions().is_ours("cookie", token), "a key for each start"
