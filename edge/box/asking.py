# SPDX-License-Identifier: Apache-2.0
"""The way to `edge.box.by_hand` and to what it records, for commands and for the page.

What keeps acts takes a second to load: too long for `qalqan trunk stop`, and for the start of the
page. It is loaded here, when somebody has something done.
"""

from typing import Any

from edge.config import Config
from edge.report.message import Result


def ask(config: Config, act: str, args: dict[str, Any], reason: str, person: str = "") -> Result:
    """Have it done and return what became of it; see `edge.box.by_hand.ask`."""
    from edge.box.by_hand import ask as by_hand  # noqa: PLC0415 - as said above

    return by_hand(config, act, args, reason, person)


def note(config: Config, text: str, person: str) -> Result:
    """Have it recorded that a person does something; raises as `ask` does."""
    from edge.report.command.notice import NOTICE  # noqa: PLC0415 - as said above

    return ask(config, NOTICE, {"text": text}, "", person)
