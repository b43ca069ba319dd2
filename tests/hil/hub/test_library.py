# SPDX-License-Identifier: Apache-2.0
"""The library gives what a repository holds, and nothing else; news are said once, in order."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from edge.blocklist.manifest import Record, read_record, write_signed
from edge.errors import ListError
from edge.report.lists.pull import BLOCK
from edge.report.lists.urgent import read_urgent
from edge.report.message import Ask, Get
from edge.trust.urgent import sign_record
from hil.hub.library import MOST_BLOCKS, Library, asked_for, parts_of
from hil.hub.store import Store, sqlite_url
from tests.blocklist.images import entry
from tests.trust.centre import DAY, NOW, Centre

NODE = "astana-1"
NS = 10**9
BOTH = ("operator", "prosecutor")


@pytest.fixture
def world(tmp_path):
    centre = Centre(tmp_path / "centre")
    centre.add("77172000001")
    centre.publish()
    return SimpleNamespace(centre=centre, library=Library(centre.folder), folder=centre.folder)


def get(world, path, **more):
    """Ask for blocks; return heads and octets."""
    payload = Get(id="me", path=path, **more).model_dump_json().encode()
    answers = world.library.take(NODE, "get", payload, NOW * NS)
    assert {answer.topic for answer in answers} <= {"qalqan/v1/dn/astana-1/blk"}
    assert not any(answer.retain for answer in answers)
    parts = (answer.payload.partition(b"\n") for answer in answers)
    return [(json.loads(line), octets) for line, _, octets in parts]


def ask(world, now_s=NOW, **urgent):
    """Ask what is urgent; return the numbers of what is told."""
    payload = Ask(epoch=1, urgent=urgent).model_dump_json().encode()
    answers = world.library.take(NODE, "ask", payload, now_s * NS)
    assert {answer.topic for answer in answers} <= {"qalqan/v1/dn/astana-1/urgent"}
    return [numbered(answer) for answer in answers]


def numbered(answer):
    record = read_record(read_urgent(answer.payload).record)
    return record.list, record.seq


def signed(world, seq, added=("447700900001",), sides=BOTH, name="fraud", expires=NOW + DAY):
    record = Record(name, seq, NOW, expires, tuple(entry(one) for one in added))
    return sign_record(record, [world.centre.keys[name, side] for side in sides])


def said(world, now_s=NOW):
    """Return the names of metadata and the urgent records that are said to all."""
    found = []
    for one in world.library.news(now_s * NS):
        rest = one.topic.removeprefix("qalqan/v1/dn/all/")
        assert one.retain is rest.startswith("tuf/")
        found.append((rest, bool(one.payload)) if one.retain else numbered(one))
    return found


def test_blocks_are_of_the_file_and_of_no_other(world):
    octets = bytes(range(256)) * (5 * BLOCK // 256) + b"end"
    (world.folder / "blobs" / "long").write_bytes(octets)
    answers = get(world, "blobs/long", first=2, missing="b0", most=8)
    assert [head["index"] for head, _ in answers] == [2, 4, 5]
    for head, part in answers:
        at = head["index"] * BLOCK
        assert part == octets[at : at + BLOCK]
        assert head["sha256"] == hashlib.sha256(part).hexdigest()
        assert (head["size"], head["id"], head["path"]) == (len(octets), "me", "blobs/long")


def test_an_empty_file_has_one_empty_block(world):
    (world.folder / "blobs" / "empty").touch()
    [(head, octets)] = get(world, "blobs/empty", missing="ff")
    assert (head["size"], head["index"], octets) == (0, 0, b"")


@pytest.mark.parametrize(
    "path",
    [
        "pending/x.json", "lists/fraud/manifest.json", "urgent/1.json", "../keys.pem", "/etc/hosts",
        "metadata/../../keys.pem", "blobs/nothing", "blobs", "blobs/link", "", "\x00", "metadata/",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_not_to_be_read_is_missing(world, path):
    (world.folder / "pending" / "x.json").write_text("{}")
    (world.folder.parent / "keys.pem").write_text("secret")
    (world.folder / "blobs" / "link").symlink_to(world.folder.parent / "keys.pem")
    [(head, octets)] = get(world, path)
    assert head["missing"]
    assert octets == b""


@given(
    first=st.integers(0, 50), bits=st.binary(max_size=200), most=st.integers(1, 64),
    size=st.integers(0, 40 * BLOCK),
)  # fmt: skip
def test_what_is_asked_for_is_bounded_and_there(first, bits, most, size):
    found = asked_for(Get(id="a", path="b", first=first, missing=bits.hex(), most=most), size)
    assert len(found) <= min(most, MOST_BLOCKS)
    assert found == sorted(set(found))
    assert all(first <= index < max(1, -(-size // BLOCK)) for index in found)


@pytest.mark.parametrize(
    ("rest", "payload"),
    [("get", b""), ("get", b"{}"), ("ask", b"\xff"), ("get", b'{"id":"a","path":"b","first":-1}')],
)
def test_what_cannot_be_read_is_counted(world, rest, payload):
    assert world.library.take(NODE, rest, payload, NOW * NS) == []
    assert world.library.counts == {"malformed": 1}
    assert get(world, "metadata/timestamp.json", missing="zz") == []


def test_metadata_is_said_once_and_what_it_replaces_is_taken_back(world):
    first = said(world)
    assert first[-1] == ("tuf/timestamp.json", True), "what brings news comes last"
    assert ("tuf/1.fraud-operator.json", True) in first
    assert ("tuf/1.root.json", True) in first
    assert said(world) == []
    world.centre.add("77172000002")
    world.centre.publish()
    second = said(world)
    assert ("tuf/2.fraud-operator.json", True) in second
    assert ("tuf/1.fraud-operator.json", False) in second
    assert not any("root" in name or "spam" in name for name, _ in second)
    world.library.anew()
    assert {name for name, is_said in said(world) if is_said} >= {
        "tuf/2.fraud-operator.json", "tuf/timestamp.json"
    }  # fmt: skip


def test_a_folder_without_a_repository_says_nothing(tmp_path):
    [library] = parts_of(Store(sqlite_url(tmp_path / "hub.db")), tmp_path)
    world = SimpleNamespace(library=library)
    assert isinstance(library, Library)
    assert library.news(NOW * NS) == []
    assert ask(world, fraud=0) == []
    [(head, _)] = get(world, "metadata/timestamp.json")
    assert head["missing"]


def test_urgent_records_are_pushed_once_and_told_to_who_asks(world):
    said(world)
    for seq in (2, 1):
        world.library.push_urgent(signed(world, seq))
    world.library.push_urgent(signed(world, 5, name="spam"))
    assert said(world) == [("fraud", 1), ("fraud", 2), ("spam", 5)]
    assert said(world) == []
    assert ask(world, fraud=0) == [("fraud", 1), ("fraud", 2)]
    assert ask(world, fraud=1, spam=5) == [("fraud", 2)]
    assert ask(world) == []
    assert ask(world, now_s=NOW + 2 * DAY, fraud=0) == []
    world.library.anew()
    assert said(world)[0] == ("fraud", 1)


@pytest.mark.parametrize("sides", [(), ("operator",), ("operator", "operator")])
def test_what_appliances_would_call_an_attack_is_not_pushed(world, sides):
    with pytest.raises(ListError, match="signed by"):
        world.library.push_urgent(signed(world, 1, sides=sides))
    lift = signed(world, 2, added=(), sides=("prosecutor",))
    assert world.library.push_urgent(lift).name == "fraud-2.json"


def test_a_record_of_a_list_that_is_not_signed_here(world, tmp_path):
    other = Centre(tmp_path / "other", lists=("other",))
    record = Record("other", 1, NOW, NOW + DAY)
    with pytest.raises(ListError, match="not signed here"):
        world.library.push_urgent(sign_record(record, [other.keys["other", "operator"]]))


def test_a_file_waits_for_its_second_signature(world):
    """`qalqan list urgent add --out centre/urgent/1.json`, and `sign` of it a minute later."""
    said(world)
    folder = world.folder / "urgent"
    path = folder / "1.json"
    path.write_bytes(write_signed(signed(world, 1, sides=("operator",))))
    (folder / "2.json").write_bytes(b"no record")
    assert said(world) == []
    assert set(world.library.waiting) == {"1.json", "2.json"}
    assert "signed by operator only" in world.library.waiting["1.json"]
    path.with_suffix(".new").write_bytes(write_signed(signed(world, 1)))
    path.with_suffix(".new").replace(path)
    assert said(world) == [("fraud", 1)]
    (folder / "2.json").unlink()
    assert said(world) == []
    assert world.library.waiting == {}
    path.unlink()
    assert ask(world, fraud=0) == []


def test_new_keys_let_a_waiting_record_go(world):
    said(world)
    old = world.centre.keys["fraud", "operator"]
    world.centre.keys["fraud", "operator"] = world.centre.keys["spam", "operator"]
    path = world.folder / "urgent" / "1.json"
    path.write_bytes(write_signed(signed(world, 1)))
    assert said(world) == []
    assert old is not world.centre.keys["fraud", "operator"]
    keys = {side: world.centre.keys["fraud", side].public_key for side in BOTH}
    world.centre.repository.delegate("fraud", keys, world.centre.root, world.centre.online, NOW)
    assert said(world)[-1] == ("tuf/timestamp.json", True)
    assert said(world) == [("fraud", 1)]
