# SPDX-License-Identifier: Apache-2.0
"""The hub keeps a command until it is answered, and says it again on every connection."""

import json

import pytest
import sqlalchemy as sa

from edge.errors import ConfigError
from edge.report import topic
from edge.report.message import Ask, Command, Desired, Order, Result
from hil.hub import outgoing
from hil.hub.commander import COMMANDS, Commander, answer_to, give, new_order, parts_of, signed
from hil.hub.store import QUARANTINE
from tests.report.command.test_trial import NEW, Box
from tests.report.orders import NODE, Site
from tests.trust.centre import NOW

NS = 10**9
OBSERVE = {"trunk": "intl", "mode": "observe"}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def commander(store, tmp_path):
    [part] = parts_of(store, tmp_path)
    with store.writing() as connection:
        connection.execute(sa.delete(COMMANDS))
    return part


def order(site, kind="mode", args=OBSERVE, node=NODE, life_s=600, now_s=NOW):
    body = new_order(node, kind, args, now_s, life_s)
    return signed(Command(body=body), list(site.keys.values()))


def ask(part, node=NODE, now_s=NOW):
    return part.take(node, topic.ASK, Ask(epoch=1).model_dump_json().encode(), now_s * NS)


def answer(part, result, node=NODE):
    part.take(node, topic.RESULT, result.model_dump_json().encode(), NOW * NS)


def said(store):
    return [message for _, message in outgoing.waiting(store)]


def asides(store):
    with store.reading() as connection:
        return connection.execute(sa.select(QUARANTINE.c.why)).scalars().all()


def test_a_command_is_said_at_once_and_until_it_is_answered(site, store, commander):
    id_ = give(store, order(site), NOW)
    [message] = said(store)
    assert (message.topic, message.retain) == (topic.down(NODE, "cmd"), False)
    assert message.expiry_s == 600
    assert answer_to(store, id_) is None
    for _ in range(2):
        assert [one.payload for one in ask(commander)] == [message.payload]
    result = site.take(message.payload)
    assert result.state == "done"
    answer(commander, result)
    assert answer_to(store, id_) == result
    assert ask(commander) == []


def test_it_is_said_to_its_appliance_alone_and_not_when_it_has_expired(site, store, commander):
    give(store, order(site), NOW)
    assert ask(commander, node="astana-2") == []
    assert ask(commander, now_s=NOW + 600) == []
    [message] = ask(commander, now_s=NOW + 599)
    assert message.expiry_s == 1


def test_commands_are_said_in_the_order_of_their_issue(site, store, commander):
    ids = [give(store, order(site, now_s=NOW + n), NOW) for n in (2, 0, 1)]
    found = [json.loads(json.loads(one.payload)["body"])["id"] for one in ask(commander)]
    assert found == [ids[1], ids[2], ids[0]]


def test_the_first_answer_stays_and_nobody_answers_for_another(site, store, commander):
    id_ = give(store, order(site), NOW)
    answer(commander, Result(id=id_, state="done", text="not mine"), node="astana-2")
    assert answer_to(store, id_) is None
    first = Result(id=id_, state="failed", text="first \0")
    answer(commander, first)
    answer(commander, Result(id=id_, state="done", text="second"))
    assert answer_to(store, id_) == first
    assert asides(store) == ["a result of no command of ours"]


def test_what_is_no_result_is_put_aside(store, commander):
    for payload in (b"", b"{", b"\xff", b'{"id": "x"}'):
        assert commander.take(NODE, topic.RESULT, payload, NOW * NS) == ()
        assert commander.take(NODE, topic.ASK, payload, NOW * NS) in ([], ())
    assert len(asides(store)) == 4


def test_a_configuration_is_desired_until_another_is(tmp_path, store, commander):
    box = Box(tmp_path / "box")
    one, two = (
        order(box, "config", {"toml": NEW, "version": version}, now_s=NOW + version)
        for version in (1, 2)
    )
    give(store, one, NOW)
    [message] = said(store)
    assert (message.topic, message.retain) == (topic.down(NODE, "desired"), True)
    assert Desired.model_validate_json(message.payload).command == one
    give(store, two, NOW)
    [wanted] = ask(commander)
    assert Desired.model_validate_json(wanted.payload).command == two
    not_asked = Ask(epoch=1, desired=False).model_dump_json().encode()
    assert commander.take(NODE, topic.ASK, not_asked, NOW * NS) == []
    box.close()


def test_the_same_command_given_twice_is_kept_once(site, store, commander):
    command = order(site)
    assert give(store, command, NOW) == give(store, command, NOW)
    assert len(ask(commander)) == 1
    assert len(said(store)) == 2


def test_two_sign_one_after_the_other(site):
    half = signed(Command(body=new_order(NODE, "update", {}, NOW, 60)), [site.keys["operator"]])
    whole = signed(half, [site.keys["engineer"], site.keys["operator"]])
    assert (len(half.signatures), len(whole.signatures), whole.body) == (1, 2, half.body)
    assert site.take(half.model_dump_json().encode()).state == "refused"
    assert site.take(whole.model_dump_json().encode()).state == "done"


@pytest.mark.parametrize(
    ("node", "kind", "args"), [("No Node", "mode", {}), (NODE, "format", {}), (NODE, "mode", [])]
)
def test_what_no_appliance_would_read_is_not_given(store, node, kind, args):
    with pytest.raises(ConfigError, match="no command"):
        new_order(node, kind, args, NOW, 60)
    with pytest.raises(ConfigError, match="no command"):
        give(store, Command(body="{}"), NOW)


def test_orders_say_what_the_contract_says():
    body = new_order(NODE, "explain", {"call": "ä"}, NOW, 60)
    read = Order.model_validate_json(body)
    assert (read.issued, read.expires, read.args) == (NOW, NOW + 60, {"call": "ä"})
    assert isinstance(Commander.hears, frozenset)
