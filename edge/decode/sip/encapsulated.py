# SPDX-License-Identifier: Apache-2.0
"""The IAM that an INVITE carries (SIP-I: RFC 3204, Q.1912.5), and whether it tells the same story.

A gateway writes the SIP headers from the IAM. Where they differ somebody has written one of them.
"""

from collections.abc import Iterable

from edge.decode.isup.message import IsupMessage, parse_body
from edge.decode.sip.body import isup_parts
from edge.model.message import Flow
from edge.model.unit import Unit

NATIONAL_DIGITS = 10
"From here on two numbers are the same that end the same: 8 717 ..., +7 717 ..., 717 ..."


def find_iam(unit: Unit, flow: Flow, content_type: str, body: bytes) -> IsupMessage | None:
    """Return the IAM in a body, if there is one that can be read."""
    for octets in isup_parts(content_type, body):
        for found in parse_body(unit, flow, octets):
            if isinstance(found, IsupMessage) and found.type == "IAM":
                return found
    return None


def disagreement(iam: str, sip: Iterable[str]) -> str:
    """Return both sides' numbers if none in SIP is that of the IAM; empty if one is, or is none."""
    heard = [number for number in sip if number]
    if not iam or not heard or any(is_alike(iam, number) for number in heard):
        return ""
    return f"isup {iam}, sip {' '.join(heard)}"


def is_alike(one: str, other: str) -> bool:
    """Whether two numbers as heard are the same but for prefixes."""
    shorter, longer = sorted((one.lstrip("+"), other.lstrip("+")), key=len)
    return longer.endswith(shorter[-NATIONAL_DIGITS:])
