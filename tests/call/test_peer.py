# SPDX-License-Identifier: Apache-2.0
"""Who handed a call over is an address, a point code, or nobody that a line of ISDN names."""

import pytest

from edge.call.peer import peer_of
from edge.model.message import NO_FLOW, Message
from tests.call.circuit_talk import IAM, isup_message
from tests.detect.box import message, octets
from tests.evidence.box import Heard


@pytest.mark.parametrize(
    ("heard", "peer"),
    [(message(octets()), "192.0.2.20"), (isup_message(bytes(IAM)), "OPC 100"), (Heard(1), "")],
    ids=["INVITE", "IAM", "no address"],
)
def test_who_handed_it_over(heard: Message, peer: str) -> None:
    assert peer_of(heard) == peer
    assert peer or heard.flow == NO_FLOW
