# SPDX-License-Identifier: Apache-2.0
"""The page's certificate comes over the connection that the box's own opens, as renewals do.

Asked for when there is none, when two thirds of its life are over, or when the page is reached
elsewhere. A hub that gives none does not answer, and everything stays as it is.
"""

from typing import Annotated

import structlog
from pydantic import Field, ValidationError

from edge.errors import ConfigError
from edge.report import topic
from edge.report.enrol.renewal import LOOK_EVERY_S
from edge.report.message import Versioned
from edge.report.port import Outbound
from edge.trust.enrol import EnrolRefused
from edge.trust.page import PageIdentity

EVERY_S = 600
"Between two requests while none is answered: at a new box somebody waits for its page."


class PageAsk(Versioned):
    """A box whose page people see over TLS asks for a certificate that browsers can know."""

    request: Annotated[str, Field(max_length=8192)]
    """PKCS 10 in PEM: the name of the box, a key of the page's own, and as subjectAltName where
    people reach it."""


class PageGiven(Versioned):
    """A certificate for a page; its authority is another than the one that brokers are known by."""

    certificate: Annotated[str, Field(max_length=16_384)]
    "PEM, for a server alone, of the names that were asked for."
    authority: Annotated[str, Field(max_length=16_384)]
    "PEM, of whoever signs for pages: what people put into their browsers."


class PageRenewal:
    """Keeps the page of a box in certificates."""

    def __init__(self, page: PageIdentity) -> None:
        """Ask for a page; systemd starts it anew when its certificate has changed."""
        self._page = page
        self.refused = ""
        "Why the last answer was not taken, or none can be asked for; empty if all is well."
        self._next_s = float("-inf")

    def due(self, now_s: int, mono_s: float) -> Outbound | None:
        """Return what is to be said now, if anything; `mono_s` is a clock that never steps."""
        if mono_s < self._next_s:
            return None
        self._next_s = mono_s + LOOK_EVERY_S
        try:
            if not self._page.due(now_s):
                return None
            asked = PageAsk(request=self._page.request())
        except (ConfigError, EnrolRefused) as error:
            self._refuse(str(error))
            return None
        self._next_s = mono_s + EVERY_S
        where = topic.up(self._page.node, topic.PAGE)
        return Outbound(where, asked.model_dump_json().encode())

    def take(self, payload: bytes, now_s: int) -> bool:
        """Take an answer; returns whether there is a new certificate, on disk by then."""
        try:
            given = PageGiven.model_validate_json(payload)
            self._page.take(given.certificate, given.authority, now_s)
        except (ValidationError, EnrolRefused, ConfigError) as error:
            self._refuse(str(error))
            return False
        self.refused = ""
        structlog.get_logger("uplink").info("page certified")
        return True

    def _refuse(self, why: str) -> None:
        """Keep why there is none, and tell whoever reads the log, once."""
        if why != self.refused:
            structlog.get_logger("uplink").warning("page not certified", why=why)
        self.refused = why
