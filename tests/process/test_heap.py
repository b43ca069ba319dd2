# SPDX-License-Identifier: Apache-2.0
"""What large blocks took is the machine's again, though a small one lies behind them."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from edge.process.heap import map_large_blocks
from tests.bench.private import private_mb

if sys.argv[1:]:
    assert map_large_blocks()
large = bytearray(16 << 20)
del large  # from now on the allocator takes such from the heap, if nobody forbids it
before = private_mb()
tables = [bytearray(b"x" * (1 << 20)) for _ in range(40)]
behind = bytearray(1000)
tables.clear()
print(private_mb() - before)
"""


@pytest.mark.parametrize(("words", "kept"), [(["mapped"], (0, 2)), ([], (5, 42))])
def test_large_blocks_go_back(words: list[str], kept: tuple[float, float]) -> None:
    command = [sys.executable, "-c", PROGRAM, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    least, most = kept
    assert least <= float(done.stdout) <= most
