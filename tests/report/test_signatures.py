# SPDX-License-Identifier: Apache-2.0
"""Logs are signed as they grow; the hub's signature is kept; a log that changed raises an alarm."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.evidence.acts import ActLog
from edge.evidence.checkpoint import EVERY_LEAVES, Signer, beside, read_kept
from edge.evidence.note import COSIGNS, SigningKey, read_note
from edge.evidence.shelf import LEAVES
from edge.report.event import Class, Event
from edge.report.message import Cosigned
from edge.report.outbox.outbox import Kept
from edge.report.signatures import Signatures
from tests.report.test_alarms import NOW

ORIGIN = "astana-1/acts"


class Desk:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "acts"
        self.acts = ActLog(self.log)
        self.hub = SigningKey("hub", Ed25519PrivateKey.generate())
        key = SigningKey(ORIGIN, Ed25519PrivateKey.generate())
        signer = Signer(self.log, key, self.hub.verifier(COSIGNS))
        self.told: list[Event] = []
        self.alarms: dict[str, str] = {}
        self.signatures = Signatures(
            {ORIGIN: signer}, self.record, lambda: NOW, self.alarms.__setitem__
        )

    def record(self, event: Event) -> Future[Kept]:
        self.told.append(event)
        done: Future[Kept] = Future()
        done.set_result(Kept("stream", len(self.told)))
        return done

    def grow(self, count: int = EVERY_LEAVES) -> None:
        for number in range(count):
            self.acts.keep({"act": "test", "text": str(number)})

    def look(self) -> None:
        asyncio.run(self.signatures.look())

    def cosign(self, event: Event) -> Cosigned:
        note = read_note(str(event.fields["note"]).encode())
        line = self.hub.cosign(note.text, 1_900_000_000).line()
        size = event.fields["size"]
        assert isinstance(size, int)
        return Cosigned(origin=ORIGIN, size=size, signature=line)

    def standing(self) -> list[str]:
        return [name for name, text in self.alarms.items() if text]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.signatures.close()
    made.acts.close()


def test_a_log_that_has_grown_is_signed_and_told(desk: Desk) -> None:
    desk.look()
    assert desk.told == []
    desk.grow()
    desk.look()
    desk.look()
    (event,) = desk.told
    assert (event.cls, event.kind) == (Class.AUDIT, "checkpoint")
    assert (event.fields["origin"], event.fields["size"]) == (ORIGIN, EVERY_LEAVES)
    assert desk.standing() == []


def test_what_is_not_due_is_signed_at_the_end(desk: Desk) -> None:
    desk.grow(3)
    desk.look()
    assert desk.told == []
    for _ in range(2):
        asyncio.run(desk.signatures.finish())
    assert [event.fields["size"] for event in desk.told] == [3]


def test_the_signature_of_the_hub_is_kept(desk: Desk) -> None:
    desk.grow()
    desk.look()
    desk.signatures.cosigned([desk.cosign(desk.told[0])])
    desk.look()
    assert desk.signatures.sizes() == {ORIGIN: EVERY_LEAVES}
    assert read_kept(beside(desk.log))[-1].is_cosigned
    assert desk.standing() == []


def test_a_signature_of_another_is_named_and_not_kept(desk: Desk) -> None:
    desk.grow()
    desk.look()
    good = desk.cosign(desk.told[0])
    desk.hub = SigningKey("hub", Ed25519PrivateKey.generate())
    desk.signatures.cosigned([desk.cosign(desk.told[0])])
    desk.look()
    assert desk.signatures.sizes() == {ORIGIN: 0}
    assert desk.standing() == [f"{ORIGIN}.cosignature"]
    desk.signatures.cosigned([good, Cosigned(origin="nobody", size=1, signature="x")])
    desk.look()
    assert (desk.signatures.sizes(), desk.standing()) == ({ORIGIN: EVERY_LEAVES}, [])


def test_a_log_that_shrank_is_signed_no_more(desk: Desk) -> None:
    desk.grow()
    desk.look()
    leaves = desk.log / LEAVES
    whole = leaves.read_bytes()
    leaves.write_bytes(whole[:-32])
    desk.look()
    assert desk.standing() == [f"{ORIGIN}.log"]
    leaves.write_bytes(whole)
    desk.look()
    assert (desk.standing(), len(desk.told)) == ([], 1)
