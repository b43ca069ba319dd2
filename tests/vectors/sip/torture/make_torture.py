#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the torture set: hostile and odd SIP messages, and what should be heard in each.

    python tests/vectors/sip/torture/make_torture.py [--check]

The same octets at each run; `--check` writes nothing and fails if a file is not as it would be.
The question asked of a case is never "is this valid?" but "what will the phone see?".
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3]))  # run as a script, from anywhere

from tests.vectors.sip.torture.build import Case  # noqa: E402
from tests.vectors.sip.torture.frames import FRAMES  # noqa: E402
from tests.vectors.sip.torture.lines import LINES  # noqa: E402
from tests.vectors.sip.torture.values import VALUES  # noqa: E402

HEADING = """\
# SPDX-License-Identifier: Apache-2.0
# Written by make_torture.py. Each file is one UDP datagram. `messages` is how many SIP messages it
# holds; `type`, `call`, `calling`, `called` and `cseq` (single blanks) are of the first, an absent
# field is one without a right answer. A caller or called number is the user part as heard,
# % escapes undone, parameters and password taken off. With `messages = 0` a decoder may report
# `Malformed` of layer `sip`, or pass the octets over as other traffic, but it invents no message.
"""


def files() -> dict[Path, bytes]:
    """Return every file of the set with its octets."""
    cases: list[Case] = sorted((*LINES, *VALUES, *FRAMES), key=lambda case: case.name)
    written = {HERE / f"{case.name}.sip": case.octets for case in cases}
    if len(written) != len(cases):
        raise ValueError("two cases have one name")
    index = "\n".join((HEADING, *(_entry(case) for case in cases)))
    return written | {HERE / "index.toml": index.encode()}


def _entry(case: Case) -> str:
    fields = {"file": f"{case.name}.sip", "why": case.why, **case.expect}
    if case.expect["messages"] == 0:
        fields["malformed"] = True
        fields["layer"] = "sip"
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
    return "\n".join((f"[{case.name}]", *lines)) + "\n"


def main() -> None:
    """Write the set, or compare it with what stands here."""
    wanted = files()
    if "--check" in sys.argv[1:]:
        stale = [
            path.name
            for path, octets in wanted.items()
            if not path.exists() or path.read_bytes() != octets
        ]
        stale += [path.name for path in HERE.glob("*.sip") if path not in wanted]
        sys.exit(f"stale: {', '.join(stale)}" if stale else 0)
    for path, octets in wanted.items():
        path.write_bytes(octets)


if __name__ == "__main__":
    main()
