# SPDX-License-Identifier: Apache-2.0
"""A step of versions: what is new is passed over, what is wrong is refused with its place."""

import pytest
from pydantic import ValidationError

from edge.report import message as m

STREAM = "00000000-0000-4000-8000-000000000001"
EVENT = {"seq": 1, "at": 1, "mono": 1, "boot": "b", "clock": "unset", "kind": "alarm"}
BATCH = {"v": 1, "node": "astana-1", "stream": STREAM, "class": "audit", "events": [EVENT]}


def test_new_fields_are_passed_over_and_new_kinds_are_kept() -> None:
    newer = BATCH | {"colour": "red", "events": [EVENT | {"kind": "comet", "tail_km": 7}]}
    batch = m.Batch.model_validate(newer)
    assert batch.events[0].kind == "comet"
    assert batch.events[0].model_extra == {"tail_km": 7}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"stream": "1"}, "stream"),
        ({"class": "gossip"}, "class"),
        ({"node": "A B"}, "node"),
        ({"events": []}, "events"),
        ({"events": [EVENT | {"seq": 0}]}, "seq"),
        ({"events": [EVENT | {"at": -1}]}, "at"),
        ({"events": [EVENT | {"at": 1 << 63}]}, "at"),
        ({"v": 0}, "v"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        m.Batch.model_validate(BATCH | change)
    assert where in str(refused.value.errors()[0]["loc"])


def test_every_whole_message_says_its_version() -> None:
    whole = [
        model
        for model in vars(m).values()
        if isinstance(model, type) and issubclass(model, m.Versioned)
    ]
    assert len(whole) > 10
    assert all(model.model_fields["v"].default == m.VERSION for model in whole)
    assert m.VERSION in m.ACCEPTS


def test_a_command_keeps_the_very_octets_that_were_signed() -> None:
    body = '{"v":1, "id" : "x"}'
    command = m.Command(body=body, signatures=(("aa", "bb"),))
    assert m.Command.model_validate_json(command.model_dump_json()).body == body
