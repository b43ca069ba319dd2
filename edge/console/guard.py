# SPDX-License-Identifier: Apache-2.0
"""What stands before every page: bounds of a request, whose form it is, and strict headers.

A form that comes back must come from a page of ours: the browser says so in `Origin` (RFC 6454),
which no script of another site can change. Nothing is taken from a query but what a page asks for.
"""

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.counters import PAGE_ANSWERS
from edge.counting import Numbers

MOST_OCTETS = 65_536
"Of a form."
MOST_FIELDS = 20
MOST_TARGET = 2048
"Octets of path and query."
FORM = "application/x-www-form-urlencoded"
METHODS = frozenset({"GET", "HEAD", "POST"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers say `Origin: null` to us, too
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
STRICT = {"Strict-Transport-Security": "max-age=31536000"}
"Where there is TLS."


class Guard:
    """The site behind its guard."""

    def __init__(self, site: ASGIApp, numbers: Numbers, *, tls: bool) -> None:
        """Let pass to `site` what may; count the answers."""
        self._site = site
        self._answers = numbers[PAGE_ANSWERS]
        self._headers = {**HEADERS, **(STRICT if tls else {})}
        self._scheme = "https" if tls else "http"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request."""
        if scope["type"] != "http":
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answers[str(message["status"]),].value += 1
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        refused = self._refused(scope)
        if refused is None and scope["method"] == "POST":
            refused = await _take_form(scope, receive)
        if refused is None:
            await self._site(scope, receive, answer)
            return
        text = f"{refused.phrase}\n"
        await PlainTextResponse(text, refused.value)(scope, receive, answer)

    def _refused(self, scope: Scope) -> HTTPStatus | None:
        """Return why a request goes no further; None if it does."""
        headers = Headers(scope=scope)
        if scope["method"] not in METHODS:
            return HTTPStatus.METHOD_NOT_ALLOWED
        if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_TARGET:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        if not headers.get("host"):
            return HTTPStatus.BAD_REQUEST
        if scope["method"] != "POST":
            return None
        if headers.get("content-type", "").partition(";")[0].strip() != FORM:
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        return None if self._is_ours(headers) else HTTPStatus.FORBIDDEN

    def _is_ours(self, headers: Headers) -> bool:
        """Whether a form comes from a page of ours; who does not say so is not believed."""
        origin = headers.get("origin", "")
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        alike = parts.netloc.lower() == headers["host"].lower()
        return (
            alike and parts.scheme == self._scheme and origin == f"{parts.scheme}://{parts.netloc}"
        )


async def _take_form(scope: Scope, receive: Receive) -> HTTPStatus | None:
    """Read a form into the scope; returns why it was not."""
    octets = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return HTTPStatus.BAD_REQUEST
        octets += message.get("body", b"")
        more = message.get("more_body", False)
        if len(octets) > MOST_OCTETS:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    try:
        text = octets.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return HTTPStatus.BAD_REQUEST
    scope["form"] = dict(pairs)
    return None
