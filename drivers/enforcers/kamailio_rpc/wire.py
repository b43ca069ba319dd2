# SPDX-License-Identifier: Apache-2.0
"""What Kamailio is asked and what it answers: JSON-RPC 2.0, one datagram each.

As the modules `jsonrpcs`, `tm` and `dialog` of Kamailio 5.6 take and say it. Nothing here raises on
what was heard.
"""

import hashlib
import json
import re

import msgspec

from edge.model.answer import Answer
from edge.model.message import Malformed

MAX_DATAGRAM = 65_507
"Octets of a request or an answer."
NOT_FOUND = 404
"No such transaction, no such dialog."
TALKING = frozenset({3, 4})
"States of a dialog: answered, and answered with the ACK heard."

_ENDS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_NAME = re.compile(r"[^0-9A-Za-z.!%*_+`'~-]+")
"What is no part of a token (RFC 3261 section 25.1)."


class Question(msgspec.Struct, frozen=True):
    """A method and what it takes, in order."""

    method: str
    parameters: tuple[str | int, ...] = ()


class Said(msgspec.Struct, frozen=True):
    """An answer."""

    id: int
    "Of the question."
    code: int = 0
    "0, or that of the error: a SIP status, mostly."
    text: str = ""
    "The error, in Kamailio's words."
    result: object = None

    @property
    def done(self) -> bool:
        """Whether it is not an error."""
        return not self.code


class Dialog(msgspec.Struct, frozen=True):
    """A call in the table of the module `dialog`."""

    entry: int
    id: int
    state: int
    from_tag: str

    @property
    def talks(self) -> bool:
        """Whether it was answered and is not over."""
        return self.state in TALKING


LOOK = Question("core.version")
"Costs nothing, changes nothing."


def request(question: Question, number: int) -> bytes:
    """Return a question as sent; its answer bears the number."""
    body = {
        "jsonrpc": "2.0",
        "method": question.method,
        "params": question.parameters,
        "id": number,
    }
    return json.dumps(body).encode()


def reject(answer: Answer, call_id: str, cseq: str, order: str) -> Question:
    """Ask for a final answer to an INVITE that waits for one.

    The callee, if it was asked already, gets a CANCEL. The tag of To is made of the order's name,
    so that the same order is the same answer.
    """
    tag = hashlib.sha256(order.encode()).hexdigest()[:16]
    phrase = plain(answer.phrase) or "Rejected"
    said = (answer.status, phrase, call_id, cseq, tag, header_lines(answer))
    return Question("tm.reply_callid", said)


def find(call_id: str) -> Question:
    """Ask for the dialogs with a Call-ID."""
    return Question("dlg.list_match", ("callid", "eq", call_id))


def end(dialog: Dialog, answer: Answer) -> Question:
    """Ask for a BYE to both sides."""
    return Question("dlg.end_dlg", (dialog.entry, dialog.id, header_lines(answer)))


def header_lines(answer: Answer) -> str:
    """Return the headers of an answer, each with its line end; no value brings one of its own."""
    headers = [(_NAME.sub("", name), plain(value)) for name, value in answer.headers]
    if contact := plain(answer.contact).translate(dict.fromkeys(b'<>" ')):
        headers.append(("Contact", f"<{contact}>"))
    return "".join(f"{name}: {value}\r\n" for name, value in headers if name)


def plain(text: str) -> str:
    """Return a text as one line: a blank where it had line ends or other controls."""
    return _ENDS.sub(" ", text).strip()


def read(datagram: bytes) -> Said | Malformed:
    """Read an answer. A caller's octets come back in it, so they need not be UTF-8."""
    try:
        heard = json.loads(datagram.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as why:
        return Malformed("jsonrpc", 0, f"not JSON: {why}", datagram)
    number = heard.get("id") if isinstance(heard, dict) else None
    if type(number) is not int:
        return Malformed("jsonrpc", 0, "answer without our id", datagram)
    error = heard.get("error")
    if error is None:
        return Said(number, result=heard.get("result"))
    if not isinstance(error, dict):
        error = {"message": error}
    code = error.get("code")
    text = plain(str(error.get("message", ""))[:200])
    return Said(number, code if type(code) is int and code else -1, text)


def dialogs(result: object) -> list[Dialog]:
    """Return what an answer to `find` lists; what is no dialog is left out."""
    listed = result if isinstance(result, list) else []
    return [found for one in listed if (found := _dialog(one))]


def _dialog(one: object) -> Dialog | None:
    caller = one.get("caller") if isinstance(one, dict) else None
    if not isinstance(one, dict) or not isinstance(caller, dict):
        return None
    numbers = [one.get(name) for name in ("h_entry", "h_id", "state")]
    entry, ident, state = (number if type(number) is int else -1 for number in numbers)
    tag = caller.get("tag")
    if min(entry, ident, state) < 0 or not isinstance(tag, str):
        return None
    return Dialog(entry, ident, state, tag)
