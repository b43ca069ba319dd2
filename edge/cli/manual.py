# SPDX-License-Identifier: Apache-2.0
"""The manual page qalqan(1), made of the same words as `--help`: `python -m edge.cli.manual`.

To read it at a desk: `python -m edge.cli.manual | man -l -`. Written with man(7)'s macros.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

from typer.main import get_command

from edge import __version__
from edge.cli import HIDDEN, PANELS, app
from edge.cli.options import APPLIANCE

Command: TypeAlias = Any
"A command as typer keeps it, which it does not name in public."
EXAMPLE = re.compile(r"(?=\bExample: )")
_ENDS = f"""\
.SH EXIT STATUS
.TP
.B 0
It is done, and all is well.
.TP
.B 1
It failed; standard error says why, and what to do.
.TP
.B 2
The words of the command are wrong.
.TP
.B 3
It is done, and something is to be looked at.
.SH ENVIRONMENT
.TP
.B QALQAN_CONFIG
The appliance's TOML file, where
.B \\-\\-config
does not name one.
.TP
.B NO_COLOR
No colours; there are none where the output is no terminal.
.SH FILES
.TP
.I {APPLIANCE}
The configuration of a flashed appliance; at a desk
.I edge.toml
of the folder one is in.
.SH SEE ALSO
The numbers of a box and what they mean stand in
.I edge/ARCHITECTURE.md
of the source.
"""


def page() -> str:
    """Return the page as roff."""
    root: Command = get_command(app)
    return "".join([*_begins(root), *_commands(root), _ENDS])


def _begins(root: Command) -> Iterator[str]:
    yield f'.TH QALQAN 1 "" "qalqan {__version__}" "Qalqan Edge"\n.SH NAME\n'
    yield f"qalqan \\- {_text(root.help.rstrip('.'))}\n"
    yield ".SH SYNOPSIS\n.B qalqan\n.I COMMAND\n[OPTIONS] [ARGUMENTS]\n.SH COMMANDS\n"


def _commands(root: Command) -> Iterator[str]:
    for panel, names in PANELS.items():
        yield f".SS {panel}\n"
        for name in names:
            for words, command in leaves(root.get_command(None, name), name):
                yield from _command(words, command)


def leaves(command: Command, *path: str) -> Iterator[tuple[str, Command]]:
    """Yield every command below one that people may call, by its words."""
    if not hasattr(command, "list_commands"):
        yield " ".join(path), command
        return
    for name in command.list_commands(None):
        if path or name not in HIDDEN:
            yield from leaves(command.get_command(None, name), *path, name)


def _command(words: str, command: Command) -> Iterator[str]:
    takes = [one for one in command.params if one.param_type_name != "option"]
    named = " ".join(f"\\fI{_text(one.name.upper())}\\fR" for one in takes)
    yield f".TP\n\\fBqalqan {_text(words)}\\fR {named}\n".replace("\\fR \n", "\\fR\n")
    for part in EXAMPLE.split(" ".join(command.help.split())):
        yield f"{_text(part.strip())}\n.br\n"
    options = [one for one in command.params if one not in takes and one.name != "help"]
    if options:
        yield ".RS\n"
        for one in options:
            names = ", ".join(f"\\fB{_text(name)}\\fR" for name in one.opts)
            yield f".TP\n{names}\n{_text(one.help or '')}\n"
        yield ".RE\n"


def _text(text: str) -> str:
    """Return words that mean nothing to roff."""
    return re.sub(r"^(?=[.'])", r"\\&", text.replace("\\", "\\e").replace("-", "\\-"))


if __name__ == "__main__":
    sys.stdout.write(page())
