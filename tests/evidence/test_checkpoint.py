# SPDX-License-Identifier: Apache-2.0
"""What is signed is never contradicted, by this process or by the next one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.errors import InputError, TrustError
from edge.evidence import checkpoint
from edge.evidence.checkpoint import (
    EVERY_LEAVES,
    EVERY_S,
    Alarm,
    LogChanged,
    Signer,
    beside,
    covering,
    keys_of,
    read_kept,
)
from edge.evidence.merkle import WIDTH, is_consistent, root_of
from edge.evidence.note import COSIGNS, read_checkpoint, read_note
from edge.evidence.shelf import LEAVES, read_leaves
from edge.report.kinds import CheckpointEvent
from tests.evidence.box import APPLIANCE, HUB, ORIGIN, SEEN_S, Box, key

TIMED = {"seq": 1, "at": 0, "mono": 0, "boot": "b", "clock": "synced", "kind": "checkpoint"}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def cosignature(fields: Any, at_s: int = SEEN_S) -> str:
    return HUB.cosign(read_note(fields["note"].encode()).text, at_s).line()


def fill(box: Box, leaves: int) -> None:
    """Have a log of so many leaves, as its writer would have left it."""
    box.log.mkdir(parents=True, exist_ok=True)
    octets = b"".join(b"%032d" % leaf for leaf in range(1, leaves + 1))
    (box.log / LEAVES).write_bytes(octets)


def test_nothing_is_signed_while_there_is_nothing(box: Box) -> None:
    signer = box.signer()
    assert signer.sign(0.0) is None
    assert signer.sign(EVERY_S * 10) is None
    signer.close()


def test_a_minute_after_the_first_new_leaf(box: Box) -> None:
    signer = box.signer()
    fill(box, 3)
    assert signer.sign(1000.0) is None
    assert signer.sign(1000.0 + EVERY_S - 0.1) is None
    fields = signer.sign(1000.0 + EVERY_S)
    assert fields
    event = CheckpointEvent.model_validate({**TIMED, **fields})
    note = read_note(event.note.encode())
    signed = read_checkpoint(note.text)
    assert (event.origin, event.size) == (signed.origin, signed.size) == (ORIGIN, 3)
    assert signed.root == root_of(read_leaves(box.log))
    assert APPLIANCE.verifier().signed(note) is not None
    assert signer.sign(2000.0) is None  # nothing new
    signer.close()


def test_at_once_after_many_leaves(box: Box) -> None:
    signer = box.signer()
    fill(box, EVERY_LEAVES - 1)
    assert signer.sign(5.0) is None
    fill(box, EVERY_LEAVES)
    assert signer.sign(5.0)
    signer.close()


def test_each_checkpoint_proves_that_it_only_adds_to_the_one_before(box: Box) -> None:
    signer, before = box.signer(), (0, b"")
    for size in (1, 2, 7, 8, 300, 1000):
        fill(box, size)
        fields: Any = signer.sign(box.now_s) or signer.sign(box.now_s + EVERY_S)
        signed = read_checkpoint(read_note(fields["note"].encode()).text)
        proof = [bytes.fromhex(node) for node in fields["proof"]]
        assert fields["before"] == before[0]
        if before[0]:
            assert is_consistent(before, (signed.size, signed.root), proof)
        before = signed.size, signed.root
        box.now_s += 2 * EVERY_S
    signer.close()


def test_the_hubs_signature_is_kept_and_covers_all_before(box: Box) -> None:
    signer = box.signer()
    all_fields: list[Any] = []
    for size in (1, 2, 3):
        fill(box, size)
        signer.sign(box.now_s)
        all_fields.append(signer.sign(box.now_s + EVERY_S))
        box.now_s += 2 * EVERY_S
    assert signer.countersign(2, cosignature(all_fields[1])) == ""
    assert (signer.cosigned, list(signer._pending)) == (2, [3])
    assert signer.countersign(1, cosignature(all_fields[0])) == ""  # covered, and old news
    assert signer.countersign(3, cosignature(all_fields[2])) == ""
    signer.close()
    kept = read_kept(beside(box.log))
    assert [(each.checkpoint.size, each.is_cosigned) for each in kept] == [
        (1, False), (2, False), (3, False), (2, True), (3, True),
    ]  # fmt: skip
    assert HUB.verifier(COSIGNS).signed(kept[-1].signed) == SEEN_S
    newest = covering(kept, 0)
    assert newest
    assert (newest.checkpoint.size, newest.is_cosigned) == (3, True)
    assert covering(kept, 3) is None


def test_a_wrong_signature_of_the_hub_is_not_kept(box: Box) -> None:
    signer = box.signer()
    fill(box, 1)
    signer.sign(0)
    fields: Any = signer.sign(EVERY_S)
    text = read_note(fields["note"].encode()).text
    for line, why in (
        (HUB.cosign(text.replace("\n1\n", "\n2\n"), SEEN_S).line(), "does not hold"),
        (key("hub.other").cosign(text, SEEN_S).line(), "is not of hub.example"),
        (HUB.sign(text).line(), "is not of hub.example"),
        ("nonsense", "a line under a note"),
    ):
        assert why in signer.countersign(1, line)
    assert "no checkpoint of size 5" in signer.countersign(5, cosignature(fields))
    signer.hub = None
    assert signer.countersign(1, cosignature(fields)) == "the hub's key is not known"
    assert signer.cosigned == 0
    signer.close()
    assert len(read_kept(beside(box.log))) == 1


def test_what_was_signed_outlives_a_restart_and_is_said_once_more(box: Box) -> None:
    fill(box, 3)
    assert box.sign(cosigned=False) == 3
    first = box.signer()
    owed: Any = first.sign(0.0)
    assert (owed["size"], owed["before"]) == (3, 0)
    assert first.sign(0.0) is None
    assert first.countersign(3, cosignature(owed)) == ""
    first.close()
    second = box.signer()
    assert (second.sign(0.0), second.cosigned) == (None, 3)
    fill(box, 4)
    assert box_signs(second) == 4
    second.close()


def box_signs(signer: Signer) -> int:
    signer.sign(0.0)
    fields: Any = signer.sign(EVERY_S)
    return int(fields["size"])


@pytest.mark.parametrize("restarted", [True, False])
def test_a_log_that_shrank_is_not_signed_until_it_is_whole_again(box: Box, restarted: bool) -> None:
    fill(box, 5)
    signer = box.signer()
    assert box_signs(signer) == 5
    fill(box, 4)
    if restarted:
        signer.close()
        signer = box.signer()
    for _ in range(2):
        with pytest.raises(
            LogChanged, match=r"evidence-shrank: .*4 leaves, and 5 were signed"
        ) as said:
            signer.sign(EVERY_S * 9)
        assert said.value.alarm is Alarm.SHRANK
    fill(box, 6)
    said_again: list[Any] = [signer.sign(EVERY_S * minute) for minute in (10, 20, 30)]
    assert [fields["size"] for fields in said_again if fields][-1] == 6
    signer.close()


def test_a_log_that_shrank_and_grew_into_another_is_not_signed(box: Box) -> None:
    fill(box, 5)
    signer = box.signer()
    assert box_signs(signer) == 5
    octets = read_leaves(box.log)
    (box.log / LEAVES).write_bytes(octets[: 3 * WIDTH])
    with pytest.raises(LogChanged):
        signer.sign(0.0)
    (box.log / LEAVES).write_bytes(octets[: 3 * WIDTH] + octets[: 5 * WIDTH])
    with pytest.raises(LogChanged, match="evidence-changed"):
        signer.sign(0.0)
    signer.close()


def test_a_log_of_which_a_signed_leaf_was_changed_is_not_signed(box: Box) -> None:
    fill(box, 5)
    assert box.sign() == 5
    octets = bytearray(read_leaves(box.log))
    octets[2 * WIDTH] ^= 1
    (box.log / LEAVES).write_bytes(bytes(octets) + b"%032d" % 99)
    signer = box.signer()
    for _ in range(2):
        with pytest.raises(LogChanged, match=r"evidence-changed: .*one of 5 leaves") as said:
            signer.sign(EVERY_S * 9)
        assert said.value.alarm is Alarm.CHANGED
    fill(box, 6)
    signer.check()
    assert box_signs(signer) == 6
    signer.close()


def test_a_check_sees_what_was_changed_meanwhile(box: Box) -> None:
    fill(box, 5)
    signer = box.signer()
    assert box_signs(signer) == 5
    signer.check()
    octets = bytearray(read_leaves(box.log))
    octets[0] ^= 1
    (box.log / LEAVES).write_bytes(octets)
    with pytest.raises(LogChanged):
        signer.check()
    signer.close()


def test_a_line_torn_by_a_power_cut_never_left(box: Box) -> None:
    fill(box, 3)
    assert box.sign() == 3
    fill(box, 4)
    assert box.sign() == 4
    path = beside(box.log)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:-9])
    signer = box.signer()
    owed: Any = signer.sign(0.0)
    assert (owed["size"], signer.cosigned) == (4, 3)
    assert signer.countersign(4, cosignature(owed)) == ""
    signer.close()
    assert [each.checkpoint.size for each in read_kept(path)] == [3, 3, 4, 4]


def test_old_checkpoints_are_let_go_but_for_what_covers(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "KEPT", 4)
    fill(box, 1)
    assert box.sign() == 1
    for size in range(2, 12):
        fill(box, size)
        assert box.sign(cosigned=False) == size
    box.signer().close()
    kept = [(each.checkpoint.size, each.is_cosigned) for each in read_kept(beside(box.log))]
    assert kept[0] == (1, True)
    assert kept[1:] == [(size, False) for size in range(12 - len(kept) + 1, 12)]
    assert 4 < len(kept) <= 2 * 4


def test_keys_are_beside(box: Box) -> None:
    assert keys_of(box.log) == b""
    box.signer().close()
    expected = f"appliance {APPLIANCE.verifier()}\nhub {HUB.verifier(COSIGNS)}\n"
    assert keys_of(box.log) == expected.encode()
    Signer(box.log, APPLIANCE).close()
    assert keys_of(box.log) == f"appliance {APPLIANCE.verifier()}\n".encode()


def test_lines_that_are_no_checkpoint_are_passed_over(box: Box) -> None:
    path = beside(box.log)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\n{}\n" + msgspec.json.encode({"note": "no note"}) + b"\n")
    assert read_kept(path) == []
    with pytest.raises(TrustError):
        msgspec.json.decode(b'{"note":"x"}', type=checkpoint.Kept).checkpoint  # noqa: B018


def test_a_disk_that_refuses_at_the_start_is_asked_again_before_the_next_is_signed(
    box: Box,
) -> None:
    signer = box.signer()
    fill(box, 300)
    assert signer.sign(0.0)
    signer.close()
    path = beside(box.log)
    keys = path.with_suffix(".keys")
    with path.open("ab") as file:
        file.write(b'{"torn')
    keys.unlink()
    refuses = keys.with_name(keys.name + ".new")
    refuses.mkdir()
    again = box.signer()
    assert again.sign(0.0)  # the one of before, which the hub has not signed
    fill(box, 600)
    with pytest.raises(InputError):
        again.sign(0.0)
    refuses.rmdir()
    assert again.sign(0.0)
    again.close()
    assert [one.checkpoint.size for one in read_kept(path)] == [300, 600]
    assert b"appliance " in keys_of(box.log)
