# SPDX-License-Identifier: Apache-2.0
"""A made part of a document takes the place of the one before it; the rest stays as it was."""

import pytest

from hil.document import with_part

BEGIN, END = "<!-- sums -->", "<!-- end of sums -->"


def test_only_the_part_is_made_anew() -> None:
    text = f"a\n{BEGIN}\nold\n{END}\nb\n<!-- other -->\nc\n<!-- end of other -->\n"
    made = with_part(text, "sums", "1 + 1 = 2")
    assert made == text.replace("\nold\n", "\n\n1 + 1 = 2\n\n")
    assert with_part(made, "sums", "1 + 1 = 2") == made


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END} {BEGIN}"])
def test_a_document_without_a_place_is_refused(text: str) -> None:
    with pytest.raises(LookupError, match="no place"):
        with_part(text, "sums", "")
