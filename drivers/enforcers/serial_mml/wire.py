# SPDX-License-Identifier: Apache-2.0
"""What is said to an exchange's command port, and what is made of its answers (Z.301 and kin).

Octets in, text out; words of a call into a command, and nothing else into it. Nothing here raises
upon what it hears.
"""

import re
from collections.abc import Mapping
from string import Formatter

from edge.decode.isup.message import IsupMessage
from edge.decode.q931.message import Q931Message
from edge.errors import EnforceError
from edge.model.answer import REJECTED
from edge.model.number import Number
from edge.ports import Order

MAX_HEARD = 16_384
"Characters held of what is said; older ones are forgotten."
MAX_SHOWN = 160
"Characters of an answer that people are shown."
WORDS = frozenset({
    "call", "called", "callref", "calling", "cause", "cic", "dpc", "opc", "slot", "span",
})  # fmt: skip
"What a command may say of a call."
LOGIN_WORDS = frozenset({"user", "password"})
TIMESLOT_BITS = 5
"Of a CIC, on E1 (Q.763 1.2)."
_SAFE = re.compile(r"[0-9A-Za-z+:._-]+")
"No separator, quote, blank or line end of any command language."


def check(template: str, words: frozenset[str]) -> str:
    """Return a template that can be filled. Raises `ValueError`, saying what is wrong with it."""
    for _, word, form, conversion in Formatter().parse(template):
        if word is not None and (word not in words or form or conversion):
            known = ", ".join(f"{{{known}}}" for known in sorted(words)) or "none"
            raise ValueError(f"unknown placeholder {{{word}}}; known: {known}")
    if not template.isprintable():
        raise ValueError("a command is one line without control characters")
    return template


def pattern(text: str) -> str:
    """Return the text of a regular expression. Raises `ValueError` if it is none."""
    try:
        re.compile(text)
    except re.error as wrong:
        raise ValueError(f"no regular expression: {wrong}") from wrong
    return text


def of_call(order: Order) -> dict[str, str]:
    """Return what is known of a call, by the words of `WORDS`; what is not known is left out."""
    call = order.call
    found = {
        "call": call.call,
        "calling": _digits(call.calling.number),
        "called": _digits(call.called.number),
        "cause": str(order.answer.cause or REJECTED),
    }
    return {word: value for word, value in (found | _place(call.message)).items() if value}


def _digits(number: Number) -> str:
    return number.e164 or number.raw


def _place(message: object) -> dict[str, str]:
    """Return where a call is: its circuit, or its call reference and B channel."""
    if isinstance(message, IsupMessage) and (circuit := message.circuit):
        span, slot = divmod(circuit.cic, 1 << TIMESLOT_BITS)
        label = {"opc": str(circuit.label.opc), "dpc": str(circuit.label.dpc)}
        return label | {"cic": str(circuit.cic), "span": str(span), "slot": str(slot)}
    if isinstance(message, Q931Message):
        channel = message.channel
        slots = channel.channels if channel else ()
        return {
            "callref": str(message.reference.value),
            "span": message.unit.channel.partition(":")[0],
            "slot": str(slots[0]) if len(slots) == 1 else "",
        }
    return {}


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a command about one call. Raises `EnforceError` if a word of it has no safe value."""
    for _, word, _, _ in Formatter().parse(template):
        if word is not None and not _SAFE.fullmatch(values.get(word, "")):
            what = f"{values[word]!r} has no place in a command" if word in values else "is unknown"
            raise EnforceError(f"{{{word}}} of the call: {what}")
    return template.format_map(values)


class Heard:
    """What an exchange has said since it was last spoken to; bounded."""

    def __init__(self, prompt: str, ignored: str, encoding: str) -> None:
        """Take regular expressions: the prompt, and what the exchange prints of its own accord."""
        self._prompt = prompt
        self._ignored = re.compile(ignored, re.MULTILINE) if ignored else None
        self._encoding = encoding
        self._raw = ""
        self._echo = ""

    def feed(self, octets: bytes) -> None:
        """Take what came."""
        text = octets.decode(self._encoding, "replace").replace("\0", "")
        self._raw = (self._raw + text)[-MAX_HEARD:]

    def sent(self, text: str) -> None:
        """Begin anew: what was heard so far answers nothing that is said from now on."""
        self._raw = ""
        self._echo = text

    @property
    def text(self) -> str:
        """What was said, without our echo and what is to be ignored; lines end with a newline."""
        before, echo, after = self._raw.partition(self._echo or "\0")
        if not echo:
            before = before[: len(before) - _begun(before, self._echo)]
        text = re.sub(r"\r\n|\n\r|\r", "\n", before + after)
        return self._ignored.sub("", text) if self._ignored else text

    @property
    def at_prompt(self) -> bool:
        """Whether it waits for a command."""
        return self.ends_in(self._prompt)

    def ends_in(self, wanted: str) -> bool:
        """Whether the end of all that was said is what a regular expression describes."""
        return bool(re.search(rf"(?:{wanted})\s*\Z", self.text, re.MULTILINE))

    @property
    def answer(self) -> str:
        """What was said in whole lines; all of it once the prompt is back."""
        text = self.text
        return text if self.at_prompt else text[: text.rfind("\n") + 1]


def _begun(text: str, echo: str) -> int:
    """Return how many characters at the end of a text are the beginning of an echo."""
    longest = min(len(text), len(echo))
    return next((size for size in range(longest, 0, -1) if text.endswith(echo[:size])), 0)


def line_with(found: re.Match[str]) -> str:
    """Return the line of an answer in which something was found, for people."""
    start = found.string.rfind("\n", 0, found.start()) + 1
    end = found.string.find("\n", found.end())
    line = found.string[start : end if end >= 0 else None]
    return "".join(letter for letter in line.strip() if letter.isprintable())[:MAX_SHOWN]
