# SPDX-License-Identifier: Apache-2.0
"""Follows every call: its fingerprint, what its sender does, and the campaign it belongs to.

Asked about an offer before its verdict, told of it behind that, and of every end.
What was kept of a call it named is told back, and goes into the dossier.
"""

import zlib
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import msgspec

from edge.decode.isup.message import IsupMessage
from edge.detect.allowed import Allowed, allowed_by
from edge.detect.behaviour import Behaviour, Bounds
from edge.detect.campaign import Campaign, Campaigns, Key
from edge.detect.clues import clues_of
from edge.detect.fast import placed
from edge.detect.fingerprint import NOTHING as NOTHING_SEEN, Fingerprint, Fingerprints
from edge.detect.origin import Evidence
from edge.detect.score import NOTHING, Score, is_worth_scoring, score
from edge.detect.stats import FEW, Ended, Kind, Seen, Stats
from edge.model.event import CallOffered, CallReleased, TrunkClass
from edge.model.message import address_text

RANGE_DIGITS = 3
"Last digits of a number that a range leaves open."
OFTEN, SELDOM = 64, 512
"Ended calls up to which every second, then every eighth end has a key looked at again."
DEVICE_SURER = 0.1
"A fingerprint alone is shared by all who use the same program: it takes a higher score."
KEEP = 0.5
"A key whose score falls below is taken out of its campaign."
BUSY_STATUS = frozenset({486, 600})
USER_BUSY = 17
"Q.850."
MOST_KNOWN = 65_536
ON_CIRCUITS = "i1|"
_INTERNATIONAL = TrunkClass.INTERNATIONAL
_DEVICE, _SOURCE, _MEDIA, _RANGE, _PEER = Kind


class Suspicion(msgspec.Struct, frozen=True):
    """A call that belongs to a campaign."""

    campaign: Campaign
    offer: CallOffered
    fingerprint: Fingerprint


