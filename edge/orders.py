# SPDX-License-Identifier: Apache-2.0
"""Part of the map of `uplink`: who does what the hub, or who stands before the box, orders."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from edge import clock
from edge.box.by_hand import acts_here
from edge.evidence.bundle import export, pack
from edge.evidence.exports import Exports
from edge.evidence.journal import records
from edge.process.hint import LISTS, MODES, RESTART
from edge.report import topic
from edge.report.command.act import Action, Restart, Update, switches
from edge.report.command.answer import Answers
from edge.report.command.command import Audit, Commands, Trust
from edge.report.command.hurry import Hurry, UrgentList
from edge.report.command.local import Local, Requests
from edge.report.command.records import Explain, Export
from edge.report.command.trial import Configure, Trial, tried
from edge.report.lists.follow import Follow, Followed
from edge.trust.order import Keys, commanders
from edge.update.firmware import Firmware
from edge.updating import trusted
from edge.uplink_parts import NAME, NS, Kept, Spoken, Start


class Ordered(NamedTuple):
    """What orders are about."""

    follow: Follow
    lists: Mapping[str, Followed]
    trial: Trial
    firmware: Firmware | None = None


def take_orders(start: Start, kept: Kept, spoken: Spoken, ordered: Ordered) -> Answers:
    """Build what takes commands."""
    node, lists = start.config.node.name, ordered.lists

    def keys() -> Keys:
        found = [commanders(one.client) for one in lists.values()]
        return found[0] if found else {}

    commands = Commands(
        node, start.register, actions(start, ordered), Trust(keys, trusted(lists)),
        Audit(kept.minutes.record, kept.minutes.room),
    )  # fmt: skip
    commands.recover(clock.now_ns() // NS)
    answers = Answers(node, commands, ordered.trial, spoken.link.send)
    spoken.handlers.update(dict.fromkeys((topic.COMMAND, topic.DESIRED), answers.hear))
    return answers


def actions(start: Start, ordered: Ordered) -> Mapping[str, Action[Any]]:
    """Build what each command does."""
    places, hints, config, lists = start.places, start.hints, start.config, ordered.lists
    urgent = {name: UrgentList(one.store, one.updates, one.client) for name, one in lists.items()}
    hint = partial(hints.give, "core", LISTS)
    restart_core = partial(hints.give, "core", RESTART)

    def restart_all() -> None:
        restart_core()
        start.anew()

    def find(call: str) -> list[dict[str, object]]:
        return list(records(places.evidence, call, lambda _line: None))

    def bundle(call: str) -> tuple[str, bytes]:
        found = export(places.evidence, call, lambda _line: None)
        return f"evidence-{found.records[0]}.tar", pack(found.files)

    return {
        "block": Hurry(urgent, hint, adds=True),
        "unblock": Hurry(urgent, hint, adds=False),
        **switches(places.modes, config.trunk, partial(hints.give, "core", MODES)),
        "config": Configure(tried(start.path, config), start.register, restart_all),
        "explain": Explain(find),
        "export": Export(bundle, Exports(places.exports).leave),
        "update": Update(ordered.follow.connected, ordered.firmware),
        "restart": Restart({"core": restart_core, NAME: start.anew}),
    }


def take_requests(start: Start, kept: Kept) -> Requests:
    """Build what does as is asked for at the box itself."""
    doing = acts_here(start.places, start.config.trunk, partial(start.hints.give, "core"))
    return Requests(start.places.requests, Local(doing, kept.minutes))
