# SPDX-License-Identifier: Apache-2.0
"""What `--json` prints: one object a line. The shapes are versioned and kept by test.

Times are numbers: epoch seconds with just the decimals that the capture's clock gave.
"""

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from edge.model.event import (
    CallAnswered,
    CallEvent,
    CallOffered,
    CallProgressed,
    CallReleased,
    TapBlind,
    shown,
)
from edge.model.message import Malformed, Message
from edge.model.number import Party, Presentation
from edge.model.unit import ClockQuality
from edge.model.verdict import Verdict

SCHEMA_VERSION: Final = 1
"Raised when a field changes its meaning or goes; a new field does not raise it."

MAX_SHOWN_OCTETS = 64
"Octets of a malformed unit that are printed; `--save-malformed` keeps all."

NS_DIGITS = 9
CAPTURE_CLOCK = ClockQuality("capture file")

_ENCODER = msgspec.json.Encoder(decimal_format="number")

Line = dict[str, object]


def put(line: Mapping[str, object]) -> None:
    """Print one line of JSON."""
    sys.stdout.buffer.write(_ENCODER.encode(line) + b"\n")


def flush() -> None:
    """Have what was printed reach the reader now."""
    sys.stdout.buffer.flush()


def seconds(at_ns: int, clock: ClockQuality = CAPTURE_CLOCK) -> Decimal:
    """Return epoch seconds with the decimals that the clock gave."""
    dropped = NS_DIGITS - clock.digits
    return Decimal(at_ns // 10**dropped).scaleb(dropped - NS_DIGITS)


def message_line(message: Message) -> Line:
    """Return a decoded message for `qalqan decode`."""
    return {
        "n": message.unit.number,
        "t": seconds(message.unit.at, message.unit.clock),
        "proto": message.proto,
        "type": message.type,
        "call": message.call,
        "calling": message.calling,
        "called": message.called,
        **message.fields(),
    }


def malformed_line(malformed: Malformed) -> Line:
    """Return what could not be read, with the octets it began with."""
    unit = malformed.unit
    where = {"n": unit.number, "t": seconds(unit.at, unit.clock)} if unit else {}
    octets = malformed.data
    return {
        "malformed": {
            **where,
            "layer": malformed.layer,
            "offset": malformed.offset,
            "why": malformed.why,
            "octets": len(octets),
            "data": octets[:MAX_SHOWN_OCTETS].hex(),
        }
    }


def blind_line(blind: TapBlind, clock: ClockQuality = CAPTURE_CLOCK) -> Line:
    """Return what was lost that may have been the offer of a call."""
    return {
        "event": "tap_blind",
        "t": seconds(blind.at, clock),
        "tap": blind.tap,
        "trunks": list(blind.trunks),
        "cause": blind.cause,
        "lost": blind.lost,
    }


def event_line(event: CallEvent, clock: ClockQuality = CAPTURE_CLOCK) -> Line:
    """Return a call event; the field `event` says which."""
    line: Line = {
        "event": _EVENT_NAMES[type(event)],
        "t": seconds(event.at, clock),
        "call": event.call,
        "attempt": event.attempt,
    }
    match event:
        case CallOffered():
            line |= _offered(event)
        case CallProgressed():
            line |= {"stage": event.stage, "cause": event.cause}
        case CallAnswered():
            line |= {"after_s": event.after_ns / 1e9}
        case CallReleased():
            line |= _released(event)
    return line


_EVENT_NAMES = {
    CallOffered: "call_offered",
    CallProgressed: "call_progressed",
    CallAnswered: "call_answered",
    CallReleased: "call_released",
}


def _offered(offer: CallOffered) -> Line:
    return {
        "n": offer.message.unit.number,
        "tap": offer.message.unit.tap,
        "trunk": offer.trunk.name,
        "class": offer.trunk.kind.value,
        "proto": offer.proto,
        "calling": shown(offer.calling.number),
        "called": shown(offer.called.number),
        "identities": [party_line(party) for party in offer.identities],
        "facts": offer.message.facts(),
    }


def _released(event: CallReleased) -> Line:
    line: Line = {
        "cause": event.cause,
        "by": event.by,
        "answered": event.answered,
        "lasted_s": event.lasted_ns / 1e9,
    }
    if event.sip_status:
        line["sip_status"] = event.sip_status
    if event.q850_cause:
        line["q850_cause"] = event.q850_cause
    return line


def party_line(party: Party) -> Line:
    """Return one identity as heard and in normal form; what says nothing is left out."""
    number = party.number
    line: Line = {"role": party.role, "raw": number.raw, "number": shown(number)}
    line["kind"] = number.kind.value
    if number.country:
        line["country"] = number.country
    if number.refusal:
        line["refusal"] = number.refusal.value
    if number.repaired:
        line["repaired"] = number.repaired
    if party.presentation is not Presentation.ALLOWED:
        line["presentation"] = party.presentation.value
    texts = {"display": party.display, "host": party.host, "uri": party.uri}
    return line | {name: value for name, value in texts.items() if value}


def verdict_line(offer: CallOffered, verdict: Verdict, took_ns: int = 0) -> Line:
    """Return a verdict; `took_us` is the time from the unit to it."""
    line: Line = {
        "event": "verdict",
        "t": seconds(offer.at, offer.message.unit.clock),
        "call": offer.call,
        "attempt": offer.attempt,
        "trunk": offer.trunk.name,
        "action": verdict.action.value,
        "wanted": verdict.wanted.value,
        "mode": verdict.mode.value,
        "basis": verdict.basis.value,
        "rule": verdict.rule,
        "calling": shown(offer.calling.number),
        "called": shown(offer.called.number),
        "reasons": [
            {"rule": r.rule, "text": r.text, "facts": dict(r.facts)} for r in verdict.reasons
        ],
    }
    if verdict.list_version:
        line |= {"list_version": verdict.list_version, "legal_basis": verdict.legal_basis}
    if took_ns:
        line["took_us"] = round(took_ns / 1000, 1)
    return line
