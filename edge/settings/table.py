# SPDX-License-Identifier: Apache-2.0
"""What every table of the TOML file is, and the address that several of them name."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Endpoint = Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$")]


class Table(BaseModel):
    """A table of the file. An unknown key is an error; nothing is changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
