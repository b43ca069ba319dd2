# SPDX-License-Identifier: Apache-2.0
"""The torture set: hostile and odd datagrams, each heard as a phone would hear it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.message import NO_FLOW
from edge.model.unit import Unit

TORTURE = Path(__file__).parents[2] / "vectors" / "sip" / "torture"
INDEX = tomllib.loads((TORTURE / "index.toml").read_text("utf-8"))
FIELDS = ("type", "call", "calling", "called", "cseq")


def test_every_file_is_in_the_index() -> None:
    assert {path.name for path in TORTURE.glob("*.sip")} == {
        case["file"] for case in INDEX.values()
    }


@pytest.mark.parametrize("case", INDEX.values(), ids=INDEX)
def test_is_heard_as_a_phone_hears_it(case: dict[str, Any]) -> None:
    octets = (TORTURE / case["file"]).read_bytes()
    found = read_datagram(Unit("torture", 1, 0, octets), NO_FLOW, octets)
    messages = [one for one in found if isinstance(one, SipMessage)]
    assert len(messages) == case["messages"]
    if not messages:
        assert all(one.layer == "sip" for one in found)
        return
    assert found[0] is messages[0]
    heard = {name: getattr(messages[0], name) for name in FIELDS}
    heard["cseq"] = messages[0].cseq.decode()
    assert {name: heard[name] for name in FIELDS if name in case} == {
        name: case[name] for name in FIELDS if name in case
    }
