# SPDX-License-Identifier: Apache-2.0
"""What evidence costs: to keep a verdict, and to sign and to prove in a log of a million."""

import os
import tempfile
import time
from pathlib import Path

from edge.evidence.journal import Journal
from edge.evidence.merkle import Frontier, inclusion, root_by_inclusion, root_of
from tests.evidence.box import Box, decided

KEPT = 5_000
ROUNDS = 5
SIZE = 1_000_000
MOST_KEEP_US = 60.0


def rows():
    """Return the rows of the table."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # a disk, not memory
        return [*_keeping(Path(folder)), *_tree()]


def _keeping(folder):
    calls = [decided(number) for number in range(KEPT)]
    took, synced = [], []
    for number in range(ROUNDS):
        journal = Journal(Box(folder / str(number)).log)
        for call in calls:
            began = time.perf_counter_ns()
            journal.keep(call)
            took.append((time.perf_counter_ns() - began) / 1000)
        began = time.perf_counter_ns()
        journal.sync()
        synced.append((time.perf_counter_ns() - began) / 1e6)
        journal.close()
    took.sort()
    yield _row("evidence: keep a verdict, median", took[len(took) // 2], "us", MOST_KEEP_US)
    yield _row("evidence: keep a verdict, 99 of 100", took[len(took) * 99 // 100], "us")
    yield _row(f"evidence: sync of {KEPT}", min(synced), "ms")


def _tree():
    leaves = os.urandom(SIZE * 32)
    root, began = root_of(leaves), time.perf_counter()
    tree = Frontier()
    tree.extend(leaves)
    yield _row("evidence: read and check 1 M leaves", time.perf_counter() - began, "s")
    began = time.perf_counter()
    proof = inclusion(leaves, SIZE * 2 // 3, SIZE)
    yield _row("evidence: prove one of 1 M", time.perf_counter() - began, "s")
    leaf = leaves[SIZE * 2 // 3 * 32 :][:32]
    assert root == tree.root()
    began = time.perf_counter()
    for _ in range(ROUNDS):
        assert root_by_inclusion(leaf, SIZE * 2 // 3, SIZE, proof) == root
    took_us = (time.perf_counter() - began) / ROUNDS * 1e6
    yield _row("evidence: verify that proof", took_us, "us")


def _row(name, value, unit, at_most=None):
    return {
        "name": name, "value": round(value, 2), "unit": unit,
        "target": f"<= {at_most:g}" if at_most else "", "peer": "", "peer_value": None,
        "ratio": None, "ok": not at_most or value <= at_most,
    }  # fmt: skip
