# SPDX-License-Identifier: Apache-2.0
"""What is made by joining octets is what the model reads, and what the hub reads."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from edge.report import topic
from edge.report.event import CLASSES, MOST_OCTETS, Class, Clock, Event, Moment, encode
from edge.report.hub.batch import batch
from edge.report.message import Batch
from edge.report.outbox.stored import Stored
from edge.report.port import Outbound
from hil.hub import batch as hub

STREAM = "0b5e1c1e-7a6d-4b0e-9a53-2f3c8a9d1e00"
MOMENT = Moment(1_790_000_000_123_456_789, 5_000, "b00t", Clock.SYNCED)
TEXTS = st.dictionaries(st.sampled_from(("text", "name", "trunk")), st.text(max_size=40))


def event(cls: Class = Class.AUDIT, *, at: int = MOMENT.at, **fields: Any) -> bytes:
    kept = {"name": "hub-silent", "text": "the hub says nothing", **fields}
    return encode(Event(cls, "alarm", Moment(at, 5_000, "b00t"), kept))


def text(message: Outbound) -> bytes:
    packed = message.payload
    return packed if packed.startswith(b"{") else zlib.decompress(packed)


@given(st.sampled_from(CLASSES), st.lists(TEXTS, min_size=1, max_size=20), st.integers(1, 1 << 62))
def test_the_model_reads_what_is_made(cls: Class, texts: list[dict[str, Any]], seq: int) -> None:
    rows = [Stored(seq + at, event(cls, **more)) for at, more in enumerate(texts)]
    made = batch("astana-1", cls, STREAM, rows)
    read = Batch.model_validate_json(text(made))
    assert (read.v, read.node, read.stream, read.cls) == (1, "astana-1", STREAM, cls.value)
    for row, found, more in zip(rows, read.events, texts, strict=True):
        assert found.seq == row.seq
        assert found.model_dump()["text"] == more.get("text", "the hub says nothing")
    assert made.topic == topic.events("astana-1", cls)


def test_the_hub_reads_what_is_made() -> None:
    rows = [Stored(seq, event(text="x" * seq)) for seq in range(1, 400)]
    read = hub.read("astana-1", "ev/audit", batch("astana-1", Class.AUDIT, STREAM, rows).payload)
    assert isinstance(read, hub.Batch)
    assert [row.seq for row in read.rows] == [row.seq for row in rows]
    assert json.loads(read.rows[7].body)["text"] == "x" * 8


def test_it_is_packed_where_that_helps() -> None:
    many = batch("a", Class.CALL, STREAM, [Stored(seq, event()) for seq in range(1, 200)])
    assert many.payload[0] == 0x78
    assert len(many.payload) * 4 < len(text(many))
    noise = "".join(chr(33 + (at * 7919 * at) % 90) for at in range(80))
    one = batch("a", Class.CALL, STREAM, [Stored(1, b'{"kind":"%b"}' % noise.encode())])
    assert one.payload[:1] in {b"{", b"x"}
    assert len(one.payload) <= len(text(one))


def test_one_cloud_event_a_batch() -> None:
    rows = [Stored(7, event()), Stored(9, event(at=MOMENT.at + 10**9))]
    made = batch("astana-1", Class.BLOCK, STREAM, rows)
    assert dict(made.properties) == {
        "specversion": "1.0",
        "id": f"{STREAM}:7-9",
        "source": "/qalqan/astana-1",
        "type": "kz.qalqan.events.block.v1",
        "time": "2026-09-21T14:13:20.123456Z",
    }
    assert (made.content_type, made.qos, made.retain) == ("application/json", 1, False)


@pytest.mark.parametrize("body", [b'{"kind":"x"}', b'{"at":"never"}', b'{"at":-5}', b"{}"])
def test_an_event_without_a_time_costs_the_batch_its_time_alone(body: bytes) -> None:
    assert "time" not in batch("a", Class.DEBUG, STREAM, [Stored(1, body)]).properties


@pytest.mark.parametrize("at", [0, 10**9, 9_999_999_999_999_999_999])
def test_any_time_can_be_said(at: int) -> None:
    made = batch("a", Class.DEBUG, STREAM, [Stored(1, b'{"kind":"x","at":%d}' % at)])
    assert made.properties["time"].endswith("Z")


def test_the_largest_event_fits() -> None:
    body = event(text="x" * MOST_OCTETS)
    assert len(text(batch("a", Class.AUDIT, STREAM, [Stored(1, body)]))) > MOST_OCTETS
