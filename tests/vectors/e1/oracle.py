# SPDX-License-Identifier: Apache-2.0
"""What tshark reads in a capture of this folder, field by field."""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def tshark(name, fields, *preferences):
    """Return, a frame each, the values of every field in the order of the frame."""
    command = ["tshark", "-r", str(HERE / name), "-T", "fields", "-E", "aggregator=|"]
    command += [word for preference in preferences for word in ("-o", preference)]
    command += [word for field in fields for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return [
        {
            field: [value for value in cell.split("|") if value]
            for field, cell in zip(fields, row, strict=True)
        }
        for row in rows
    ]


_WORDS = {"False": 0, "True": 1}


def numbers(values):
    """Values as integers, whichever base tshark prints the field in; since 4.2 some as words."""
    return [_WORDS[value] if value in _WORDS else int(value, 0) for value in values]
