# SPDX-License-Identifier: Apache-2.0
"""Signatures of orders to an appliance: by the keys of the subject `command`, side by side.

They stand outside of the metadata, as those of urgent records do; whose keys count is in it.
"""

from collections.abc import Mapping, Sequence

from securesystemslib.signer import Key, Signature, Signer

from edge.errors import TrustError
from edge.trust.client import Client
from edge.trust.roles import COMMAND
from edge.trust.urgent import holds

_CONTEXT = b"qalqan command 1\n"

Signatures = tuple[tuple[str, str], ...]
"Key id and signature, both in hex."
Keys = Mapping[str, Mapping[str, Key]]
"By side, then by key id."


def sign_order(body: str, signers: Sequence[Signer]) -> Signatures:
    """Return the signatures of an order's JSON, exactly as it stands."""
    made = [signer.sign(_CONTEXT + body.encode()) for signer in signers]
    return tuple((one.keyid, one.signature) for one in made)


def ordered_by(body: str, signatures: Signatures, keys: Keys) -> dict[str, str]:
    """Return the sides that have signed an order, each with the id of the key it used."""
    octets = _CONTEXT + body.encode()
    return {
        side: keyid
        for side, known in keys.items()
        for keyid, signature in signatures
        if keyid in known and holds(known[keyid], Signature(keyid, signature), octets)
    }


def commanders(client: Client) -> Keys:
    """Return whose orders are followed; nobody's where nobody was named, or nothing came yet."""
    try:
        return client.signers(COMMAND)
    except TrustError:
        return {}
