# SPDX-License-Identifier: Apache-2.0
"""Topics as RabbitMQ writes them. The worker itself is tested in `test_rabbit_cluster`."""

import asyncio
from pathlib import Path

import pytest

from edge.errors import DriverLost
from edge.report import topic
from hil.hub.amqp import HEARD, AmqpWorker, Queue, routing_key
from hil.hub.parts import Desk
from hil.hub.store import Store, sqlite_url
from hil.loopback import closed_port


def test_a_topic_is_a_key_and_back() -> None:
    name = topic.up("astana-1", "ev/call")
    assert routing_key(name) == "qalqan.v1.up.astana-1.ev.call"
    assert routing_key(routing_key(name)) == name


def test_what_is_heard_is_what_a_worker_on_mqtt_hears() -> None:
    assert HEARD == ("qalqan.v1.up.*.#", "qalqan.v1.enrol.*.request")


def test_a_node_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    with closed_port() as port:
        queue = Queue((f"amqp://guest:secret@127.0.0.1:{port}/",))
        with pytest.raises(DriverLost, match=f"127.0.0.1:{port}") as lost:
            asyncio.run(AmqpWorker(Desk(store, [])).run(queue))
    assert "secret" not in str(lost.value)
    store.close()
