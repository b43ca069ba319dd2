# SPDX-License-Identifier: Apache-2.0
"""The manual page names every command and option, and groff has nothing to say of it."""

import re
import subprocess

import pytest
from typer.main import get_command

from edge.cli import app
from edge.cli.manual import leaves, page

COMMANDS = dict(leaves(get_command(app)))


def plain() -> str:
    """Return the page without roff's own signs."""
    return re.sub(r"\\f[BIR]|\\&", "", page()).replace("\\-", "-").replace("\\e", "\\")


def test_every_command_and_option_is_there() -> None:
    said = plain()
    for words, command in COMMANDS.items():
        _, *found = re.split(rf"^qalqan {words}(?: [A-Z].*)?$", said, flags=re.MULTILINE)
        (section,) = (one.partition("\nqalqan ")[0] for one in found)
        for option in (name for one in command.params for name in one.opts if name[0] == "-"):
            assert option in section, (words, option)


def test_what_means_something_to_roff_is_escaped() -> None:
    lines = [line for line in page().splitlines() if not line.startswith((".", "\\fB", "\\&"))]
    assert not [line for line in lines if line.startswith("'")]
    assert not [line for line in lines if re.search(r"(?<!\\)-", line)]


@pytest.mark.peer("groff")
def test_groff_reads_it() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z"], input=page(), text=True, capture_output=True,
        check=True,
    )  # fmt: skip
    assert done.stderr == ""
