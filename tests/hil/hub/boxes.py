# SPDX-License-Identifier: Apache-2.0
"""A hub that enrols, and boxes that ask it, without a broker between them."""

from edge.report import topic
from edge.report.message import Enrol, Enrolled
from edge.trust.enrol import Answer
from edge.trust.identity import Identity
from hil.hub import outgoing
from hil.hub.authority import Authority
from hil.hub.enrolment import AUTHORITY_FOLDER, Enrolment, Renewals, shared_by_all
from hil.hub.pages import FOLDER, NAME, Pages
from hil.hub.store import Store, sqlite_url

NOW = 1_900_000_000
NS = 10**9


class Hub:
    """What of a hub has to do with certificates."""

    def __init__(self, folder, now_s=NOW):
        self.store = Store(sqlite_url(folder / "hub.db"))
        self.store.make()
        self.authority = Authority(folder / AUTHORITY_FOLDER, now_s)
        self.shared = shared_by_all(folder)
        self.enrolment = Enrolment(self.store, self.authority, self.shared)
        self.renewals = Renewals(self.store, self.authority)
        self.pages_authority = Authority(folder / FOLDER, now_s, NAME)
        self.pages = Pages(self.store, self.pages_authority)

    def said(self):
        """What the herald would publish, taken out of its hands."""
        waiting = outgoing.waiting(self.store)
        outgoing.done(self.store, [number for number, _ in waiting])
        return [message for _, message in waiting]


class Box:
    """A box that asks."""

    def __init__(self, folder, node="astana-1"):
        self.node = node
        self.identity = Identity(folder, node)

    def request(self, now_s=NOW, **changed):
        """The request, as it goes over the wire; `changed` is what somebody between us changed."""
        asking = self.identity.ask(now_s)
        said = {"node": self.node, "request": asking.request, "proof": asking.proof, **changed}
        return Enrol(**said).model_dump_json().encode()

    def ask(self, hub, now_s=NOW, **changed):
        return hub.enrolment.take(self.node, "request", self.request(now_s, **changed), now_s * NS)

    @property
    def code(self):
        return self.identity.ask(NOW).code

    def take(self, message, now_s=NOW, **changed):
        assert message.topic == topic.enrolment(self.node, "answer")
        said = Enrolled.model_validate_json(message.payload)
        answer = Answer(said.certificate, said.authority, said.sealed, said.proof)
        self.identity.take(self.identity.ask(now_s), answer._replace(**changed), now_s)

    def enrol(self, hub, now_s=NOW, **how):
        """Go the whole way."""
        self.ask(hub, now_s)
        hub.enrolment.approve(self.node, self.identity.ask(now_s).code, now_s, **how)
        (answer,) = self.ask(hub, now_s)
        self.take(answer, now_s)
