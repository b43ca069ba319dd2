# SPDX-License-Identifier: Apache-2.0
"""*A call*: why it was stopped, or would have been, what the tap heard of it, and its evidence."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from edge.console.desk import Visit
from edge.console.ladder import ladder_of, steps_of
from edge.console.speech import Speech
from edge.errors import InputError
from edge.evidence.shelf import capture_of, find

_MOMENTS = ("valid_from", "valid_until")


def show(visit: Visit) -> Response:
    """Show the records of a call, by Call-ID, record id or redress id."""
    name = visit.asked("id")
    found = _found(visit, name) if name else []
    context = {
        "name": name,
        "missing": bool(name) and not found,
        "verdicts": [_verdict(visit, record) for record, _ in found if "of" not in record],
        "ends": [record for record, _ in found if "of" in record],
        "ladder": ladder_of(steps_of(section for _, section in found if section)),
    }
    return visit.page("call.html", context)


def _found(visit: Visit, name: str) -> list[tuple[dict[str, Any], bytes]]:
    """Return the records of a call, each with its frames; what is damaged is passed over."""
    evidence = visit.desk.places.evidence
    if not evidence.exists():
        return []
    found = []
    for line, record in find(evidence, name, lambda _line: None):
        try:
            capture = capture_of(record)
            section = capture.read(line.path.parent) if capture else b""
        except InputError:
            section = b""
        found.append((record, section))
    return found


def _verdict(visit: Visit, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its reasons in the reader's language."""
    reasons = record.get("reasons")
    return {**record, "said": [_reason(visit, one) for one in reasons or ()]}


def _reason(visit: Visit, reason: dict[str, Any]) -> dict[str, Any]:
    speech = visit.speech
    facts = [(speech.word("fact", one), _value(speech, one, said)) for one, said in reason["facts"]]
    return {"rule": reason["rule"], "facts": facts}


def _value(speech: Speech, name: str, value: str) -> str:
    if name in _MOMENTS and value.isdigit():
        return speech.time(float(value))
    return speech.word(name, value)


def evidence(visit: Visit) -> Response:
    """Hand out the bundle of a call; that it was is recorded before."""
    # What checks signatures is needed here alone.
    from edge.evidence.bundle import export as bundle_of, pack  # noqa: PLC0415 - as said above

    name = visit.asked("id")
    try:
        bundle = bundle_of(visit.desk.places.evidence, name, lambda _line: None, without_proof=True)
    except InputError as wrong:
        raise visit.lacks(HTTPStatus.NOT_FOUND, str(wrong)) from wrong
    record = bundle.records[0]
    visit.desk.minutes.note(visit.name, f"took the evidence of {record}")
    headers = {"Content-Disposition": f'attachment; filename="evidence-{record}.tar"'}
    return Response(pack(bundle.files), media_type="application/x-tar", headers=headers)
