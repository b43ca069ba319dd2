# SPDX-License-Identifier: Apache-2.0
"""What every table of the TOML file is."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the file. An unknown key is an error; nothing is changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
