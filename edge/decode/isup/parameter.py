# SPDX-License-Identifier: Apache-2.0
"""Contents of ISUP parameters other than numbers (Q.763 section 3), ready for JSON.

What has no reader here is shown as hexadecimal octets.
"""

from collections.abc import Callable, Mapping

from edge.decode.cause import read_cause
from edge.decode.cursor import Cursor
from edge.decode.isup.codes import CAUSE, OPTIONAL_BACKWARD, OPTIONAL_FORWARD, SUBSEQUENT
from edge.decode.isup.number import FORMS, read_digits, read_number

CATEGORIES = {
    0x00: "unknown",
    0x01: "operator, French",
    0x02: "operator, English",
    0x03: "operator, German",
    0x04: "operator, Russian",
    0x05: "operator, Spanish",
    0x09: "national operator",
    0x0A: "ordinary subscriber",
    0x0B: "priority subscriber",
    0x0C: "data call",
    0x0D: "test call",
    0x0E: "IEPS",
    0x0F: "payphone",
    0x10: "mobile, home network",
    0x11: "mobile, visited network",
    0xE0: "reserved (ISUP-R)",
    0xE1: "hotel subscriber (ISUP-R)",
    0xE2: "subscriber without charge (ISUP-R)",
    0xE3: "subscriber with special services (ISUP-R)",
    0xE4: "local subscriber (ISUP-R)",
    0xE5: "local payphone (ISUP-R)",
    0xF0: "automatic call, category I (ISUP-R)",
    0xF1: "semi-automatic call, category I (ISUP-R)",
    0xF2: "automatic call, category II (ISUP-R)",
    0xF3: "semi-automatic call, category II (ISUP-R)",
    0xF4: "automatic call, category III (ISUP-R)",
    0xF5: "semi-automatic call, category III (ISUP-R)",
    0xF6: "automatic call, category IV (ISUP-R)",
    0xF7: "semi-automatic call, category IV (ISUP-R)",
}
MEDIA = {0: "speech", 2: "64 kbit/s unrestricted", 3: "3.1 kHz audio", 6: "64 kbit/s preferred"}
CONTINUITY = ("not required", "required", "on a previous circuit", "spare")
PREFERENCES = ("preferred", "not required", "required", "spare")
CHARGES = ("no indication", "no charge", "charge", "spare")
STATUSES = ("no indication", "subscriber free", "connect when free", "spare")
CALLED_CATEGORIES = ("no indication", "ordinary subscriber", "payphone", "spare")
EVENTS = {
    1: "alerting",
    2: "progress",
    3: "in-band information",
    4: "forwarded on busy",
    5: "forwarded on no reply",
    6: "forwarded unconditionally",
}
REDIRECTIONS = (
    "no redirection",
    "rerouted",
    "rerouted, all restricted",
    "diverted",
    "diverted, all restricted",
    "rerouted, redirection number restricted",
    "diverted, redirection number restricted",
    "spare",
)
REASONS = {
    0: "unknown",
    1: "user busy",
    2: "no reply",
    3: "unconditional",
    4: "deflection during alerting",
    5: "deflection immediate",
    6: "mobile not reachable",
}
GROUP_TYPES = ("maintenance", "hardware failure", "national", "spare")
ANSWERS = ("not included", "not available", "spare", "included")


def _nature_of_connection(cursor: Cursor) -> object:
    octet = cursor.u8()
    return {
        "satellites": octet & 3,
        "continuity_check": CONTINUITY[octet >> 2 & 3],
        "echo_control": bool(octet & 0x10),
    }


def _forward_call(cursor: Cursor) -> object:
    first, second = cursor.u8(), cursor.u8()
    return {
        "international": bool(first & 0x01),
        "interworking": bool(first & 0x08),
        "isup_all_the_way": bool(first & 0x20),
        "isup_preference": PREFERENCES[first >> 6],
        "isdn_access": bool(second & 0x01),
        "number_translated": bool(second & 0x10),
    }


def _backward_call(cursor: Cursor) -> object:
    first, second = cursor.u8(), cursor.u8()
    return {
        "charge": CHARGES[first & 3],
        "status": STATUSES[first >> 2 & 3],
        "category": CALLED_CATEGORIES[first >> 4 & 3],
        "interworking": bool(second & 0x01),
        "isup_all_the_way": bool(second & 0x04),
        "isdn_access": bool(second & 0x10),
        "echo_control": bool(second & 0x20),
    }


