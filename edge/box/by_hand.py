# SPDX-License-Identifier: Apache-2.0
"""Has done what somebody before the box wants: by `uplink` where it runs, else by our own hand.

The log of acts has one writer, which holds its lock; it is this lock that tells who does it. What
is done by hand goes to the outbox of `uplink` too, so that the hub hears of it.
"""

import os
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from edge import clock
from edge.box.whose import who
from edge.config import Config
from edge.errors import InputError
from edge.evidence.acts import ActLog, ActsHeld
from edge.moment import Moments
from edge.places import Places, places_of
from edge.process.hint import LISTS, MODES, REQUESTS, give
from edge.report.command.act import switches
from edge.report.command.local import Audit, Doing, Local, Request, answer_of, leave, withdraw
from edge.report.command.minutes import Minutes
from edge.report.command.notice import NOTICE, Notice
from edge.report.command.spare import Spare
from edge.report.message import Result
from edge.report.outbox.quota import Limits
from edge.report.outbox.writer import Writer

WAIT_S = 10.0
"For `uplink`, which looks once a second."
PATIENCE_S = 0.3
"For another one like us, who has it for a moment; `uplink` does not let go."
LOOK_S = 0.05
NS = 1_000_000_000

_PAUSE = Event()
"Is never set."


class OwnLog:
    """The audit log of a box that has no hub."""

    def __init__(self, acts: ActLog) -> None:
        """Keep acts there alone."""
        self._acts = acts

    def record(self, fields: Mapping[str, object]) -> bool:
        """Keep an act; false if it could not be."""
        try:
            self._acts.keep(fields)
        except InputError:
            return False
        return True

    def room(self) -> bool:
        """Nothing is known of the disk before it is tried."""
        return True


def ask(config: Config, act: str, args: dict[str, Any], reason: str, person: str = "") -> Result:
    """Return what became of it. Raises `InputError` where nobody did it and nothing was changed.

    Args:
        config: Of the box.
        act: The kind of command that does the same.
        args: Its arguments.
        reason: Why, for the log of acts.
        person: Who wants it, where the page asks for them.
    """
    places = places_of(config)
    request = Request(str(uuid.uuid4()), act, args, who(person), clock.now_ns() // NS, reason)
    if places.acts.exists() and not os.access(places.acts, os.W_OK):
        return _by_uplink(places, request)  # the log is not ours to write, as on an appliance
    try:
        with ExitStack() as stack:
            acts = ActLog(places.acts, patience_s=PATIENCE_S)
            stack.callback(acts.close)
            doing = acts_here(places, config.trunk, partial(give, places.run, "core"))
            return Local(doing, _audit(config, places, acts, stack)).do(request, request.at_s)
    except ActsHeld:
        return _by_uplink(places, request)


def acts_here(
    places: Places, trunks: Collection[str], hint: Callable[[str], object]
) -> dict[str, Doing]:
    """Return the kinds of acts that are asked for at the box; `hint` tells `core` of one."""
    return {
        **switches(places.modes, trunks, partial(hint, MODES)),
        "spare": Spare(places.spared, partial(hint, LISTS)),
        NOTICE: Notice(),
    }


def _audit(config: Config, places: Places, acts: ActLog, stack: ExitStack) -> Audit:
    if not config.hub.brokers:
        return OwnLog(acts)
    limits = Limits(config.report.octets_each, archive_days=config.report.archive_days)
    writer = Writer(places.outbox("uplink"), limits, places.acked).start()
    stack.callback(writer.close)
    return Minutes(acts, writer, Moments().now)


def _by_uplink(places: Places, request: Request) -> Result:
    """Leave a request, and wait for its answer."""
    try:
        leave(places.requests, request)
    except OSError as refusal:
        raise InputError(f"{places.requests}: {refusal.strerror}; nothing was changed") from refusal
    give(places.run, "uplink", REQUESTS)
    result = _wait(places.requests, request.id)
    if result is None and withdraw(places.requests, request.id):
        why = "another process holds the audit log, and did not take the request"
        raise InputError(f"{why}: nothing was changed")
    # It was taken in the last moment, or is slow: what it does is done to its end.
    result = result or _wait(places.requests, request.id)
    if result is None:
        raise InputError("uplink took the request and did not answer: see `qalqan trunk list`")
    return result


def _wait(folder: Path, id_: str) -> Result | None:
    until_s = clock.monotonic_s() + WAIT_S
    while clock.monotonic_s() < until_s:
        if result := answer_of(folder, id_):
            return result
        _PAUSE.wait(LOOK_S)
    return None
