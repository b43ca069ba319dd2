# SPDX-License-Identifier: Apache-2.0
"""The fingerprint of whoever made an offering message: a readable string with a version.

`s1|v1.0|MEDIA|SESSION|ORDER|QUIRKS|IDS|ABILITIES|FORMS` for SIP, `i1|h..|ORDER|VALUES` for ISUP,
`q1||ORDER|VALUES` for Q.931. `README.md` says of every field how it is computed. What stands in
the second field is of the way of the call; `key` is the string without it.
"""

import msgspec

from edge.decode.isup.message import IsupMessage
from edge.decode.q931.message import Q931Message
from edge.decode.sip.message import SipMessage
from edge.detect.sdp_shape import SdpShapes
from edge.detect.sip_shape import HeadShapes
from edge.detect.ss7_shape import CircuitShape, iam_shape, setup_shape
from edge.model.message import Message

MOST_TEXT = 768
"Characters; what is longer was made up to be long."


class Fingerprint(msgspec.Struct, frozen=True, gc=False):
    """What is known of a sender from how it writes."""

    text: str
    "All of it."
    key: str
    "The same for the same device, whatever numbers it shows and whichever way its calls come."
    media: str
    "The part that a border controller lets through; empty on a circuit."
    depth: int = 0
    "Hops that left a Via."
    hidden: int = 0
    "Hops that left only a lower Max-Forwards."
    hops: int = -1
    "Hop counter of an IAM; -1 if there is none."
    address: str = ""
    "Where media is to go, as the SDP says; no part of the string."

    @property
    def is_rewritten(self) -> bool:
        """Whether somebody on the way is known to write messages anew."""
        return self.hidden > 0


NOTHING = Fingerprint("", "", "")


class Fingerprints:
    """Computes fingerprints; remembers what messages have in common, in bounded memory."""

    def __init__(self) -> None:
        """Know nothing."""
        self._heads = HeadShapes()
        self._offers = SdpShapes()

    def of(self, message: Message) -> Fingerprint:
        """Return the fingerprint of a message that offers a call; empty for any other kind."""
        if isinstance(message, SipMessage):
            return self._of_invite(message)
        if isinstance(message, IsupMessage):
            return of_circuit("i1", iam_shape(message))
        if isinstance(message, Q931Message):
            return of_circuit("q1", setup_shape(message))
        return NOTHING

    def _of_invite(self, message: SipMessage) -> Fingerprint:
        head = self._heads.of(message)
        kind = message.headers.get(b"content-type")
        offer = self._offers.of(kind[0] if kind else b"", message.body)
        rest = f"{offer.media}|{offer.session}|{head.text}"[:MOST_TEXT]
        return Fingerprint(
            f"s1|v{head.depth}.{head.hidden}|{rest}",
            f"s1|{rest}",
            offer.media,
            head.depth,
            head.hidden,
            address=offer.address,
        )


def of_circuit(version: str, shape: CircuitShape) -> Fingerprint:
    """Return the fingerprint of what seized a circuit."""
    way = f"h{shape.hops}" if shape.hops >= 0 else ""
    return Fingerprint(
        f"{version}|{way}|{shape.text}", f"{version}|{shape.text}", "", hops=shape.hops
    )
