# SPDX-License-Identifier: Apache-2.0
"""What may be sent, and what may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from edge.console.forms import First, Form, Language, NewPerson, Switch

SWITCH = {"trunk": "intl", "mode": "enforce", "reason": "a clean week"}
PERSON = {"name": "asel.k", "role": "operator", "password": "twelve chars"}


@pytest.mark.parametrize(("form", "fields", "change"), [
    (Switch, SWITCH, {"mode": "stop"}), (Switch, SWITCH, {"reason": ""}),
    (Switch, SWITCH, {"reason": "x" * 301}), (Switch, SWITCH, {"more": "1"}),
    (NewPerson, PERSON, {"name": "Asel"}), (NewPerson, PERSON, {"name": "a"}),
    (NewPerson, PERSON, {"name": "<script>"}), (NewPerson, PERSON, {"name": "asel\n"}),
    (NewPerson, PERSON, {"role": "root"}), (NewPerson, PERSON, {"password": "short"}),
    (NewPerson, PERSON, {"password": "x" * 129}),
    (Language, {"language": "kk"}, {"back": "https://evil.example"}),
    (Language, {"language": "kk"}, {"back": "/a b"}), (Language, {"language": "kkk"}, {}),
    (First, {"code": "x", "name": "asel", "password": "twelve chars"}, {}),
])  # fmt: skip
def test_what_is_not_as_it_should_be(
    form: type[Form], fields: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        form.model_validate({**fields, **change})


def test_what_is_as_it_should_be() -> None:
    assert Switch.model_validate(SWITCH).sure == ""
    assert NewPerson.model_validate(PERSON).name == "asel.k"
