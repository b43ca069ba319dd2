# SPDX-License-Identifier: Apache-2.0
"""What people may send to the page: each form with its bounds. A field of none is an error."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.box.spared import MOST_HOURS
from edge.console.people import Role
from edge.model.verdict import Mode

PATH = r"/[A-Za-z0-9/._-]{0,200}"
"Of a page: nothing that leads to another site."

Word = Annotated[str, Field(max_length=512)]
Person = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{1,31}$")]
Password = Annotated[str, Field(min_length=12, max_length=128)]
Reason = Annotated[str, Field(min_length=3, max_length=300)]


class Form(BaseModel):
    """What every form brings along."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Word = ""
    "That it is one of ours, given to this browser."


class Nothing(Form):
    """A button."""


class Language(Form):
    """What somebody reads."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    back: Annotated[str, Field(pattern=f"^{PATH}$")] = "/"
    "Where they were: a path of ours."


class SignIn(Form):
    """Who somebody says they are."""

    name: Word
    password: Word


class First(Form):
    """The first engineer."""

    code: Word
    name: Person
    password: Password
    again: Word


class NewPerson(Form):
    """Somebody who is let in."""

    name: Person
    role: Role
    password: Password


class Leaver(Form):
    """Somebody who is let in no longer."""

    name: Word


class OwnPassword(Form):
    """Another password."""

    before: Word
    password: Password
    again: Word


class Sparing(Form):
    """A number that is let through at this box, or no longer."""

    number: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{3,14}$")]
    hours: Annotated[int, Field(ge=0, le=MOST_HOURS)]
    "0: the lists speak of it again."
    reason: Reason


class Switch(Form):
    """The mode of a trunk."""

    trunk: Word
    mode: Mode
    reason: Reason
    sure: Annotated[str, Field(max_length=3)] = ""
    "`yes`, where the box was ticked."