class Detector:
    """Everything that detects, as `core` holds it."""

    def __init__(
        self,
        bounds: Bounds | None = None,
        allowed: Allowed | None = None,
        country: str = "KZ",
        secret: int = 0,
    ) -> None:
        """Begin with nothing heard; `secret` is drawn at the start, so that nobody knows it."""
        self.behaviour = Behaviour(bounds)
        self.campaigns = Campaigns()
        self.fingerprints = Fingerprints()
        self._allowed = allowed or Allowed()
        self._country = country
        self._secret = secret
        self._peers: dict[tuple[str, bytes], str] = {}
        self._addresses: dict[tuple[str, str], str] = {}
        self._last: CallOffered | None = None
        self._sight: tuple[Fingerprint, tuple[Key, ...]] = NOTHING_SEEN, ()

    def offered(self, offer: CallOffered) -> Suspicion | None:
        """Suspect a call and count it in, for whoever has no verdict waiting between the two."""
        suspicion = self.suspect(offer)
        self.count(offer, suspicion)
        return suspicion

    def suspect(self, offer: CallOffered) -> Suspicion | None:
        """Return what is suspected of a call; costs nothing as long as no campaign is known."""
        if not self.campaigns:
            return None
        fingerprint, keys = self._sighted(offer)
        campaign = self.campaigns.of(keys[:-1])
        if campaign is None or self._allowed.knows(offer.calling.number.e164, fingerprint.address):
            return None
        return Suspicion(campaign, offer, fingerprint)

    def count(self, offer: CallOffered, suspicion: Suspicion | None) -> None:
        """Count a call in, with what was suspected of it."""
        fingerprint, keys = self._sighted(offer)
        seen = self._seen(offer, fingerprint)
        found = self.behaviour.offered((offer.call, offer.attempt), keys, seen)
        if suspicion is None:
            return
        for stats in found:
            stats.touched += 1
        self.campaigns.touch(suspicion.campaign, offer.at, seen.callee, seen.caller)
        self.campaigns.spread(suspicion.campaign, found)

    def note(self, suspicion: Suspicion, record: str = "", leaf: int = -1) -> None:
        """Put what a suspected call says into the dossier, with what was kept of it."""
        offer = suspicion.offer
        evidence = Evidence.of(offer.call, offer.attempt, offer.message.unit, record, leaf)
        suspicion.campaign.dossier.note(clues_of(offer, suspicion.fingerprint), evidence)

    def stopped(self, offer: CallOffered) -> None:
        """Count a call out that is stopped: how it would have ended is not known.

        Were it counted as it ends, a campaign that is stopped would soon look like none.
        """
        self.behaviour.forget((offer.call, offer.attempt))

    def released(self, event: CallReleased) -> Campaign | None:
        """Count a call out; return the campaign that a key of it was found to belong to."""
        busy = event.sip_status in BUSY_STATUS or event.q850_cause == USER_BUSY
        how = Ended(
            event.at, event.answered, event.lasted_ns, event.by == "calling", busy,
            event.by != "us",
        )  # fmt: skip
        found = self.behaviour.ended((event.call, event.attempt), how)
        latest = None
        for stats in found[:-1]:
            if not _is_due(stats):
                continue
            if stats.campaign:
                self._review(stats, found)
            elif is_worth_scoring(stats):
                latest = self._judge(stats, found, event.at) or latest
        return latest

    def expire(self, now: int) -> list[Campaign]:
        """Forget keys and campaigns that were silent too long; return the campaigns."""
        self.behaviour.expire(now)
        return self.campaigns.expire(now)

    def _judge(self, stats: Stats, beside: Sequence[Stats], at: int) -> Campaign | None:
        """Score a key; return the campaign it turns out to belong to."""
        threshold = self.campaigns.threshold
        if stats.kind is _DEVICE:
            if len(stats.behind) < FEW:  # at few addresses: they are judged themselves
                return None
            threshold += DEVICE_SURER
        if allowed_by(stats) or self._allowed.key(stats.kind, stats.value):
            return None
        found = self._score(stats, beside)
        if found.value < threshold:
            return None
        return self.campaigns.found(stats, found, beside, at)

    def _review(self, stats: Stats, beside: Sequence[Stats]) -> None:
        """Take a key out of its campaign if what it does since speaks against that."""
        if stats.campaign not in self.campaigns:  # forgotten meanwhile: the key is judged again
            stats.campaign = ""
        elif allowed_by(stats) or self._score(stats, beside).value < KEEP:
            self.campaigns.drop(stats)

    def _score(self, stats: Stats, beside: Sequence[Stats]) -> Score:
        by_kind = {one.kind: one for one in beside}
        media, device = by_kind.get(_MEDIA), by_kind[_DEVICE]
        if stats.kind is _RANGE:
            if media and not media.is_relay:  # its source is judged itself
                return NOTHING
        elif device.value.startswith(ON_CIRCUITS):
            return NOTHING  # an exchange writes for all of its subscribers alike
        is_relay = stats.is_relay or (stats.kind is _SOURCE and bool(media and media.is_relay))
        return score(stats, is_relay=is_relay, is_known=self.campaigns.uses(device.value))

    def _sighted(self, offer: CallOffered) -> tuple[Fingerprint, tuple[Key, ...]]:
        """Return the fingerprint of a call and its keys: suspected and counted by the same."""
        if self._last is not offer:
            fingerprint = self.fingerprints.of(offer.message)
            self._sight = fingerprint, self._keys(offer, fingerprint)
            self._last = offer
        return self._sight

    def _keys(self, offer: CallOffered, fingerprint: Fingerprint) -> tuple[Key, ...]:
        """Return what a call is counted under; the peer stands last."""
        peer = self._peer(offer)
        address = self._scoped(fingerprint.address, peer)
        keys: list[Key] = [
            (_DEVICE, fingerprint.key), (_SOURCE, f"{address or peer} {fingerprint.key}"),
        ]  # fmt: skip
        if address:
            keys.append((_MEDIA, address))
        calling = offer.calling.number.e164
        keys.append((_RANGE, f"{peer} {calling[:-RANGE_DIGITS]}"))
        keys.append((_PEER, peer))
        return tuple(keys)

    def _scoped(self, address: str, peer: str) -> str:
        """Return a media address; one that is used in many places, with the peer it came by."""
        scoped = self._addresses.get((address, peer))
        if scoped is None:
            scoped = f"{peer} {address}" if address and is_local(address) else address
            if len(self._addresses) < MOST_KNOWN:
                self._addresses[address, peer] = scoped
        return scoped

    def _peer(self, offer: CallOffered) -> str:
        message = offer.message
        if isinstance(message, IsupMessage) and message.circuit:
            return f"{offer.trunk.name} {message.circuit.label.opc}"
        if message.unit.channel:
            return f"{offer.trunk.name} {message.unit.channel}"
        known = (offer.trunk.name, message.flow.source)
        peer = self._peers.get(known)
        if peer is None:
            peer = f"{known[0]} {address_text(known[1])}"
            if len(self._peers) < MOST_KNOWN:
                self._peers[known] = peer
        return peer

    def _seen(self, offer: CallOffered, fingerprint: Fingerprint) -> Seen:
        called, calling = offer.called.number, offer.calling.number
        secret, digits, shown = self._secret, called.e164, calling.e164
        number = int(digits) if digits else zlib.crc32(called.raw.encode("utf-8", "surrogatepass"))
        return Seen(
            offer.at,
            number if digits else 0,
            calling.country,
            offer.trunk.kind is _INTERNATIONAL and calling.country == self._country,
            hash(fingerprint.media),
            hash(fingerprint.address),
            placed(number, secret),
            placed(int(shown), secret) if shown else None,
        )


LOCAL = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"Addresses that many networks have (RFC 1918, 6598, 4193, 1122, 3927, 4291)."


def is_local(address: str) -> bool:
    """Whether others may have the same media address: it is of a private network, or a name."""
    try:
        ip = ip_address(address)
    except ValueError:
        return True
    return any(ip in network for network in LOCAL)


def _is_due(stats: Stats) -> bool:
    """Whether it is time to look at a key again: often at first, seldom when much is known."""
    ended = stats.ended
    return not ended % (2 if ended <= OFTEN else 8 if ended <= SELDOM else 64)
