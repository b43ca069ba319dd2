# SPDX-License-Identifier: Apache-2.0
"""A centre that gives orders and a box that takes them, in one folder, without any network."""

import base64
import json
import uuid

from securesystemslib.signer import CryptoSigner

from edge.blocklist.manifest import Record
from edge.errors import InputError
from edge.evidence.exports import Exports
from edge.report.command.act import Restart, Update, switches
from edge.report.command.command import Audit, Commands, Trust
from edge.report.command.hurry import Hurry, UrgentList
from edge.report.command.records import Explain, Export
from edge.report.command.register import Register
from edge.report.message import Command, Order
from edge.trust.order import commanders, sign_order
from edge.trust.roles import COMMAND, COMMAND_SIDES, LIST_SIDES
from edge.trust.urgent import sign_record
from tests.blocklist.images import entry
from tests.trust.centre import NOW, Box, Centre

NODE = "astana-1"
LISTED, OTHER = "77172000001", "77172000002"
BOTH = ("operator", "engineer")


class Head:
    """The centre's side of commands: keys, orders, urgent records."""

    def __init__(self, folder):
        self.centre = Centre(folder / "centre", lists=("fraud",))
        self.keys = {side: CryptoSigner.generate_ed25519() for side in COMMAND_SIDES}
        self.stranger = CryptoSigner.generate_ed25519()
        public = {side: key.public_key for side, key in self.keys.items()}
        centre = self.centre
        centre.repository.delegate(COMMAND, public, centre.root, centre.online, NOW)
        centre.add(LISTED)
        centre.publish()
        self.seq = 0

    def signed(self, body, by=BOTH):
        """Return the payload of a command with the signatures of sides, or of `stranger`."""
        keys = {**self.keys, "stranger": self.stranger}
        signatures = sign_order(body, [keys[side] for side in by])
        return Command(body=body, signatures=signatures).model_dump_json().encode()

    def order(self, kind, args=None, by=BOTH, **more):
        """Return the payload of a command."""
        return self.signed(body(kind, args, **more), by)

    def urgent(self, *, by=LIST_SIDES, expires=NOW + 1000, **change):
        """Return the arguments of `block` or `unblock`."""
        self.seq += 1
        record = Record("fraud", self.seq, NOW, expires, **change)
        signed = sign_record(record, [self.centre.keys["fraud", side] for side in by])
        return {
            "list": "fraud",
            "record": base64.b64encode(signed.record).decode(),
            "signatures": signed.signatures,
        }

    def block(self, number=OTHER, *, by=LIST_SIDES, **more):
        return self.order("block", self.urgent(added=(entry(number),), by=by), by=(), **more)


def body(kind, args=None, *, issued=NOW, life=3600, node=NODE, **more):
    """Return the JSON of an order."""
    order = Order.model_construct(
        id=str(uuid.uuid4()), node=node, kind=kind, issued=issued, expires=issued + life,
        args=args or {},
    )  # fmt: skip
    return json.dumps({**order.model_dump(), **more})


class Site(Head):
    """Centre and box."""

    register: Register

    def __init__(self, folder):
        super().__init__(folder)
        self.folder = folder
        self.box = Box(folder, self.centre)
        self.box.update()
        self.said = []
        "Fields of the events of the audit log."
        self.room = True
        self.done = []
        "Hints and other acts, in their order."
        self.records = [{"id": "1-1", "call": "abc@192.0.2.1", "text": "blocked"}]
        self.bundle = b"evidence"
        self.exports = Exports(folder / "exports")
        self.modes = folder / "modes.json"
        self.more = {}
        self.lives = 0
        self.start()

    def start(self):
        """Begin a new life of the process, with the same files; the one before has ended."""
        if self.lives:
            self.register.close()
        self.lives += 1
        self.register = Register(self.folder / "register.sqlite", NOW)
        self.commands = Commands(
            NODE,
            self.register,
            {**self.actions(), **self.more},
            Trust(lambda: commanders(self.box.client), self.box.updates.trusted_s),
            Audit(self.record, lambda: self.room),
        )
        self.commands.recover(NOW)
        return self.commands

    def actions(self):
        lists = {"fraud": UrgentList(self.box.store, self.box.updates, self.box.client)}
        return {
            "block": Hurry(lists, self.doer("lists"), adds=True),
            "unblock": Hurry(lists, self.doer("lists"), adds=False),
            **switches(self.modes, {"intl"}, self.doer("modes")),
            "explain": Explain(self.find),
            "export": Export(self.bundled, self.exports.leave),
            "update": Update(self.doer("update")),
            "restart": Restart({"core": self.doer("core"), "uplink": self.doer("uplink")}),
        }

    def find(self, call):
        return [record for record in self.records if call in record.values()]

    def bundled(self, call):
        if self.bundle is None:
            raise InputError(f"no call {call}")
        return "bundle.tar", self.bundle

    def doer(self, name):
        return lambda: self.done.append(name)

    def record(self, fields):
        if self.room:
            self.said.append(dict(fields))
        return self.room

    def take(self, payload, now_s=NOW):
        return self.commands.take(payload, now_s)

    def states(self):
        return [one["state"] for one in self.said]

    def close(self):
        self.register.close()


def why(result):
    """Return how a command was answered, and why so."""
    return result.state, result.data.get("why")
