# SPDX-License-Identifier: Apache-2.0
"""The enforcer that stops nothing takes no key; what it answers is in the contract."""

import pytest
from pydantic import ValidationError

from drivers.enforcers.observe import Config


def test_it_has_nothing_to_set() -> None:
    with pytest.raises(ValidationError, match="address"):
        Config.model_validate({"address": "192.0.2.1"})
