# SPDX-License-Identifier: Apache-2.0
"""What no update may do, whoever signed it: add too much, cover too much, block a canary.

The limits come from the configuration and from the manifest, whichever is stricter; the emergency
numbers of the plan are canaries always.
"""

from edge.blocklist.codec import REMOVED
from edge.blocklist.delta import Change
from edge.blocklist.manifest import Guards
from edge.blocklist.snapshot import Snapshot
from edge.model.verdict import Action
from edge.numbering.plan import SHORT_CODES
from edge.trust.alarm import Alarm, Refused

_STOPS = frozenset({Action.BLOCK, Action.DIVERT})


def check_change(change: Change, guards: Guards) -> None:
    """Raise `Refused` if a change sets more than is allowed at a time."""
    count = sum(group != REMOVED for block in change.blocks for group in block.groups)
    if count > guards.most_additions:
        raise Refused(
            Alarm.MANY_ADDITIONS, f"sets {count} entries; {guards.most_additions} are allowed"
        )


def check_list(new: Snapshot, guards: Guards) -> None:
    """Raise `Refused` if a list covers too much, or would stop a canary on any trunk, ever."""
    lengths = new.layout.prefix_lengths
    if lengths & ((1 << guards.least_prefix) - 1):
        raise Refused(Alarm.WIDE_PREFIX, f"has a prefix of fewer than {guards.least_prefix} digits")
    for low, high in new.ranges():
        if high - low >= 10 ** max(len(str(low)) - 1 - guards.least_prefix, 0):
            raise Refused(
                Alarm.WIDE_PREFIX, f"has a range wider than {guards.least_prefix} digits allow"
            )
    for canary in (*(code.digits for code in SHORT_CODES), *guards.canaries):
        for entry in new.covering(canary):
            if entry.action in _STOPS:
                raise Refused(Alarm.CANARY, f"{entry.text()} would {entry.action.value} {canary}")
