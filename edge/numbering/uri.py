# SPDX-License-Identifier: Apache-2.0
"""The user part of a SIP or tel URI as heard -> digits and nature (RFC 3261 19.1.6, RFC 3966).

It reads leniently, as a tap must: what is no telephone number comes back as it is.
"""

import re
from urllib.parse import unquote

from edge.model.number import Nature

_SCHEME = re.compile(r"(?:sips?|tel):", re.IGNORECASE)
_EMERGENCY_SERVICE = re.compile(r"urn:service:sos(?:\.|$)", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", "-.()~/ \t\u00a0")
_CONTEXT = re.compile(r";phone-context=\+([0-9().-]+)", re.IGNORECASE)
_LONGEST_SHORT_CODE = 4
_UNIFIED_EMERGENCY = "112"


def sip_user(user: str) -> tuple[str, Nature]:
    """Return the digits of a URI's user part, and whether they are international.

    Takes the user part, or a whole `sip:`, `tel:` or `urn:service:sos` URI. Parameters are
    dropped but for a `phone-context` with digits, which is put before a local number.
    """
    if user.isdigit() and user.isascii():
        return user, Nature.UNKNOWN
    if user.startswith("+") and user.isascii() and user[1:].isdigit():
        return user[1:], Nature.INTERNATIONAL
    return _adorned(user)


def _adorned(user: str) -> tuple[str, Nature]:
    """Read a user part that has more to it than digits."""
    if _EMERGENCY_SERVICE.match(user):  # RFC 5031: sos, sos.police, sos.fire, ...
        return _UNIFIED_EMERGENCY, Nature.UNKNOWN
    scheme = _SCHEME.match(user)
    if scheme:
        user = user[scheme.end() :]
    user = user.partition("@")[0]
    name, mark, parameters = user.partition(";")
    name = unquote(name.partition(":")[0])  # after the colon: a password, RFC 3261 19.1.1
    number = name.translate(_SEPARATORS).removesuffix("#")  # end of dialling
    whole, digits = number.startswith("+"), number.removeprefix("+")
    if not (digits.isdigit() and digits.isascii()):
        return name, Nature.UNKNOWN
    if whole:
        return digits, Nature.INTERNATIONAL
    context = _CONTEXT.search(unquote(mark + parameters))
    # A short code is local in its context; its digits are no continuation of it, RFC 3966 5.1.5.
    if context is None or len(digits) <= _LONGEST_SHORT_CODE:
        return digits, Nature.UNKNOWN
    return context[1].translate(_SEPARATORS) + digits, Nature.INTERNATIONAL
