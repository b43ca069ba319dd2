# SPDX-License-Identifier: Apache-2.0
"""A certificate is renewed over the connection that it opens, long before it ends.

The request is signed by the key of the box, which stays; who may ask in whose name is the broker's
to know, as with all that a box says. A lost answer costs nothing: the box asks again, and the hub
gives a certificate that it has just made a second time.
"""

from typing import Annotated

from pydantic import Field, ValidationError

from edge.errors import ConfigError
from edge.report import topic
from edge.report.message import Versioned
from edge.report.port import Outbound
from edge.trust.enrol import EnrolRefused
from edge.trust.identity import Identity

EVERY_S = 3600
"Between two requests while none is answered."
LOOK_EVERY_S = 60
"Between two looks at the certificate while it is young."


class Renew(Versioned):
    """A box whose certificate has passed two thirds of its life asks for the next."""

    request: Annotated[str, Field(max_length=8192)]
    "PKCS 10 in PEM, of the same name and key as the certificate."


class Renewed(Versioned):
    """The next certificate."""

    certificate: Annotated[str, Field(max_length=16_384)]
    "PEM, from the same authority."


class Renewal:
    """Keeps the certificate of a box from running out."""

    def __init__(self, identity: Identity) -> None:
        """Renew an identity; the session reads its files again by itself."""
        self._identity = identity
        self.refused = ""
        "Why the last answer was not taken, or none can be asked for; empty if all is well."
        self._next_s = float("-inf")

    def due(self, now_s: int, mono_s: float) -> Outbound | None:
        """Return what is to be said now, if anything; `mono_s` is a clock that never steps."""
        if mono_s < self._next_s:
            return None
        self._next_s = mono_s + LOOK_EVERY_S
        try:
            if not self._identity.due_for_renewal(now_s):
                return None
            asked = Renew(request=self._identity.request())
        except ConfigError as error:  # what we are connected with lasts for now
            self.refused = str(error)
            return None
        self._next_s = mono_s + EVERY_S
        where = topic.up(self._identity.node, topic.RENEW)
        return Outbound(where, asked.model_dump_json().encode())

    def take(self, payload: bytes, now_s: int) -> bool:
        """Take an answer; returns whether there is a new certificate, on disk by then."""
        try:
            self._identity.renew(Renewed.model_validate_json(payload).certificate, now_s)
        except (ValidationError, EnrolRefused, ConfigError) as error:
            self.refused = str(error)
            return False
        self.refused = ""
        return True
