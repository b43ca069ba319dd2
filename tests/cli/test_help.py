# SPDX-License-Identifier: Apache-2.0
"""The commands as one set: each has its place in the help, says what it does, and shows how."""

from collections import Counter

import pytest
from typer.main import get_command

from edge.cli import PANELS, app
from edge.cli.manual import leaves

COMMANDS = dict(leaves(get_command(app)))


def test_every_command_has_one_place_in_the_help() -> None:
    placed = Counter(name for names in PANELS.values() for name in names)
    assert set(placed.values()) == {1}
    assert set(placed) == {words.split()[0] for words in COMMANDS}


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_it_says_what_it_does_and_shows_how(words: str) -> None:
    command = COMMANDS[words]
    first = command.help.splitlines()[0]
    assert first.endswith((".", "?")), first
    assert f"Example: qalqan {words}" in " ".join(command.help.split()), command.help
    for parameter in command.params:
        assert parameter.help, parameter.name