def _optional_forward(cursor: Cursor) -> object:
    octet = cursor.u8()
    return {
        "closed_user_group": octet & 3,
        "segmented": bool(octet & 0x04),
        "connected_line_requested": bool(octet & 0x80),
    }


def _optional_backward(cursor: Cursor) -> object:
    octet = cursor.u8()
    return {
        "in_band": bool(octet & 0x01),
        "may_be_diverted": bool(octet & 0x02),
        "segmented": bool(octet & 0x04),
        "mlpp": bool(octet & 0x08),
    }


def _category(cursor: Cursor) -> object:
    code = cursor.u8()
    return {"code": code, "text": CATEGORIES.get(code, "")}


def _medium(cursor: Cursor) -> object:
    code = cursor.u8()
    return MEDIA.get(code, code)


def _redirection(cursor: Cursor) -> object:
    first = cursor.u8()
    found: dict[str, object] = {
        "indicator": REDIRECTIONS[first & 7],
        "original_reason": REASONS.get(first >> 4, str(first >> 4)),
    }
    if cursor.left:  # absent in messages of the first ISUP (Q.763 3.45, note)
        second = cursor.u8()
        found["count"] = second & 7
        found["reason"] = REASONS.get(second >> 4, str(second >> 4))
    return found


def _event(cursor: Cursor) -> object:
    octet = cursor.u8()
    return {"event": EVENTS.get(octet & 0x7F, octet & 0x7F), "restricted": octet > 0x7F}  # noqa: PLR2004


def _call_diversion(cursor: Cursor) -> object:
    octet = cursor.u8()
    return {"notification": octet & 7, "reason": REASONS.get(octet >> 3 & 15, octet >> 3 & 15)}


def _range_and_status(cursor: Cursor) -> object:
    return {"circuits": cursor.u8() + 1, "status": cursor.rest().hex()}


def _information(cursor: Cursor) -> object:
    first, _ = cursor.u8(), cursor.u8()
    return {"calling_number": ANSWERS[first & 3], "calling_category": bool(first & 0x20)}


def _information_request(cursor: Cursor) -> object:
    first, _ = cursor.u8(), cursor.u8()
    return {"calling_number": bool(first & 0x01), "calling_category": bool(first & 0x08)}


def _generic_digits(cursor: Cursor) -> object:
    octet = cursor.u8()
    scheme, digits = octet >> 5, cursor.rest()
    text = digits.hex()
    if scheme <= 1:  # BCD, even or odd (Q.763 3.24 a)
        text, _ = read_digits(scheme, digits)
    return {"type": octet & 0x1F, "scheme": scheme, "digits": text}


def _suspend_resume(cursor: Cursor) -> object:
    return "network" if cursor.u8() & 1 else "subscriber"


READERS: Mapping[int, Callable[[Cursor], object]] = {
    0x02: _medium,
    0x06: _nature_of_connection,
    0x07: _forward_call,
    OPTIONAL_FORWARD: _optional_forward,
    0x09: _category,
    0x0E: _information_request,
    0x0F: _information,
    0x10: lambda cursor: bool(cursor.u8() & 1),
    0x11: _backward_call,
    CAUSE: lambda cursor: read_cause(cursor).fields(),
    0x13: _redirection,
    0x15: lambda cursor: GROUP_TYPES[cursor.u8() & 3],
    0x16: _range_and_status,
    0x22: _suspend_resume,
    0x24: _event,
    0x27: Cursor.u8,
    OPTIONAL_BACKWARD: _optional_backward,
    0x2C: lambda cursor: [octet & 0x7F for octet in cursor.rest()],
    0x31: Cursor.u16,
    0x35: _medium,
    0x36: _call_diversion,
    0x3D: lambda cursor: cursor.u8() & 0x1F,
    0x3E: _medium,
    0x77: lambda cursor: cursor.u8() & 0x1F,
    0xC1: _generic_digits,
}


def show(code: int, value: bytes) -> object:
    """Return the content of a parameter for JSON; raises `Short`."""
    if code in FORMS or code == SUBSEQUENT:
        return read_number(code, Cursor(value)).fields()
    reader = READERS.get(code)
    return reader(Cursor(value)) if reader else value.hex()
