# SPDX-License-Identifier: Apache-2.0
"""What the desk takes, and what it does not."""

from typing import Any

import pytest
from pydantic import ValidationError

from hil.hub.desk.forms import NewEntry, OldEntry, Prepare, Signature, Steer

ENTRY = {
    "pattern": "+4477009*", "action": "block", "party": "calling", "category": "fraud",
    "basis": "order 1", "reason": "a complaint",
}  # fmt: skip


def test_what_people_send_is_taken() -> None:
    assert NewEntry.model_validate(ENTRY).until == ""
    assert OldEntry(pattern="+1234..+1240", reason="a mistake").pattern == "+1234..+1240"
    assert Prepare.model_validate({"days": "30"}).days == 30


@pytest.mark.parametrize(("form", "fields"), [
    (NewEntry, {**ENTRY, "pattern": "+7\n1"}), (NewEntry, {**ENTRY, "source": "another"}),
    (NewEntry, {**ENTRY, "until": "2026-1-1"}), (Prepare, {"days": "0"}), (Prepare, {"days": 91}),
    (Signature, {"sha256": "0" * 63, "signature": "x"}),
    (Signature, {"sha256": "0" * 64, "signature": "x" * 40_001}),
    (Steer, {"to": "delete", "reason": "because"}), (Steer, {"to": "halt", "reason": ""}),
])  # fmt: skip
def test_what_is_otherwise_is_not(form: Any, fields: dict) -> None:
    with pytest.raises(ValidationError):
        form.model_validate(fields)
