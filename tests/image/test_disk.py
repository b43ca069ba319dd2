# SPDX-License-Identifier: Apache-2.0
"""The partition table: GRUB counts on the numbers, RAUC on the labels, updates on the sizes."""

from image.board import MIB, PARTITIONS
from image.disk import _table
from image.filesystems import named

LABELS = ["esp", "boot_a", "boot_b", "system_a", "system_b", "data"]


def test_partitions_stand_in_the_order_that_the_loader_counts() -> None:
    assert [partition.label for partition in PARTITIONS] == LABELS


def test_both_slots_are_alike() -> None:
    sizes = {partition.label: partition.size for partition in PARTITIONS}
    assert sizes["boot_a"] == sizes["boot_b"]
    assert sizes["system_a"] == sizes["system_b"]


def test_partitions_touch_and_begin_at_a_mebibyte() -> None:
    lines = [line for line in _table("x86_64").splitlines() if line.startswith("start=")]
    at = MIB
    for line, partition in zip(lines, PARTITIONS, strict=True):
        fields = dict(part.split("=") for part in line.split(", "))
        assert (int(fields["start"]) * 512, fields["name"]) == (at, partition.label)
        at += int(fields["size"]) * 512


def test_names_are_the_same_each_time_and_differ() -> None:
    assert named("a", "b") == named("a", "b")
    assert named("a", "b") != named("a", "c")
