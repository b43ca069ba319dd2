# SPDX-License-Identifier: Apache-2.0
"""What a worker of the hub is made of: parts, each of which answers some of what appliances say."""

from collections.abc import Sequence
from typing import Protocol

from edge.report.port import Outbound


class Part(Protocol):
    """Answers what is said on some topics."""

    hears: frozenset[str]
    "First words of the topic behind the node: `ev`, `ask`, `get`, `res`, `roam`, `state`."

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Do what an appliance wants and return the answers.

        Whatever must outlive the hub is committed before this returns: then the message is settled,
        and the answers are published. The same message may come twice, on any worker. What cannot
        be read is kept aside and answered as the contract says, never raised.
        """
