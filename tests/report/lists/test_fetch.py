# SPDX-License-Identifier: Apache-2.0
"""A file arrives over MQTT, or a named error does; whatever hub, wire or attacker say."""

import hashlib
import os
import random
import threading

import pytest

from edge.errors import DriverLost
from edge.report.lists.fetch import MOST_METADATA, Patience, most_of, read_block
from edge.report.lists.pull import BLOCK, MOST_OCTETS
from edge.report.message import BlockHead, Get
from edge.trust.alarm import Alarm, Refused
from edge.trust.fetch import Missing
from tests.report.beside import HASTY, PATIENT, beside

OCTETS = random.Random(3).randbytes(20 * BLOCK + 99)
SHA256 = hashlib.sha256(OCTETS).hexdigest()
BLOB = f"blobs/{SHA256}"


@pytest.fixture
def folder(tmp_path):
    """A repository with one blob and a file of metadata."""
    for name, octets in ((BLOB, OCTETS), ("metadata/timestamp.json", b"{}"), ("pending/x", b"x")):
        (tmp_path / "repository" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repository" / name).write_bytes(octets)
    return tmp_path / "repository"


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


def fetched(wire, path=BLOB):
    return b"".join(wire.fetcher.fetch(path))


def head_of(payload, **change):
    """Return a block with its head changed."""
    line, _, octets = payload.partition(b"\n")
    head = BlockHead.model_validate_json(line).model_copy(update=change)
    return head.model_dump_json().encode() + b"\n" + octets


def bent(change):
    """Return a bend that changes the payload of every answer."""
    return lambda answers: [one._replace(payload=change(one.payload)) for one in answers]


def test_a_blob_arrives_and_is_kept_until_it_is_finished_with(folder, kept):
    with beside(folder, kept) as wire:
        assert fetched(wire) == OCTETS
        assert wire.blocks == 21
        assert {path.stem for path in kept.iterdir()} == {SHA256}
        assert fetched(wire) == OCTETS, "a life that ended before it was finished with"
        assert wire.blocks == 21
        wire.fetcher.finish(0)
        assert list(kept.iterdir()) == []
        assert wire.fetcher.counts == {"new": 21}


def test_no_more_than_a_window_is_asked_for_at_once(folder, kept):
    with beside(folder, kept) as wire:
        fetched(wire)
    gets = [Get.model_validate_json(message.payload) for message in wire.sent]
    assert [(get.first, get.most) for get in gets] == [(0, 8), (8, 8), (16, 5)]
    assert {message.topic for message in wire.sent} == {"qalqan/v1/up/astana-1/get"}


def test_on_a_slow_line_less_is_asked_for_at_once(folder, kept):
    seconds = iter(range(0, 10_000, 2))
    with beside(folder, kept, Patience(answer_s=1000), now_s=lambda: next(seconds)) as wire:
        assert fetched(wire) == OCTETS
    most = [Get.model_validate_json(message.payload).most for message in wire.sent]
    assert most[:5] == [8, 4, 2, 1, 1]


@pytest.mark.parametrize("path", ["metadata/2.root.json", "blobs/" + "0" * 64])
def test_what_the_hub_does_not_have_is_missing(folder, kept, path):
    with beside(folder, kept) as wire, pytest.raises(Missing):
        fetched(wire, path)
    assert wire.library.counts["missing"] == 1


@pytest.mark.parametrize("path", ["pending/x", "../x", "blobs/x/../y", "lists/a", "", "/etc/hosts"])
def test_what_no_repository_holds_is_not_asked_for(folder, kept, path):
    with beside(folder, kept) as wire, pytest.raises(DriverLost):
        fetched(wire, path)
    assert wire.sent == []
    assert most_of(BLOB) == MOST_OCTETS


def test_blocks_that_are_lost_are_asked_for_again_and_no_others(folder, kept):
    rng = random.Random(5)
    with beside(folder, kept, HASTY) as wire:
        wire.bend = lambda answers: [one for one in answers if rng.random() < 0.7]
        assert fetched(wire) == OCTETS
        assert wire.fetcher.counts == {"new": 21}


def test_blocks_in_disorder_and_twice(folder, kept):
    with beside(folder, kept) as wire:
        wire.bend = lambda answers: [*reversed(answers), *answers]
        assert fetched(wire) == OCTETS
        assert wire.fetcher.counts["new"] == 21


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (lambda payload: head_of(payload, id="f" * 16), "foreign"),
        (lambda payload: head_of(payload, path="metadata/timestamp.json"), "foreign"),
        (lambda payload: payload[:-1] + bytes([payload[-1] ^ 1]), "wrong"),
        (lambda payload: payload[:-1], "wrong"),
        (lambda payload: head_of(payload, index=77), "wrong"),
        (lambda payload: head_of(payload, size=99), "wrong"),
        (lambda payload: payload + bytes(BLOCK), "malformed"),
        (lambda payload: b"{" + payload, "malformed"),
        (lambda payload: b"x" * 5000, "malformed"),
        (lambda payload: b"", "malformed"),
        (lambda payload: head_of(payload, v=9), "malformed"),
    ],
)
def test_what_was_not_asked_for_or_is_not_right_is_counted_and_dropped(folder, kept, change, count):
    with beside(folder, kept, HASTY) as wire:
        wire.bend = bent(change)
        with pytest.raises(DriverLost, match="does not answer"):
            fetched(wire)
        assert set(wire.fetcher.counts) == {count}
        wire.bend = lambda answers: answers
        assert fetched(wire) == OCTETS, "and none of it stands in the way"


