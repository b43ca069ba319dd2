# SPDX-License-Identifier: Apache-2.0
"""An urgent record on the wire: the record as it was signed, and by whom."""

import base64
import binascii

from pydantic import ValidationError

from edge.blocklist.manifest import Signed, read_record
from edge.errors import ListError
from edge.report.message import ACCEPTS, Urgent

MOST_OCTETS = 256 * 1024
"Of a whole message; some thousands of entries."


def read_urgent(payload: bytes) -> Signed | None:
    """Return an urgent record; None if it is none, or not of the list that it says."""
    if len(payload) > MOST_OCTETS:
        return None
    try:
        urgent = Urgent.model_validate_json(payload)
        signed = Signed(base64.b64decode(urgent.record, validate=True), urgent.signatures)
        is_its_list = read_record(signed.record).list == urgent.list
    except (ValidationError, binascii.Error, ValueError, ListError):
        return None
    return signed if is_its_list and urgent.v in ACCEPTS else None


def write_urgent(signed: Signed) -> bytes:
    """Return the message that carries an urgent record. Raises `ListError` if it is none."""
    urgent = Urgent(
        list=read_record(signed.record).list, record=base64.b64encode(signed.record).decode(),
        signatures=signed.signatures,
    )  # fmt: skip
    return urgent.model_dump_json().encode()
