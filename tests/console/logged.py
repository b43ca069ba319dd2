# SPDX-License-Identifier: Apache-2.0
"""A `journalctl` that prints what processes of a box may have logged."""

import json
from pathlib import Path

from edge.console.logs import Logs


def logged(folder: Path, *said: tuple[str, str, str]) -> Logs:
    """Return the logs of a box whose units said these: unit, level, event; the newest first."""
    entries = [
        {
            "__REALTIME_TIMESTAMP": "1795600000000000", "_SYSTEMD_UNIT": f"qalqan-{unit}.service",
            "MESSAGE": json.dumps({"event": event, "level": level}),
        }
        for unit, level, event in said
    ]  # fmt: skip
    (folder / "said").write_text("".join(json.dumps(one) + "\n" for one in entries))
    program = folder / "journalctl"
    program.write_text(f"#!/bin/sh\nexec cat {folder}/said\n")
    program.chmod(0o755)
    return Logs(str(program))