def test_a_flood_is_no_reason_to_wait_for_ever(folder, kept):
    """The same wrong block, as fast as it can be sent: that is no answer."""
    with beside(folder, kept, HASTY) as wire:
        payload: list[bytes] = []
        ends = threading.Event()

        def flood():
            if not ends.is_set():
                wire.fetcher.heard(payload[0])
                wire.loop.call_soon(flood)

        def bend(answers):
            payload[:] = [answers[0].payload[:-1]]
            wire.loop.call_soon(flood)
            return []

        wire.bend = bend
        with pytest.raises(DriverLost, match="does not answer"):
            fetched(wire)
        ends.set()


def test_a_silent_hub_is_lost(folder, kept):
    with beside(folder, kept, HASTY) as wire:
        wire.bend = lambda answers: []
        with pytest.raises(DriverLost, match="does not answer"):
            fetched(wire)
        assert len(wire.sent) == HASTY.tries


@pytest.mark.parametrize(
    ("gone", "code", "why"),
    [
        (DriverLost("no broker"), 0, "no broker"),
        (None, 0x10, "nobody answers"),
        (None, 0x87, "0x87"),
    ],
)
def test_a_request_that_does_not_reach_the_hub_is_not_waited_for(folder, kept, gone, code, why):
    with beside(folder, kept, PATIENT) as wire:
        wire.bend = lambda answers: []
        wire.gone, wire.code = gone, code
        with pytest.raises(DriverLost, match=why):
            fetched(wire)


def test_a_bug_in_sending_is_not_hidden(folder, kept):
    with beside(folder, kept) as wire:
        wire.gone = ZeroDivisionError("a bug")
        with pytest.raises(ZeroDivisionError):
            fetched(wire)


@pytest.mark.parametrize("end", ["lost", "close"])
def test_the_end_of_a_connection_ends_all_waiting(folder, kept, end):
    with beside(folder, kept) as wire:

        def bend(answers):
            wire.fetcher.lost("cut") if end == "lost" else wire.fetcher.close()
            return []

        wire.bend = bend
        with pytest.raises(DriverLost):
            fetched(wire)
        wire.bend = lambda answers: answers
        if end == "lost":
            assert fetched(wire) == OCTETS
        else:
            with pytest.raises(DriverLost, match="ends"):
                fetched(wire)


