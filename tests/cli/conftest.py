# SPDX-License-Identifier: Apache-2.0
"""The command `qalqan` as a function: words in, exit code and output back."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from edge.cli import main

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Qalqan = Callable[..., Done]


@pytest.fixture
def qalqan(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Qalqan]:
    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["qalqan", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Done(code, out.decode(), err.decode())

    yield run
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of the captures, to be changed at will."""
    path = tmp_path / "edge.toml"
    path.write_bytes((VECTORS / "edge.toml").read_bytes())
    return path
