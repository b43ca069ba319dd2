# SPDX-License-Identifier: Apache-2.0
"""The event socket of FreeSWITCH (`mod_event_socket`), from the side that connects to it.

Octets in, messages out; what to say, as text. A message is a head, ended by an empty line, and a
body where the head gives a length. A `Malformed` is the last of a stream.
"""

import json
import re
from urllib.parse import unquote

import msgspec

from edge.decode.sip.uri import parse_address
from edge.model.message import Malformed

MAX_HEAD = 65_536
MAX_BODY = 16_777_216
"The list of channels is the longest body: a kilobyte each."
MAX_REASON = 127
"Octets of `sip_reason` that FreeSWITCH sends."

_ENDS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_QUOTING = dict.fromkeys(map(ord, "'\\$"))
"What FreeSWITCH would take for quoting or for a variable of its own."
_NO_URI = dict.fromkeys(map(ord, "'\\$^<>\" "))
_NAME = re.compile(r"[^0-9A-Za-z-]+")
_UUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_UP = frozenset({"ACTIVE", "HELD", "UNHELD"})
"States of an answered call in the list of channels."


class Said(msgspec.Struct, frozen=True):
    """A message."""

    kind: str
    "`auth/request`, `command/reply`, `api/response`, `text/event-plain`, ..."
    text: str
    "The body; of a reply without one, what its head says."

    @property
    def done(self) -> bool:
        """Whether it says that something was done."""
        return self.text.startswith("+OK")


class Framer:
    """Cuts the stream into messages. Holds one of them."""

    def __init__(self) -> None:
        """Start between two messages."""
        self._held = bytearray()
        self._seen = 0
        self._head: dict[str, str] | None = None

    def feed(self, octets: bytes) -> list[Said | Malformed]:
        """Return the messages that are whole now."""
        self._held += octets
        found: list[Said | Malformed] = []
        while one := self._next():
            found.append(one)
            if isinstance(one, Malformed):
                break
        return found

    def _next(self) -> Said | Malformed | None:
        if self._head is None and (fault := self._read_head()):
            return fault
        if self._head is None:
            return None
        length = self._head.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) <= len(str(MAX_BODY))):
            return Malformed("esl", 0, f"a body of {length[:40]} octets", bytes(self._held))
        if int(length) > MAX_BODY:
            return Malformed("esl", 0, f"a body of {length} octets", bytes(self._held))
        if len(self._held) < int(length):
            return None
        head, self._head = self._head, None
        body = self._held[: int(length)].decode("utf-8", "replace")
        del self._held[: int(length)]
        return Said(head.get("content-type", ""), body or head.get("reply-text", ""))

    def _read_head(self) -> Malformed | None:
        while self._held[:1] == b"\n":
            del self._held[:1]
        end = self._held.find(b"\n\n", max(0, self._seen - 1))
        self._seen = len(self._held) if end < 0 else 0
        if end > MAX_HEAD or self._seen > MAX_HEAD:
            return Malformed("esl", MAX_HEAD, "a head without end", bytes(self._held[:MAX_HEAD]))
        if end >= 0:
            self._head = lines(self._held[:end].decode("utf-8", "replace"))
            del self._held[: end + 2]
        return None


def lines(text: str) -> dict[str, str]:
    """Return the lines `Name: value` up to the first empty one, by name in lower case."""
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].split("\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


class Channel(msgspec.Struct, frozen=True):
    """What an event or the list of channels says of one leg of a call."""

    uuid: str
    call_id: str = ""
    "Empty where it was not said."
    from_tag: str = ""
    "Empty where it was not said."
    answered: bool = False
    over: bool = False


def channel_of(event: str) -> Channel | None:
    """Return of what channel an event tells; None if of none that came in."""
    said = {name: unquote(value) for name, value in lines(event).items()}
    uuid = said.get("unique-id", "")
    if said.get("call-direction") != "inbound" or not _UUID.fullmatch(uuid):
        return None
    return Channel(
        uuid,
        said.get("variable_sip_call_id", ""),
        tag_of(said.get("variable_sip_full_from", "")),
        said.get("answer-state") == "answered",
        said.get("event-name") in {"CHANNEL_HANGUP", "CHANNEL_DESTROY"},
    )


def tag_of(sender: str) -> str:
    """Return the tag of a From header; empty if it has none."""
    return parse_address(sender.encode()).parameters.get("tag", "")


def channels(listed: str) -> list[Channel]:
    """Return the channels that came in, of the answer to `LIST`; none if it is no list."""
    try:
        heard = json.loads(listed)
    except (ValueError, RecursionError):
        return []
    rows = heard.get("rows") if isinstance(heard, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        said = row if isinstance(row, dict) else {}
        uuid, state = str(said.get("uuid") or ""), str(said.get("callstate"))
        if _UUID.fullmatch(uuid) and said.get("direction") == "inbound":
            found.append(Channel(uuid, answered=state in _UP))
    return found


EVENTS = "event plain CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER \
CHANNEL_HANGUP CHANNEL_DESTROY"
ONLY_INBOUND = "filter Call-Direction inbound"
LIST = "api show channels as json"
LOOK = "api status"
"Costs little, changes nothing."


def command(text: str) -> bytes:
    """Return a command as sent; it stays one, whatever it was made of."""
    return plain(text).encode() + b"\n\n"


def get_call_id(uuid: str) -> str:
    """Ask for the Call-ID of a channel."""
    return f"api uuid_getvar {uuid} sip_call_id"


def settings(uuid: str, headers: tuple[tuple[str, str], ...]) -> list[str]:
    """Return what makes the last answer on a channel ours: its status, and these headers.

    Without the first, the status of a callee that refused before would be sent on.
    """
    wanted = {"sip_ignore_remote_cause": "true"}
    reason = ", ".join(plain(value) for name, value in headers if name.lower() == "reason")
    if len(reason.encode()) > MAX_REASON:
        wanted |= {"disable_q850_reason": "true", "sip_rh_Reason": reason}
    elif reason:
        wanted["sip_reason"] = reason
    for name, value in headers:
        if name.lower() != "reason" and (token := _NAME.sub("", name)):
            wanted[f"sip_rh_{token}"] = plain(value)
    return [
        f"api uuid_setvar {uuid} {name} {value.translate(_QUOTING)}"
        for name, value in wanted.items()
    ]


def kill(uuid: str) -> str:
    """Ask for the end of a channel: 603 with Q.850 cause 21 before its answer, BYE after it."""
    return f"api uuid_kill {uuid} CALL_REJECTED"


def redirect(uuid: str, contact: str) -> str:
    """Ask for 302 on a channel that was not answered; who rings is cancelled."""
    return f"api uuid_transfer {uuid} m:^:redirect:{contact.translate(_NO_URI)} inline"


def deflect(uuid: str, contact: str) -> str:
    """Ask for REFER on an answered channel; in the background, for it waits for the far end."""
    return f"bgapi uuid_deflect {uuid} {contact.translate(_NO_URI)}"


def plain(text: str) -> str:
    """Return a text as one line: a blank where it had line ends or other controls."""
    return _ENDS.sub(" ", text).strip()