def test_no_block_is_fetched_twice_in_any_number_of_lives(folder, kept):
    """Cut within every window: what arrived counts, and is not asked for again."""
    came, lives = b"", 0
    while came != OCTETS:
        lives += 1
        with beside(folder, kept) as wire:

            def bend(answers, wire=wire):
                wire.loop.call_soon(wire.fetcher.lost, "cut")
                return answers[:3]

            wire.bend = bend
            try:
                came = fetched(wire)
            except DriverLost:
                assert wire.fetcher.counts == {"new": 3}
    assert lives == 7


def test_a_blob_that_is_another_is_forgotten(folder, kept):
    (folder / BLOB).write_bytes(OCTETS[::-1])
    with beside(folder, kept) as wire:
        assert fetched(wire) == OCTETS[::-1], "who asked will see that its hash is wrong"
        assert list(kept.iterdir()) == []
        (folder / BLOB).write_bytes(OCTETS)
        assert fetched(wire) == OCTETS


def test_a_lie_about_the_size_does_not_outlive_its_life(folder, kept):
    with beside(folder, kept, HASTY) as wire:
        (folder / BLOB).write_bytes(bytes(30 * BLOCK))
        wire.bend = lambda answers: answers if len(wire.sent) == 1 else []
        with pytest.raises(DriverLost):
            fetched(wire)
        assert list(kept.iterdir()) != [], "nobody can tell yet"
        (folder / BLOB).write_bytes(OCTETS)
        wire.bend = lambda answers: answers
        with pytest.raises(DriverLost):
            fetched(wire)
        assert fetched(wire) == OCTETS


def test_who_stops_in_between_has_been_given_too_much(folder, kept):
    with beside(folder, kept) as wire:
        given = wire.fetcher.fetch(BLOB)
        next(given)
        given.close()
        assert list(kept.iterdir()) == []


def test_a_file_without_end_is_not_begun(folder, kept):
    with beside(folder, kept) as wire:
        wire.bend = bent(lambda payload: head_of(payload, size=MOST_METADATA + 1))
        with pytest.raises(Refused) as caught:
            fetched(wire, "metadata/timestamp.json")
    assert caught.value.alarm is Alarm.ENDLESS_DATA


def test_metadata_that_came_unasked_is_used_once(folder, kept):
    with beside(folder, kept) as wire:
        for name, octets in (
            ("2.snapshot.json", b"two"), ("timestamp.json", b"old"), ("../1.x.json", b"x"),
            ("3.targets.json", bytes(70_000)), ("4.targets.json", b""),
        ):  # fmt: skip
            wire.fetcher.learn(name, octets)
        assert fetched(wire, "metadata/2.snapshot.json") == b"two"
        assert fetched(wire, "metadata/timestamp.json") == b"{}", "always asked for"
        for name in ("2.snapshot.json", "3.targets.json", "4.targets.json"):
            with pytest.raises(Missing):
                fetched(wire, f"metadata/{name}")
        for version in range(1, 200):
            wire.fetcher.learn(f"{version}.fraud-operator.json", b"{}")
        assert len(wire.fetcher._learnt) == 64


def test_a_full_disk_is_an_error_of_this_box(folder, kept):
    with beside(folder, kept) as wire:
        kept.rmdir()
        with pytest.raises(OSError, match="No such file"):
            fetched(wire)


def test_an_abandoned_file_is_forgotten(folder, kept):
    with beside(folder, kept, HASTY) as wire:
        wire.bend = lambda answers: answers[:1] if len(wire.sent) == 1 else []
        with pytest.raises(DriverLost):
            fetched(wire)
        wire.fetcher.finish(0)
        assert list(kept.iterdir()) != []
        wire.fetcher.finish(1 << 40)
        assert list(kept.iterdir()) == []


def test_a_head_is_read_from_noise_without_a_word():
    rng = random.Random(9)
    whole = b'{"id":"a","path":"b","size":1,"index":0}\nx'
    assert read_block(whole).octets == b"x"
    for _ in range(300):
        octets = bytearray(whole)
        octets[rng.randrange(len(octets))] = rng.randrange(256)
        read_block(bytes(octets[: rng.randrange(len(octets) + 1)]))
        read_block(os.urandom(50) + b"\n")
