# SPDX-License-Identifier: Apache-2.0
"""What was done on the page is recorded in one line, and changes nothing."""

import pytest
from pydantic import ValidationError

from edge.report.command.act import Job
from edge.report.command.notice import Notice, NoticeArgs


def test_a_notice_is_one_line() -> None:
    outcome = Notice().act(NoticeArgs(text="asel signed in\nfrom 10.0.0.9"), Job("x", 1))
    assert outcome.text == "asel signed in from 10.0.0.9"


@pytest.mark.parametrize("text", ["", "x" * 301])
def test_a_text_has_bounds(text: str) -> None:
    with pytest.raises(ValidationError):
        NoticeArgs(text=text)
