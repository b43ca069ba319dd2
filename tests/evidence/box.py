# SPDX-License-Identifier: Apache-2.0
"""A box that keeps evidence, and a hub that signs for it: both real, with a clock set by hand."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from edge.decode.pcapfile import CaptureReader
from edge.evidence.checkpoint import EVERY_S, Signer
from edge.evidence.journal import Journal, Kept
from edge.evidence.note import COSIGNS, SigningKey, read_note
from edge.evidence.shelf import days
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.pipeline import Decided
from tests.call.sip_talk import write
from tests.verdict.calls import call

REASON = Reason("list.calling", "A calling number is listed.", (("entry", "+447700900123"),))
BLOCK = Verdict(
    Action.BLOCK, Action.BLOCK, Basis.LIST, "list.calling", Mode.ENFORCE, (REASON,), 7, "AST-1"
)

DAY_NS = 86_400 * 10**9
NOW = 20_782 * DAY_NS
"2026-11-25T00:00:00Z"
TODAY = "2026-11-25"
SEEN_S = 1_795_600_000
"When the hub signs."

ORIGIN = "astana-1/verdicts"


class Heard:
    """As much of a message as evidence and the hub need."""

    def __init__(self, number: int) -> None:
        self.unit = Unit("mirror", LinkType.ETHERNET, 10**18 + number, write("INVITE"), number)
        self.earlier: tuple[Unit, ...] = ()
        self.flow = NO_FLOW


def decided(number: int, *earlier: Unit) -> Decided:
    heard = Heard(number)
    heard.earlier = earlier
    return Decided(replace(call(), call=f"c{number}", message=heard), BLOCK, 1500)


def key(name: str) -> SigningKey:
    """A key that is the same in every run."""
    return SigningKey(name, Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")))


APPLIANCE, HUB = key(ORIGIN), key("hub.example")


class Box:
    """An appliance's folder: `core` writes the log, `uplink` signs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "evidence"
        self.now_ns = NOW
        self.now_s = 0.0

    def clock(self) -> int:
        return self.now_ns

    def journal(self) -> Journal:
        return Journal(self.log, self.clock)

    def keep(self, *numbers: int) -> list[Kept]:
        """One run of `core` that keeps the calls of these numbers."""
        journal = self.journal()
        kept = [journal.keep(decided(number)) for number in numbers]
        journal.close()
        return kept

    def signer(self) -> Signer:
        return Signer(self.log, APPLIANCE, HUB.verifier(COSIGNS))

    def sign(self, *, cosigned: bool = True) -> int:
        """One run of `uplink` that signs all there is; returns the size, 0 if nothing was due."""
        signer = self.signer()
        try:
            fields = None
            for _ in range(3):
                fields = signer.sign(self.now_s) or fields
                self.now_s += EVERY_S
            if fields is None:
                return 0
            if cosigned:
                text = read_note(str(fields["note"]).encode()).text
                line = HUB.cosign(text, SEEN_S).line()
                assert signer.countersign(int(str(fields["size"])), line) == ""
            return int(str(fields["size"]))
        finally:
            signer.close()

    def file(self, name: str) -> Path:
        """A file of the newest day."""
        return days(self.log)[-1] / name


def frames(path: Path) -> list[Unit]:
    """Return the frames of a capture that is whole."""
    reader = CaptureReader("evidence")
    heard = [*reader.feed(path.read_bytes()), *reader.end()]
    units = [unit for unit in heard if isinstance(unit, Unit)]
    assert units == heard
    return units


@contextmanager
def room(octets: int) -> Iterator[None]:
    """Let no file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
