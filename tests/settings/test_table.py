# SPDX-License-Identifier: Apache-2.0
"""What holds for every table of the file."""

import pytest
from pydantic import ValidationError

from edge.settings.table import Table


class One(Table):
    """A table."""

    key: int = 0
    "What it is."


def test_an_unknown_key_is_an_error_and_nothing_is_changed_later() -> None:
    with pytest.raises(ValidationError):
        One.model_validate({"kez": 1})
    with pytest.raises(ValidationError):
        One().key = 2  # type: ignore[misc]
    assert One.model_fields["key"].description == "What it is."
