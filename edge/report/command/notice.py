# SPDX-License-Identifier: Apache-2.0
"""`notice`: what a person did on the page, for the log of acts; nothing else comes of it.

Asked for at the box alone: the hub has nobody on the page.
"""

from typing import Annotated

from pydantic import Field

from edge.report.command.act import Job, Outcome
from edge.report.message import Wire

NOTICE = "notice"


class NoticeArgs(Wire):
    """What was done."""

    text: Annotated[str, Field(min_length=1, max_length=300)]


class Notice:
    """Says it again, so that it is recorded."""

    args = NoticeArgs

    def act(self, args: NoticeArgs, job: Job) -> Outcome:
        """Return the text for people, in one line."""
        del job
        return Outcome(" ".join(args.text.split()))
