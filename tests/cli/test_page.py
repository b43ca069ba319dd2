# SPDX-License-Identifier: Apache-2.0
"""`qalqan page`: what it refuses; its life is in tests/test_page.py."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Qalqan

NODE = '[node]\nname = "bench"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (NODE, "page.listen: name the address of the management network"),
        (NODE + '[page]\nlisten = "0.0.0.0:9464"\n', "every address of the box"),
        (NODE + '[page]\nlisten = "here"\n', "an endpoint is host:port"),
        (NODE + '[page]\nlissten = "127.0.0.1:1"\n', "did you mean 'listen'?"),
    ],
)
def test_what_refuses_to_start(text: str, why: str, qalqan: Qalqan, tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(text)
    done = qalqan("page", "--config", config)
    assert done.code == 1
    assert why in done.err


def test_it_is_for_systemd_and_not_in_the_help(qalqan: Qalqan) -> None:
    assert re.search(r"^\W+ page ", qalqan("--help").out, re.MULTILINE) is None
    assert "health and numbers" in qalqan("page", "--help").out
