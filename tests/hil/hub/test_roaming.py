# SPDX-License-Identifier: Apache-2.0
"""Whoever stands for the operators answers as they would, and keeps no number."""

import asyncio
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.errors import ConfigError
from edge.report import topic
from edge.report.message import RoamAnswer
from hil.hub import parts
from hil.hub.crew import Orders, orders_of
from hil.hub.madeup import appliance
from hil.hub.mqtt import Broker
from hil.hub.parts import Desk
from hil.hub.roaming import KNOWN_S, NOBODY_S, Roaming, Table
from hil.hub.store import TABLES, Store, sqlite_url
from tests.hil.hub import places
from tests.hil.hub.ledgers import NOW_NS

NUMBER, OTHER, STRANGE = "447700900123", "447700900124", "447700900125"
TABLE = f"number,abroad\n+{NUMBER},true\n{OTHER},0\n"
UP = topic.up("astana-1", topic.ROAM)


def asked(number: str = NUMBER, **fields: object) -> bytes:
    said = {"v": 1, "id": "1f", "number": number, "deadline_ms": 300}
    return json.dumps(said | fields).encode()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "roamers.csv"
    path.write_text(TABLE)
    return path


@pytest.mark.parametrize(
    ("number", "abroad", "ttl_s"),
    [(NUMBER, True, KNOWN_S), (OTHER, False, KNOWN_S), (STRANGE, None, NOBODY_S)],
)
def test_an_answer_is_what_the_table_says(
    table: Path, number: str, abroad: bool | None, ttl_s: int
) -> None:
    (answer,) = Roaming(Table(table)).take("astana-1", topic.ROAM, asked(number), NOW_NS)
    assert (answer.topic, answer.qos) == (topic.down("astana-1", topic.ROAM), 0)
    assert (answer.retain, answer.expiry_s) == (False, 3)
    said = RoamAnswer.model_validate_json(answer.payload)
    assert said == RoamAnswer(id="1f", abroad=abroad, ttl_s=ttl_s)
    assert number.encode() not in answer.payload


def test_without_a_table_nobody_knows() -> None:
    (answer,) = Roaming().take("astana-1", topic.ROAM, asked(), NOW_NS)
    assert RoamAnswer.model_validate_json(answer.payload).abroad is None


def test_a_table_that_changes_is_read_anew(table: Path) -> None:
    ask = Table(table)
    table.write_text(TABLE.replace("true", "false"))
    assert ask(NUMBER) is False
    table.write_text("half of a li")
    assert ask(NUMBER) is False
    table.unlink()
    assert ask(NUMBER) is False
    table.write_text("")
    assert ask(NUMBER) is None


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"447700900123,true,1\n", r"csv:1: a line is number,abroad"),
        (b"number,abroad\n\nsomebody,true\n", r"csv:3: "),
        (b"447700900123,perhaps\n", r"csv:1: "),
        (b",true\n", r"csv:1: "),
        (b"\xff\xfe", "decode"),
        (b"\x00" * 10, "roamers"),
    ],
)
def test_a_table_that_is_none_is_named(table: Path, octets: bytes, says: str) -> None:
    table.write_bytes(octets)
    with pytest.raises(ConfigError, match=says):
        Table(table)
    table.unlink()
    with pytest.raises(ConfigError, match=r"roamers\.csv"):
        Table(table)


def failing(digits: str) -> bool | None:
    raise OSError(f"no way to the operator of {digits}")


BAD = [
    b"", b"\x00nonsense", b"{}", b"[]", asked(v=2), asked(number="+447700900123"),
    asked(number="1" * 16), asked(id=""), asked(deadline_ms=0),
]  # fmt: skip


def test_no_number_is_kept_whatever_is_asked(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    part = Roaming(failing)
    desk = Desk(store, [part])
    (answer,) = desk.take(UP, asked(), NOW_NS)
    assert RoamAnswer.model_validate_json(answer.payload).abroad is None
    for payload in BAD:
        assert not desk.take(UP, payload, NOW_NS)
    assert part.counts["malformed"] == len(BAD)
    with store.reading() as connection:
        for one in TABLES.sorted_tables:
            assert not connection.execute(sa.select(one)).all(), one.name
    assert part.counts["failed"] == 1
    store.close()


def test_every_hub_answers(tmp_path: Path, table: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    (answer,) = Desk(store, parts.build(store, tmp_path, table)).take(UP, asked(OTHER), NOW_NS)
    assert RoamAnswer.model_validate_json(answer.payload).abroad is False
    (answer,) = Desk(store, parts.build(store, tmp_path)).take(UP, asked(OTHER), NOW_NS)
    assert RoamAnswer.model_validate_json(answer.payload).abroad is None
    store.close()


def test_a_worker_is_told_where_the_table_is(tmp_path: Path) -> None:
    orders = Orders(Broker("::1", 1883), "sqlite:///x", tmp_path, roamers=tmp_path / "roamers.csv")
    assert orders_of(orders.to_json()) == orders


@pytest.mark.slow
@pytest.mark.peer("mosquitto")
def test_the_processes_of_a_hub_answer_from_the_table(tmp_path: Path, table: Path) -> None:
    async def ask(broker: Broker) -> dict[str, bool | None]:
        async with appliance(broker, "astana-1") as one:
            numbers = {"1": NUMBER, "2": OTHER, "3": STRANGE}
            for name, number in numbers.items():
                await one.say(topic.ROAM, asked(number, id=name))
            assert await one.until(lambda: len(one.roams) == len(numbers), 20)
            return {numbers[said.id]: said.abroad for said in one.roams}

    with places.mosquitto(tmp_path) as broker:
        url = sqlite_url(tmp_path / "hub.db")
        orders = Orders(broker, url, tmp_path / "state", roamers=table)
        log = tmp_path / "log"
        with places.hub(orders, log):
            assert asyncio.run(ask(broker)) == {NUMBER: True, OTHER: False, STRANGE: None}
    said = log.read_text() + "".join(
        path.read_bytes().decode("latin-1") for path in tmp_path.glob("hub.db*")
    )
    assert NUMBER[-7:] not in said
