# SPDX-License-Identifier: Apache-2.0
"""Answers to commands that are not genuine: anybody who reaches the hub can send them.

Each is recorded once, and so many an hour; the rest is counted and recorded as a number. None is
kept on disk.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from edge.report.command.signed import Denied
from edge.report.message import Result

MOST_REMEMBERED = 64
"Of the last answers, for when the same comes again."
MOST_RECORDED = 60
"Denials that are recorded one by one ..."
WITHIN_S = 3600
"... within this time."

Record = Callable[[Mapping[str, object]], bool]
"Keeps the fields of an `ActEvent` in the audit log, on disk before it returns; false if not."


def act_event(act: str, keys: tuple[str, ...], result: Result) -> dict[str, object]:
    """Return the fields of an `ActEvent` about a command."""
    return {
        "act": act, "by": keys, "command": result.id, "state": result.state, "text": result.text,
    }  # fmt: skip


class Denials:
    """What was denied of late."""

    def __init__(self, record: Record) -> None:
        """Record to the audit log."""
        self.unread = 0
        "Commands of which not even the id could be read."
        self._record = record
        self._answers: OrderedDict[str, Result] = OrderedDict()
        self._since_s = -WITHIN_S
        self._recorded = 0
        self._passed_over = 0

    def again(self, digest: str) -> Result | None:
        """Return what was answered to the very same octets before."""
        return self._answers.get(digest)

    def answer(self, digest: str, id_: str, no: Denied, now_s: int) -> Result:
        """Return the answer, recorded and remembered."""
        result = no.result(id_)
        self._tell(act_event("command", (), result), now_s)
        self._answers[digest] = result
        if len(self._answers) > MOST_REMEMBERED:
            self._answers.popitem(last=False)
        return result

    def not_read(self, now_s: int) -> None:
        """Record what cannot be answered, as there is no id in it."""
        self.unread += 1
        self._tell(_nameless("not a command: no id can be read"), now_s)

    def _tell(self, event: dict[str, object], now_s: int) -> None:
        if not 0 <= now_s - self._since_s < WITHIN_S:
            self._since_s, self._recorded = now_s, 0
            self._tell_passed_over()
        if self._recorded >= MOST_RECORDED:
            self._passed_over += 1
            return
        self._recorded += 1
        self._record(event)

    def _tell_passed_over(self) -> None:
        text = f"{self._passed_over} more commands that were not genuine"
        if self._passed_over and self._record(_nameless(text)):
            self._passed_over = 0


def _nameless(text: str) -> dict[str, object]:
    return {"act": "command", "by": (), "command": "", "state": "refused", "text": text}
