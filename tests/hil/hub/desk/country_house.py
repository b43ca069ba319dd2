# SPDX-License-Identifier: Apache-2.0
"""A country whose boxes report through the hub's real parts, and its desk on a real socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from msgspec.structs import replace
from securesystemslib.signer import CryptoSigner
from typing_extensions import override

from edge.detect.case import Case
from edge.model.number import Number, Party
from edge.model.outcome import Outcome, Result
from edge.report import topic
from edge.report.event import Class, Event, Moment, encode, numbered
from edge.report.message import Campaign, Live, State
from edge.report.suspicion import campaign_event, clue_events
from edge.report.telling import Teller
from hil.hub import rollout
from hil.hub.desk.office import Means, Office
from hil.hub.desk.site import site_of
from hil.hub.library import REPOSITORY
from hil.hub.madeup import batch, fresh_stream
from hil.hub.parts import Desk, build
from hil.hub.rollout import Group, Plan
from hil.hub.store import NODES, Store
from tests.console.site_house import Site
from tests.evidence.box import decided
from tests.trust.centre import Centre

NS = 10**9
NOW_S = 1_900_000_000
"As of the centre: later than the machine's clock may be."
NOW = NOW_S * NS
HOUR_NS = 3600 * NS


class TimedOffice(Office):
    """A desk whose calendar is set by hand."""

    at_s = NOW_S

    @override
    def wall_s(self) -> int:
        return self.at_s


class Country:
    """Boxes that report to a hub."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.hub = Desk(store, build(store, folder))
        self._streams: dict[tuple[str, str], str] = {}
        self._seqs: dict[str, int] = {}
        self.keys: dict[tuple[str, str], CryptoSigner] = {}
        "Of each side of a list; none of them is where the desk could read it."

    def say(self, node: str, what: str, payload: bytes, at: int = NOW) -> None:
        self.hub.take(topic.up(node, what), payload, at)

    def born(self, node: str, state: str = "ready", at: int = NOW, **more) -> None:
        told = {"software": "1.4.0", "lists": {"fraud": 12}, "boot": "b-1", "at": 5, **more}
        made = State.model_validate({"state": state, "epoch": 7, **told})
        self.say(node, topic.STATE, made.model_dump_json(by_alias=True).encode(), at)
        live = Live(epoch=7, at=at, queued={"call": 3})
        self.say(node, topic.LIVE, live.model_dump_json().encode(), at)

    def lost(self, node: str) -> None:
        self.say(node, topic.STATE, State(state="lost", epoch=7).model_dump_json().encode())

    def forget(self, node: str) -> None:
        with self.store.writing() as connection:
            connection.execute(sa.delete(NODES).where(NODES.c.node == node))

    def tell(self, node: str, *events: Event, at: int = NOW) -> None:
        for cls in dict.fromkeys(event.cls for event in events):
            stream = self._streams.setdefault((node, cls.value), fresh_stream())
            bodies = []
            for event in events:
                if event.cls is cls:
                    seq = self._seqs[stream] = self._seqs.get(stream, 0) + 1
                    bodies.append(numbered(seq, encode(event)))
            self.say(node, f"ev/{cls.value}", batch(node, stream, bodies, cls.value), at)

    def stopped(
        self, node: str, record: str, result: Result | None = Result.STOPPED, at: int = NOW,
        calling: str = "+447700900123",
    ) -> None:  # fmt: skip
        """Have a call stopped, told as `core` tells it."""
        told: list[Event] = []
        teller = Teller(told.append, lambda when: Moment(when, 1, "b"), None)
        one = decided(1)
        party = Party("calling", Number(calling))
        offer = replace(one.offer, at=at, calling=party)
        teller.tell(replace(one, offer=offer), record, 1)
        if result:
            end = Outcome(at + 1, result, "c1", 1, "intl", record, "gate", "603", "603", 9_000_000)
            teller.outcome(end, 2)
        self.tell(node, *told, at=at)

    def campaign(self, node: str, case: Case) -> None:
        moment = Moment(NOW, 1, "b")
        self.tell(node, campaign_event(case, "open", moment), *clue_events(case, 0, moment))

    def rollout(self, *groups: Group, name: str = "spring") -> None:
        plan = Plan(Campaign(id=name, version="1.5.0"), groups)
        rollout.create(self.store, plan, NOW)

    def updated(self, node: str, state: str, why: str = "", name: str = "spring") -> None:
        fields = {"campaign": name, "version_from": "1.4.0", "version": "1.5.0", "state": state,
                  "percent": 40, "why": why, "text": f"{state} {why}"}  # fmt: skip
        self.tell(node, Event(Class.AUDIT, "update", Moment(NOW, 1, "b"), fields))

    def centre(self) -> Centre:
        """A repository with keys of all sides, where the hub looks for it."""
        made = Centre(self.folder / REPOSITORY, ("fraud",))
        made.add("77172000001", basis="order 1")
        made.publish()
        self.keys = made.keys
        return made

    def office(self, online: CryptoSigner | None = None) -> TimedOffice:
        return TimedOffice(Means(self.store, self.folder, online), tls=False)


@contextmanager
def shown(office: Office) -> Iterator[Site]:
    """Show the desk."""
    with Site(office, site_of) as site:
        yield site
