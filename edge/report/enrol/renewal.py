# SPDX-License-Identifier: Apache-2.0
"""A certificate is renewed over the connection that it opens, long before it ends.

The request is signed by the key of the box, which stays; who may ask in whose name is the broker's
to know, as with all that a box says. A lost answer costs nothing: the box asks again, and the hub
gives a certificate that it has just made a second time.
"""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

import structlog
from pydantic import Field, ValidationError
from typing_extensions import override

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


class Renewing(ABC):
    """Asks for a certificate when one is due, until there is an answer that can be kept."""

    where: ClassVar[str]
    "The last part of the topic."
    every_s: ClassVar[int]
    "Between two requests while none is answered."

    def __init__(self, node: str) -> None:
        """Ask in the name of a box."""
        self.refused = ""
        "Why the last answer was not taken, or none can be asked for; empty if all is well."
        self._node = node
        self._next_s = float("-inf")

    def due(self, now_s: int, mono_s: float) -> Outbound | None:
        """Return what is to be said now, if anything; `mono_s` is a clock that never steps."""
        if mono_s < self._next_s:
            return None
        self._next_s = mono_s + LOOK_EVERY_S
        try:
            asked = self._asked(now_s)
        except (ConfigError, EnrolRefused) as error:  # what there is lasts for now
            self._refuse(str(error))
            return None
        if asked is None:
            return None
        self._next_s = mono_s + self.every_s
        return Outbound(topic.up(self._node, self.where), asked.model_dump_json().encode())

    def take(self, payload: bytes, now_s: int) -> bool:
        """Take an answer; returns whether there is a new certificate, on disk by then."""
        try:
            self._keep(payload, now_s)
        except (ValidationError, EnrolRefused, ConfigError, OSError) as error:
            self._refuse(str(error))
            return False
        self.refused = ""
        return True

    @abstractmethod
    def _asked(self, now_s: int) -> Versioned | None:
        """Return what is asked now; None if nothing is due."""

    @abstractmethod
    def _keep(self, payload: bytes, now_s: int) -> None:
        """Keep an answer, on disk."""

    def _refuse(self, why: str) -> None:
        """Keep why there is none, and tell whoever reads the log, once."""
        if why != self.refused:
            structlog.get_logger("uplink").warning("not certified", what=self.where, why=why)
        self.refused = why


class Renewal(Renewing):
    """Keeps the certificate of a box from running out."""

    where, every_s = topic.RENEW, EVERY_S

    def __init__(self, identity: Identity) -> None:
        """Renew an identity; the session reads its files again by itself."""
        super().__init__(identity.node)
        self._identity = identity

    @override
    def _asked(self, now_s: int) -> Versioned | None:
        if not self._identity.due_for_renewal(now_s):
            return None
        return Renew(request=self._identity.request())

    @override
    def _keep(self, payload: bytes, now_s: int) -> None:
        self._identity.renew(Renewed.model_validate_json(payload).certificate, now_s)
