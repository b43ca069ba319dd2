# SPDX-License-Identifier: Apache-2.0
"""What the desk takes, and what it does not."""

from typing import Any

import pytest
from pydantic import ValidationError

from hil.hub.desk.forms import (
    MOST_PATTERNS,
    NewEntry,
    OldEntry,
    Prepare,
    RecordSignature,
    Signature,
    Steer,
    UrgentEntries,
    UrgentLift,
)

ENTRY = {
    "pattern": "+4477009*", "action": "block", "party": "calling", "category": "fraud",
    "basis": "order 1", "reason": "a complaint",
}  # fmt: skip

URGENT = {
    "patterns": "+4477009*", "action": "block", "party": "calling", "category": "fraud",
    "basis": "order 1", "hours": "72", "reason": "a campaign runs",
}  # fmt: skip


def test_what_people_send_is_taken() -> None:
    assert NewEntry.model_validate(ENTRY).until == ""
    assert OldEntry(pattern="+1234..+1240", reason="a mistake").pattern == "+1234..+1240"
    assert Prepare.model_validate({"days": "30"}).days == 30
    pasted = " +4477009*\r\n\r\n+447700900001..+447700900009\t+447700900123 \n"
    form = UrgentEntries.model_validate({**URGENT, "patterns": pasted})
    assert form.each == ["+4477009*", "+447700900001..+447700900009", "+447700900123"]
    most = " ".join(["+4477009*"] * MOST_PATTERNS)
    assert len(UrgentEntries.model_validate({**URGENT, "patterns": most}).each) == MOST_PATTERNS


@pytest.mark.parametrize(("form", "fields"), [
    (NewEntry, {**ENTRY, "pattern": "+7\n1"}), (NewEntry, {**ENTRY, "source": "another"}),
    (NewEntry, {**ENTRY, "until": "2026-1-1"}), (Prepare, {"days": "0"}), (Prepare, {"days": 91}),
    (Signature, {"sha256": "0" * 63, "signature": "x"}),
    (Signature, {"sha256": "0" * 64, "signature": "x" * 40_001}),
    (UrgentEntries, {**URGENT, "patterns": " ".join(["+4477009*"] * (MOST_PATTERNS + 1))}),
    (UrgentEntries, {**URGENT, "patterns": "+4477009*,+4477008*"}),
    (UrgentEntries, {**URGENT, "patterns": " \n"}), (UrgentEntries, {**URGENT, "hours": "0"}),
    (UrgentLift, {"pattern": "+1 +2", "hours": "1", "reason": "because"}),
    (RecordSignature, {"signature": "x" * 50_001}),
    (Steer, {"to": "delete", "reason": "because"}), (Steer, {"to": "halt", "reason": ""}),
])  # fmt: skip
def test_what_is_otherwise_is_not(form: Any, fields: dict) -> None:
    with pytest.raises(ValidationError):
        form.model_validate(fields)
