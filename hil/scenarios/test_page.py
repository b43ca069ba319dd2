# SPDX-License-Identifier: Apache-2.0
"""The page of the box for people, as the units of the image show it."""

import base64
import re
from pathlib import Path

from hil.bench.box import Box
from hil.bench.measure import Scenario
from hil.region.tables import LISTED
from hil.region.world import Region
from hil.scenarios import look, visit
from hil.scenarios.look import SLOW_S

TABLE = r"\n[page]\npeople = \"127.0.0.1:8443\"\n"
WANTED = "/run/qalqan-box"
"Where the box's first boot says what is wanted; here it is said while it runs."
LOG = "journalctl --no-pager --output=cat --unit=qalqan-page | tail -40"
CODE = r"^[A-Z0-9]{4,}(?:-[A-Z0-9]{4,})+"


def test_an_engineer_comes_into_the_page(box: Box, region: Region, run: Scenario) -> None:
    """The console shows a code. With it, once, an engineer sees the page, and reads the log."""
    look.well(box, region)
    box.ask(f'printf "{TABLE}" >> {look.STATE}/edge.toml; touch {WANTED}/page {WANTED}/people')
    box.ask("systemctl start qalqan-page-code qalqan-page", 2 * SLOW_S)
    said = box.ask("journalctl --no-pager --output=cat --unit=qalqan-page-code")
    code = re.search(CODE, said, re.MULTILINE)
    assert code, said
    script = base64.b64encode(Path(visit.__file__).read_bytes()).decode()
    visited = f"echo {script} | base64 -d | python3 - {code[0]}"
    words = box.ask(f"{visited} || {LOG}", 2 * SLOW_S)
    assert "Latest lines of the log" in words, words
    log = words[words.index("Latest lines") :]
    assert "core message open" in log, f"it may read the journal: {log[:500]}"
    again = box.ask(f"{visited} || echo refused", 2 * SLOW_S)
    assert "refused" in again, "a code is good once"
    rights = box.ask("systemd-analyze security --no-pager qalqan-page | tail -1")
    run.note(f"on the page: {log[:300]}")
    run.note(rights.strip())
    assert region.is_refused(LISTED), "and calls are stopped meanwhile"
