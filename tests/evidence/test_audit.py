# SPDX-License-Identifier: Apache-2.0
"""An audit sees every change to a record, a leaf or a frame."""

import json
from pathlib import Path

import pytest

from edge.evidence.audit import audit
from edge.evidence.capture import FRAMES
from edge.evidence.journal import VERDICTS
from edge.evidence.merkle import WIDTH
from edge.evidence.shelf import LEAVES, PRUNED
from tests.evidence.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.keep(1, 2, 3)
    assert list(audit(box.log)) == []
    return box


def said(box: Box) -> list[str]:
    return [each.rpartition(": ")[2] for each in audit(box.log)]


def rewritten(box: Box, *order: int) -> None:
    path = box.file(VERDICTS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[number] for number in order))


def test_a_record_that_is_gone(box: Box) -> None:
    rewritten(box, 0, 2)
    assert said(box) == ["the record of leaf 1 is missing"]
    (box.log / PRUNED).write_bytes(b'{"before":"2026-11-25","leaves":2}')
    assert said(box) == []  # it was let go on purpose


def test_a_record_twice(box: Box) -> None:
    rewritten(box, 0, 1, 1, 2)
    assert said(box) == ["leaf 1 has two records"]


def test_a_changed_record(box: Box) -> None:
    path = box.file(VERDICTS)
    path.write_bytes(path.read_bytes().replace(b'"call":"c2"', b'"call":"c9"'))
    assert said(box) == ["the record of leaf 1 was changed"]


def test_a_changed_leaf(box: Box) -> None:
    leaves = bytearray((box.log / LEAVES).read_bytes())
    leaves[2 * WIDTH] ^= 1
    (box.log / LEAVES).write_bytes(leaves)
    assert said(box) == ["the record of leaf 2 was changed"]


def test_a_leaf_that_is_gone(box: Box) -> None:
    (box.log / LEAVES).write_bytes((box.log / LEAVES).read_bytes()[: 2 * WIDTH])
    assert said(box) == ["leaf 2 is not in the log"]


def test_changed_frames(box: Box) -> None:
    path = box.file(FRAMES)
    octets = bytearray(path.read_bytes())
    octets[-20] ^= 1
    path.write_bytes(octets)
    name = json.loads(box.file(VERDICTS).read_bytes().splitlines()[2])["id"]
    assert said(box) == [f"the frames of record {name} were changed"]


def test_a_torn_line_is_no_damage(box: Box) -> None:
    path = box.file(VERDICTS)
    path.write_bytes(path.read_bytes() + b'{"id":"torn')
    assert said(box) == []
