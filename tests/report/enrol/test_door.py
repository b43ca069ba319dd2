# SPDX-License-Identifier: Apache-2.0
"""The way in for a box without a certificate: whoever answers is spoken with, and nothing stays."""

import asyncio

import pytest

from edge.errors import DriverLost
from edge.report import topic
from edge.report.enrol import door
from edge.report.port import Outbound
from hil.loopback import free_ports
from tests.hil.hub.brokers import WAIT_S, Rig

ASKED = Outbound(topic.enrolment("astana-1", "request"), b"{}")


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.hub.store.close()


async def say(port, context):
    async with (
        asyncio.timeout(WAIT_S),
        door.opened(f"127.0.0.1:{port}", "astana-1", context) as connection,
    ):
        return await connection.publish(ASKED)


@pytest.mark.peer("mosquitto")
def test_a_stranger_comes_in_without_knowing_the_authority_and_leaves_nothing(rig):
    with rig.airlock() as log:
        assert asyncio.run(say(rig.ports.enrolment, door.unproven())) == 0
    said = "".join(log)
    assert "as enrol.astana-1 (p5, c" in said
    assert "u'astana-1'" in said
    assert "No will message specified" in said
    assert "Client enrol.astana-1 disconnected" in said


@pytest.mark.peer("mosquitto")
def test_in_the_clear_nobody_is_spoken_with_where_tls_is_asked_for(rig):
    with rig.airlock(), pytest.raises(DriverLost):
        asyncio.run(say(rig.ports.enrolment, None))


def test_where_nobody_listens_it_is_a_loss():
    (port,) = free_ports(1)
    with pytest.raises(DriverLost, match=f"127.0.0.1:{port}"):
        asyncio.run(say(port, door.unproven()))
