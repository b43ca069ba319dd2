# SPDX-License-Identifier: Apache-2.0
"""The page's certificate comes over the connection that the box's own opens, as renewals do.

Asked for when there is none, when two thirds of its life are over, or when the page is reached
elsewhere. A hub that gives none does not answer, and everything stays as it is.
"""

from typing import Annotated

import structlog
from pydantic import Field
from typing_extensions import override

from edge.report import topic
from edge.report.enrol.renewal import Renewing
from edge.report.message import Versioned
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


class PageRenewal(Renewing):
    """Keeps the page of a box in certificates; systemd starts it anew when one has changed."""

    where, every_s = topic.PAGE, EVERY_S

    def __init__(self, page: PageIdentity) -> None:
        """Ask for a page."""
        super().__init__(page.node)
        self._page = page

    @override
    def _asked(self, now_s: int) -> Versioned | None:
        return PageAsk(request=self._page.request()) if self._page.due(now_s) else None

    @override
    def _keep(self, payload: bytes, now_s: int) -> None:
        given = PageGiven.model_validate_json(payload)
        self._page.take(given.certificate, given.authority, now_s)
        structlog.get_logger("uplink").info("page certified")
