# SPDX-License-Identifier: Apache-2.0
"""A state machine is a table; the drawing in ARCHITECTURE.md is made from the same table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

StateT = TypeVar("StateT", bound=StrEnum)
SignalT = TypeVar("SignalT", bound=StrEnum)

Table = Mapping[tuple[StateT, SignalT], StateT]
"(state, signal) -> next state. A pair that is missing is unexpected: counted, never guessed."


def mermaid(table: Table[StateT, SignalT]) -> str:
    """Return the table as a Mermaid state diagram, one line a transition."""
    rows = (f"    {now} --> {after}: {signal}" for (now, signal), after in table.items())
    return "\n".join(["stateDiagram-v2", *rows])
