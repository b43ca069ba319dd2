# SPDX-License-Identifier: Apache-2.0
"""Asterisk's manager interface (AMI): blocks of `Key: value` lines, out of a stream and into it.

Octets in, blocks out; and which channel carries which SIP call, from what the blocks say. Nothing
here raises upon what it hears; an action that a value would break in two is refused.
"""

import hashlib

import msgspec

from edge.errors import EnforceError
from edge.model.message import Malformed

MAX_BLOCK = 262_144
"Octets; the list of all commands, the longest answer there is, is a tenth of it."
MAX_CHANNELS = 65_536
"Beyond them the oldest is forgotten: its call cannot be stopped here."
UP = "6"
"`ChannelState` of a call that was answered."
CALL_ID_OF = {"PJSIP/": "CHANNEL(pjsip,call-id)", "SIP/": "SIPCALLID"}
"What holds the Call-ID, by the beginning of a channel's name. No other channel is ever touched."


class Block(msgspec.Struct, frozen=True):
    """A banner, an answer or an event."""

    lines: tuple[tuple[str, str], ...]
    "Keys in small letters, and values, in the order heard; a key may come more than once."

    def get(self, key: str) -> str:
        """Return the first value of a key, written small; empty if there is none."""
        return next((value for found, value in self.lines if found == key), "")

    @property
    def succeeded(self) -> bool:
        """Whether an answer says that it was done."""
        return self.get("response").lower() in {"success", "goodbye"}

    @property
    def text(self) -> str:
        """What an answer says to people."""
        return self.get("message") or self.get("response") or "an empty answer"


class Framer:
    """Cuts the stream into blocks. Holds one of them."""

    def __init__(self) -> None:
        """Start before the banner, one line without an end of block."""
        self._held = b""
        self._greeted = False

    def feed(self, octets: bytes) -> list[Block | Malformed]:
        """Return the blocks that are whole now; after a `Malformed` the stream is of no use."""
        self._held += octets
        blocks: list[Block | Malformed] = []
        if not self._greeted and b"\n" in self._held:
            banner, self._held = self._held.split(b"\n", 1)
            self._greeted = True
            if not banner.startswith(b"Asterisk Call Manager/"):
                return [Malformed("ami", 0, "no banner of a manager interface", banner)]
        if self._greeted:
            *whole, self._held = self._held.replace(b"\r\n", b"\n").split(b"\n\n")
            blocks += [parse(text) for text in whole if text.strip()]
        if len(self._held) > MAX_BLOCK:
            blocks.append(Malformed("ami", MAX_BLOCK, "block without end", self._held[:1024]))
            self._held = b""
        return blocks


def parse(text: bytes) -> Block:
    """Read the lines of a block; a line without a colon says nothing."""
    lines = (line.partition(":") for line in text.decode("utf-8", "replace").split("\n"))
    return Block(tuple((key.strip().lower(), said.strip()) for key, colon, said in lines if colon))


def action(name: str, *pairs: tuple[str, str]) -> bytes:
    """Return an action as sent. Raises `EnforceError` if a value would begin a line of its own."""
    lines = [f"{key}: {value}" for key, value in (("Action", name), *pairs)]
    if any(not line.isprintable() for line in lines):
        raise EnforceError(f"{name}: a value holds what no line of an action may hold")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def proof(challenge: str, secret: str) -> str:
    """Return what answers a challenge, so that the secret itself stays here (`AuthType: MD5`)."""
    return hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()


def digits(text: str) -> str:
    """Return the digits of a number, however it is written."""
    return "".join(letter for letter in text if letter in "0123456789")


class Channel(msgspec.Struct):
    """A leg of a call within the Asterisk."""

    unique: str
    name: str
    up: bool = False
    call: str = ""
    "Call-ID, once it is known."
    called: str = ""
    "Digits of the extension it came for."

    @property
    def takes_status(self) -> bool:
        """Whether a final SIP status can still be said on it."""
        return self.name.startswith("PJSIP/") and not self.up


class Channels:
    """The channels there are, and the Call-ID of each; bounded."""

    def __init__(self, endpoints: tuple[str, ...]) -> None:
        """Know none yet; of `endpoints`, or of all if none is named."""
        self._endpoints = endpoints
        self._channels: dict[str, Channel] = {}
        self._by_call: dict[str, list[Channel]] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._channels)

    def find(self, call: str, called: str) -> Channel | None:
        """Return the channel of a Call-ID; of several, the newest that is for this number.

        A caller may give two calls the same, to have the wrong one stopped.
        """
        found = self._by_call.get(call, [])
        if len(found) > 1:
            found = [channel for channel in found if channel.called == digits(called)]
        return found[-1] if found else None

    def holds(self, channel: Channel) -> bool:
        """Whether a channel is not over yet."""
        return channel.unique in self._channels

    def hear(self, block: Block) -> Channel | None:
        """Take an event; return a channel that is new, whose Call-ID is to be asked for."""
        unique = block.get("uniqueid")
        match block.get("event"):
            case "Newchannel" | "Status":
                return self._begin(unique, block)
            case "Newstate" if channel := self._channels.get(unique):
                channel.up = block.get("channelstate") == UP
            case "Rename" if channel := self._channels.get(unique):
                channel.name = block.get("newname")
                if not self._ours(channel.name):
                    self._end(unique)
            case "Hangup":
                self._end(unique)
            case _:
                pass
        return None

    def learn(self, unique: str, call: str) -> None:
        """Take the Call-ID of a channel; it may be gone already, or have none."""
        channel = self._channels.get(unique)
        if channel and call and not channel.call:
            channel.call = call
            self._by_call.setdefault(call, []).append(channel)

    def _begin(self, unique: str, block: Block) -> Channel | None:
        name = block.get("channel")
        if unique in self._channels or not self._ours(name):
            return None
        if len(self._channels) >= MAX_CHANNELS:
            self._end(next(iter(self._channels)))
        channel = Channel(unique, name, block.get("channelstate") == UP)
        channel.called = digits(block.get("exten"))
        self._channels[unique] = channel
        return channel

    def _end(self, unique: str) -> None:
        channel = self._channels.pop(unique, None)
        if channel and channel.call:
            left = [other for other in self._by_call.pop(channel.call) if other is not channel]
            if left:
                self._by_call[channel.call] = left

    def _ours(self, name: str) -> bool:
        """Whether a channel is SIP, of an endpoint that is named, and can be named in an action."""
        technology, slash, rest = name.partition("/")
        endpoint = rest.rpartition("-")[0]
        is_named = not self._endpoints or endpoint in self._endpoints
        return technology + slash in CALL_ID_OF and is_named and name.isprintable()


def call_id_of(name: str) -> str:
    """Return what is asked of a channel to learn its Call-ID."""
    return next(asked for start, asked in CALL_ID_OF.items() if name.startswith(start))
