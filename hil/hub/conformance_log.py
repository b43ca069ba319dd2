# SPDX-License-Identifier: Apache-2.0
"""The contract's tests of checkpoints: what the hub signs, and what it must not sign."""

import base64
from contextlib import suppress
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.evidence import merkle
from edge.report.message import Cosigned
from hil.hub.madeup import MadeUp, appliance, event, fresh_stream
from hil.hub.terms import Unmet, Where, acknowledged

_ALGORITHM = b"\x04"
_DASH = "\u2014 "


class Leaves:
    """A log of made-up leaves, and real trees over them."""

    def __init__(self, origin: str, size: int, changed: int = -1) -> None:
        """Begin with all leaves that it will have; one may be another than it is elsewhere."""
        self.origin = origin
        leaves = [merkle.leaf_hash(b"%d" % number) for number in range(size)]
        if changed >= 0:
            leaves[changed] = merkle.leaf_hash(b"changed")
        self._leaves = b"".join(leaves)

    def body(self, size: int) -> str:
        """Return what is signed of the checkpoint over the first leaves."""
        root = base64.b64encode(merkle.root_of(self._leaves, 0, size)).decode()
        return f"{self.origin}\n{size}\n{root}\n"

    def checkpoint(self, size: int, before: int = 0) -> dict[str, Any]:
        """Return the fields of a checkpoint, its own signature made up."""
        signature = f"{_DASH}{self.origin} {base64.b64encode(bytes(68)).decode()}"
        proof = merkle.consistency(merkle.over(self._leaves), before, size)
        return {
            "origin": self.origin,
            "size": size,
            "note": f"{self.body(size)}\n{signature}\n",
            "before": before,
            "proof": [node.hex() for node in proof],
        }


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


async def _say(one: MadeUp, stream: str, seq: int, said: dict[str, Any]) -> None:
    await one.send(stream, [event(seq, "checkpoint", **said)], "audit")


def _signature(one: MadeUp, size: int) -> Cosigned | None:
    return next((signed for signed in one.cosigned if signed.size == size), None)


def _is_beyond_a_hole(one: MadeUp, stream: str) -> bool:
    return stream in one.acks and bool(one.acks[stream].sack)


async def _signed(one: MadeUp, where: Where, log: Leaves, size: int) -> Cosigned:
    """Return the cosignature over so many leaves. Raises `Unmet`."""
    await one.until(lambda: _signature(one, size) is not None, where.patience_s)
    signed = _signature(one, size)
    if signed is None:
        raise Unmet(f"a checkpoint of {size} was not cosigned")
    if where.vkey and not verifies(signed.signature, log.body(size), where.vkey):
        raise Unmet(f"this does not verify under {where.vkey}: {signed.signature}")
    return signed


async def cosigned(where: Where) -> None:
    """A checkpoint is cosigned once it is shown how the log grew, and again when it is asked."""
    async with appliance(where.broker, where.name()) as one:
        stream, log = fresh_stream(), Leaves(f"{one.node}/evidence", 12)
        await _say(one, stream, 1, log.checkpoint(7))
        await _signed(one, where, log, 7)
        await _say(one, stream, 3, log.checkpoint(12, before=9))
        if not await one.until(lambda: _is_beyond_a_hole(one, stream), where.patience_s):
            raise Unmet("a checkpoint that overtook another was not acknowledged")
        if _signature(one, 12):
            raise Unmet("12 was cosigned, and how 9 grew out of 7 was not shown")
        await _say(one, stream, 2, log.checkpoint(9, before=7))
        last = await _signed(one, where, log, 12)
        one.cosigned.clear()
        await one.ask(stream)
        if not await one.until(lambda: _signature(one, 12) == last, where.patience_s):
            raise Unmet("asked, the hub did not say its latest cosignature again")


async def not_cosigned(where: Where) -> None:
    """A log that was turned back or changed, or of which there are two, is not cosigned."""
    async with appliance(where.broker, where.name()) as one:
        stream, name = fresh_stream(), f"{one.node}/evidence"
        log, other = Leaves(name, 10), Leaves(name, 10, changed=3)
        told = [log.checkpoint(9), log.checkpoint(8), other.checkpoint(9)]
        told += [other.checkpoint(10, before=9), other.checkpoint(10)]
        for seq, said in enumerate(told, start=1):
            await _say(one, stream, seq, said)
            await acknowledged(one, where, stream, seq)
        if _signature(one, 8):
            raise Unmet("9 was cosigned, and then 8")
        if len({signed.signature for signed in one.cosigned if signed.size == 9}) > 1:  # noqa: PLR2004 - sent above
            raise Unmet("two logs of 9 were cosigned")
        if _signature(one, 10):
            raise Unmet("9 was cosigned, and then 10 of another log")
        await _say(one, stream, len(told) + 1, log.checkpoint(10, before=9))
        await _signed(one, where, log, 10)
