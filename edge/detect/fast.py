# SPDX-License-Identifier: Apache-2.0
"""What every INVITE asks: compiled where a C compiler was there, else the twins in Python."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.detect.stats import Seen, Stats

try:
    from edge.detect._kernel import (
        Distinct,
        branch_shape,
        call_id_shape,
        count_in,
        placed,
        shape_of,
        starts,
        tail_of,
    )
except ImportError:  # built without a C compiler
    from edge.detect.shape import branch_shape, call_id_shape, shape_of, starts, tail_of
    from edge.detect.sketch import Distinct, placed  # type: ignore[assignment] # its twin

    def count_in(found: "tuple[Stats, ...]", seen: "Seen") -> None:
        """Count a call in under each of its keys."""
        for stats in found:
            stats.offered(seen)

    COMPILED = False
else:
    COMPILED = True

__all__ = [
    "Distinct", "branch_shape", "call_id_shape", "count_in", "placed", "shape_of", "starts",
    "tail_of",
]  # fmt: skip
