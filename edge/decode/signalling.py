# SPDX-License-Identifier: Apache-2.0
"""From a unit to the signalling messages in it: the link below, the signalling above.

What octets are is told by their content; port numbers are not believed. Every unit is counted once,
under what became of it, so that what was heard always equals the sum of what it turned into.
"""

from collections import Counter
from collections.abc import Sequence

from edge.decode.chain import Chain
from edge.decode.copies import Copies
from edge.decode.e1 import E1
from edge.decode.sigtran.link import SigtranLink
from edge.decode.sip.connections import SipConnections
from edge.decode.sip.framer import read_datagram
from edge.decode.tcp import Closed, Stretch
from edge.decode.transport import Datagram
from edge.model.message import Malformed, Message
from edge.model.unit import LinkType, Unit

KEEPALIVE = b"\r\n\x00 "
"RFC 5626 section 3.5.1 and what stacks send in its place: nothing but these octets."

FOREVER = 1 << 64

FATES = ("messages", "parts", "copies", "malformed", "other")
"""What can become of a unit: it completed messages; it is a piece that another unit completes, or
of a stream; a mirror's second copy; not readable; of no signalling that we open."""

Found = list[Message | Malformed]
Some = Sequence[Message | Malformed]


class Signalling:
    """Opens units of every link type; remembers only what belongs to unfinished messages."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._chain = Chain()
        self._connections = SipConnections()
        self._copies = Copies()
        self._e1 = E1()
        self._sigtran = SigtranLink()
        self.became: dict[str, int] = dict.fromkeys(FATES, 0)
        "Units by what became of them; the sum is what was heard."
        self._other: Counter[str] = Counter()

    def feed(self, unit: Unit) -> Found:
        """Return the messages that a unit completed, in order."""
        if unit.link in self._e1.links:
            return self._on_e1(unit)
        found: Found = []
        unopened, fate = self._chain.unopened, "parts"
        for heard in self._chain.feed(unit):
            if isinstance(heard, Datagram):
                messages = self._datagram(heard)
                if messages and self._copies.is_copy(heard.flow, heard.data, unit.at):
                    fate = "copies"
                    continue
            else:
                messages = self._more(heard)
            found += messages
        if found:
            fate = _fate(found) if isinstance(found[-1], Malformed) else "messages"
        elif self._chain.unopened > unopened:
            fate = "other"
        self.became[fate] += 1
        return found

    def _on_e1(self, unit: Unit) -> Found:
        """Return the messages of a unit of an E1 span, or of a link captured from one."""
        found = self._e1.feed(unit)
        if found:
            self.became[_fate(found)] += 1
        elif unit.link == LinkType.E1_RAW:
            self.became["parts"] += 1
        else:
            self.became["other"] += 1
            self._other["fill-in, repeat or segment"] += 1
        return found

    def expire(self, now: int = FOREVER) -> Found:
        """Return what can still be made of what waited too long at `now`, or of all that waits."""
        found: Found = []
        for heard in self._chain.expire(now):
            found += self._datagram(heard) if isinstance(heard, Datagram) else self._more(heard)
        return found

    def _datagram(self, datagram: Datagram) -> Some:
        """Return the messages of a datagram; count one that carries none."""
        flow = datagram.flow
        messages: Some = read_datagram(datagram.unit, flow, datagram.data)
        if not messages and flow.transport == "sctp":
            messages = self._sigtran.feed(datagram.unit, flow, datagram.data)
        if messages:
            if datagram.earlier:
                _attach(messages, datagram.earlier)
            return messages
        user = "sigtran" if flow.transport == "sctp" else "sip"
        kind = (
            f"{flow.transport} without {user}" if datagram.data.strip(KEEPALIVE) else "keep-alive"
        )
        self._chain.unopened += 1
        self._other[kind] += 1
        return []

    def _more(self, heard: Stretch | Closed | Malformed) -> Some:
        """Return the messages that a stream carries on with."""
        if isinstance(heard, Malformed):
            return [heard]
        if isinstance(heard, Closed):
            self._connections.close(heard)
            return []
        messages = self._connections.feed(heard)
        if messages is None:
            self._chain.ignore(heard)
            self._other["tcp without sip"] += 1
            return []
        return messages

    def others(self) -> dict[str, int]:
        """Return what carried no signalling that we open, by kind."""
        return dict((self._chain.other + self._other).most_common())

    def losses(self) -> dict[str, int]:
        """Return what may have hidden a message, by cause."""
        found = self._e1.losses()
        found.update(self._chain.counts)
        found.update(self._connections.counts)
        found["sctp chunks missed"] = self._sigtran.missing
        return {cause: count for cause, count in found.most_common() if count > 0}


def _attach(messages: Some, earlier: tuple[Unit, ...]) -> None:
    """Keep the units of a datagram's other fragments with the messages in it, as evidence."""
    for message in messages:
        if not isinstance(message, Malformed):
            message.earlier = earlier


def _fate(found: Found) -> str:
    """Return what became of a unit in which something was found."""
    if not isinstance(found[-1], Malformed):
        return "messages"
    return "malformed" if all(isinstance(one, Malformed) for one in found) else "messages"
