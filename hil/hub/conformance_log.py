# SPDX-License-Identifier: Apache-2.0
"""The contract's tests of checkpoints: what the hub signs, and what it must not sign."""

import base64
import hashlib
from contextlib import suppress

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.report.message import Cosigned
from hil.hub.madeup import MadeUp, appliance, event, fresh_stream
from hil.hub.terms import Unmet, Where, acknowledged

_ALGORITHM = b"\x04"
_DASH = "\u2014 "


def checkpoint(origin: str, size: int, root: bytes) -> tuple[str, str]:
    """Return a checkpoint's note, its signature made up, and what of it is signed."""
    body = f"{origin}\n{size}\n{base64.b64encode(hashlib.sha256(root).digest()).decode()}\n"
    return f"{body}\n{_DASH}{origin} {base64.b64encode(bytes(68)).decode()}\n", body


def verifies(line: str, body: str, vkey: str) -> bool:
    """Whether a line cosigns the body of a checkpoint (C2SP tlog-cosignature)."""
    name, key_id, material = vkey.split("+", 2)
    if not line.startswith(f"{_DASH}{name} ") or "\n" in line.strip("\n"):
        return False
    octets = base64.b64decode(line.rstrip("\n").rpartition(" ")[2])
    public = base64.b64decode(material)
    time_s = int.from_bytes(octets[4:12], "big")
    if octets[:4].hex() != key_id or public[:1] != _ALGORITHM:
        return False
    with suppress(InvalidSignature):
        signed = f"cosignature/v1\ntime {time_s}\n{body}".encode()
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(octets[12:], signed)
        return True
    return False


async def _say(one: MadeUp, stream: str, seq: int, note: tuple[str, int, bytes]) -> None:
    origin, size, root = note
    text, _ = checkpoint(origin, size, root)
    said = event(seq, "checkpoint", origin=origin, size=size, note=text)
    await one.send(stream, [said], "audit")


def _signature(one: MadeUp, size: int) -> Cosigned | None:
    return next((signed for signed in one.cosigned if signed.size == size), None)


async def cosigned(where: Where) -> None:
    """A checkpoint is cosigned in the acknowledgement, and again when it comes again."""
    async with appliance(where.broker, where.name()) as one:
        stream, origin = fresh_stream(), f"{one.node}/evidence"
        await _say(one, stream, 1, (origin, 7, b"seven"))
        if not await one.until(lambda: _signature(one, 7) is not None, where.patience_s):
            raise Unmet("a checkpoint was not cosigned")
        first = _signature(one, 7)
        _, body = checkpoint(origin, 7, b"seven")
        if first and where.vkey and not verifies(first.signature, body, where.vkey):
            raise Unmet(f"this does not verify under {where.vkey}: {first.signature}")
        one.cosigned.clear()
        await one.ask(stream)
        if not await one.until(lambda: _signature(one, 7) == first, where.patience_s):
            raise Unmet("asked, the hub did not say its latest cosignature again")


async def not_cosigned(where: Where) -> None:
    """A log that was turned back, or of which there are two, is not cosigned."""
    async with appliance(where.broker, where.name()) as one:
        stream, origin = fresh_stream(), f"{one.node}/evidence"
        for seq, (size, root) in enumerate([(9, b"a"), (8, b"b"), (9, b"c"), (10, b"d")], start=1):
            await _say(one, stream, seq, (origin, size, root))
            await acknowledged(one, where, stream, seq)
        if _signature(one, 8):
            raise Unmet("9 was cosigned, and then 8")
        if len({signed.signature for signed in one.cosigned if signed.size == 9}) > 1:  # noqa: PLR2004 - sent above
            raise Unmet("two logs of 9 were cosigned")
        if not _signature(one, 10):
            raise Unmet("10 follows 9, and was not cosigned")
