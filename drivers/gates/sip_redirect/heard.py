# SPDX-License-Identifier: Apache-2.0
"""Which call a switch asks about that makes a call of its own to ask: what `X-Heard` says. Pure.

    X-Heard: peer=198.51.100.10;call="1-2345@198.51.100.10";tag="17";cseq=1

A proxy asks with the caller's own INVITE, and its Via chain says from where it came. A switch that
ends one call and begins another (a back-to-back user agent, RFC 3261 section 6) names the first one
here, so that what it asks and what a tap hears are known to be one call.
"""

import re
from ipaddress import ip_address
from typing import NamedTuple

NAME = b"x-heard"
MOST = 1024
"Octets of a value that is looked at."

_HEARD = re.compile(
    rb'peer=\[?([0-9A-Fa-f.:]{2,45})\]?;call="([^"\r\n]{1,512})"'
    rb';tag="([^"\r\n]{0,256})";cseq=(\d{1,10})'
)


class Heard(NamedTuple):
    """The INVITE that the switch itself heard."""

    packed: bytes
    "Address it came from."
    call_id: bytes
    from_tag: bytes
    cseq: bytes


def read_heard(value: bytes) -> Heard | None:
    """Return what a value says; None if it says nothing that can be read."""
    found = _HEARD.fullmatch(value.strip()) if len(value) <= MOST else None
    if found is None:
        return None
    try:
        packed = ip_address(found[1].decode()).packed
    except ValueError:
        return None
    return Heard(packed, found[2], found[3], found[4] + b" INVITE")
