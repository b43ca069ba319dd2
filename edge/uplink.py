# SPDX-License-Identifier: Apache-2.0
"""THE MAP of the process `uplink`: every part between the outboxes and the hub, built by hand.

It opens no tap and decides no call. What it must not forget is on disk; kill it at any time.

    outboxes ─► drain ─► link ─► session ─► broker        keep, converse
    blocks, urgent records ─► follow ─► lists             follow_lists
    commands ─► answers ─► modes, lists, configuration    take_orders
    requests at the box ─► modes                          take_requests
    logs ─► signatures ─► checkpoints ─► outbox           sign_logs
    a page without certificate ─► hub ─► identity         certify_page
    questions of `core` ─► roam ─► hub ─► answers         ask_roaming
    campaigns ─► bundle, by a second connection ─► slots  edge.updating
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from edge import clock, counters
from edge.blocklist.apply import Settings
from edge.blocklist.manifest import Guards
from edge.evidence.acts import ActLog
from edge.evidence.checkpoint import Signer
from edge.evidence.note import SigningKey, own_key, read_key
from edge.moment import Moments
from edge.orders import Ordered, take_orders, take_requests
from edge.process.bell import Bell
from edge.process.hint import ACKED, LISTS
from edge.process.question import UPLINK, Letters, Question
from edge.report import topic
from edge.report.alarms import Alarms
from edge.report.command.answer import Answers
from edge.report.command.local import Requests
from edge.report.command.minutes import Minutes
from edge.report.command.trial import Trial
from edge.report.enrol.page import PageRenewal
from edge.report.enrol.renewal import Renewal
from edge.report.event import MOST_OCTETS
from edge.report.hub.drain import Drain, Pace
from edge.report.hub.epoch import Epochs
from edge.report.hub.link import Handler, Hears, Link
from edge.report.hub.reach import Session, Terms
from edge.report.hub.standing import Facts, Standing
from edge.report.lists.fetch import MqttFetcher
from edge.report.lists.follow import Follow, Followed, Telling, followed
from edge.report.lists.pull import Shelf
from edge.report.outbox.progress import Progress
from edge.report.outbox.quota import Limits
from edge.report.outbox.reader import OutboxReader
from edge.report.outbox.writer import Hooks, Writer
from edge.report.port import Inbound
from edge.report.roam import Roam
from edge.report.signatures import Signatures
from edge.trust.identity import COSIGNER, Identity, root_of
from edge.trust.page import PageIdentity, host_of
from edge.update.firmware import Firmware
from edge.updating import Trusted, installed_version, named_root, take_firmware
from edge.uplink_parts import NAME, NS, Kept, Spoken, Start

BATCH_OCTETS = 1 << 19
BATCH_ROWS = 2000
"""Of a batch, before it is compressed to a fourth or less. A hub's transaction costs a wait for its
disk: 33,000 events/s at half of this, 46,000 at this."""
RATIO = 4
EVIDENCE_KEY = "evidence.pem"
BY_HAND_S = 60.0
"Most that somebody who switches a trunk by hand may keep us from the log of acts."


class Uplink(NamedTuple):
    """All parts of the process."""

    kept: Kept
    spoken: Spoken
    follow: Follow | None
    answers: Answers | None
    trial: Trial
    signatures: Signatures
    renewal: Renewal | None
    page: PageRenewal | None
    roam: Roam | None
    requests: Requests
    firmware: Firmware | None


def build(start: Start) -> Uplink:
    """Build everything, within the running loop. Raises `ConfigError` or `InputError`."""
    kept = keep(start)
    signatures = sign_logs(start, kept)
    identity = Identity(start.places.identity, start.config.node.name)
    spoken = converse(start, kept, identity, signatures)
    trial = Trial(start.path, start.register, kept.moments.boot, clock.monotonic_s())
    follow = answers = firmware = None
    if root_of(start.config.hub.root, start.places.identity):
        fetcher = MqttFetcher(start.config.node.name, spoken.link.send, Shelf(start.places.pull))
        follow, lists = follow_lists(start, kept, spoken, fetcher)
        if start.config.hub.firmware:
            firmware = take_firmware(start, kept, spoken, Trusted(fetcher, lists))
        answers = take_orders(start, kept, spoken, Ordered(follow, lists, trial, firmware))
    renewal = renew(spoken, identity) if start.config.hub.tls else None
    page = certify_page(start, spoken)
    roam = ask_roaming(start, spoken) if start.config.roaming.ask else None
    requests = take_requests(start, kept)
    return Uplink(
        kept, spoken, follow, answers, trial, signatures, renewal, page, roam, requests, firmware
    )


def keep(start: Start) -> Kept:
    """Build what keeps events and acts until the hub has them."""
    places, report = start.places, start.config.report
    moments, news, changed = Moments(), Bell(), Bell()
    acts = ActLog(places.acts, patience_s=BY_HAND_S)
    start.stack.callback(acts.close)
    alarms = Alarms(lambda event: writer.put(event), moments.now)  # noqa: PLW0108 - made below
    alarms.changed = changed.ring
    limits = Limits(report.octets_each, archive_days=report.archive_days)
    took = start.numbers[counters.OUTBOX_COMMIT_SECONDS].of()
    hooks = Hooks(committed=news.ring, took=took.observe, alarm=alarms.stand)
    writer = Writer(places.outbox(NAME), limits, places.acked, hooks)
    writer.start()  # its alarms come back to it
    start.stack.callback(writer.close)
    if start.register.damaged:
        alarms.stand("register-damaged", start.register.damaged)
    for damage in acts.damage:
        alarms.stand("acts-damaged", damage)
    readers = tuple(OutboxReader(places.outbox(process)) for process in ("core", NAME))
    for reader in readers:
        start.stack.callback(reader.close)

    def written() -> None:
        start.hints.give("core", ACKED)
        writer.acked()

    progress = Progress(places.acked, written)
    minutes = Minutes(acts, writer, moments.now)
    return Kept(moments, alarms, minutes, writer, progress, readers, news, changed)


def sign_logs(start: Start, kept: Kept) -> Signatures:
    """Build what signs the logs of this box as they grow."""
    node, places = start.config.node.name, start.places
    private = own_key(places.identity / EVIDENCE_KEY)
    hub_key = places.identity / COSIGNER
    hub = read_key(hub_key.read_text(encoding="ascii").strip()) if hub_key.exists() else None
    signers = {}
    for name, log in (("verdicts", places.evidence), ("acts", places.acts)):
        origin = f"{node}/{name}"
        signers[origin] = Signer(log, SigningKey(origin, private), hub)
        start.stack.callback(signers[origin].close)
    return Signatures(signers, kept.writer.record, kept.moments.now, kept.alarms.stand)


def converse(start: Start, kept: Kept, identity: Identity, signatures: Signatures) -> Spoken:
    """Build the conversation with the hub."""
    config = start.config
    node, hub = config.node.name, config.hub
    drain = Drain(node, kept.readers, pace_of(hub.drain_kbit))
    drain.known(kept.progress.through)

    def certificate_ends() -> int:
        return identity.standing().ends_s if hub.tls and identity.is_enrolled else 0

    facts = Facts(
        kept.moments.now, kept.alarms.names, certificate_ends, _sha256(start.path),
        installed_version(),
    )  # fmt: skip
    standing = Standing(kept.readers, kept.progress.through, facts)
    handlers: dict[str, Handler] = {}
    hears = Hears(handlers, kept.progress.acked, signatures.cosigned)
    link = Link(node, drain, standing.says, hears)
    kept.news.answer = link.news
    kept.changed.answer = link.changed
    terms = Terms(node, hub.brokers, start.identity, hub.keepalive_s)
    session = Session(terms, link, Epochs(start.places.epoch).next)
    return Spoken(drain, standing, link, session, handlers)


def pace_of(kbit: int) -> Pace:
    """Return how the backlog is sent: on a line of so many kbit/s no batch takes above a second."""
    second = kbit * 125 * RATIO if kbit else BATCH_OCTETS
    octets = max(2 * MOST_OCTETS, min(second, BATCH_OCTETS))
    return Pace(kbit=kbit, batch_octets=octets, batch_rows=BATCH_ROWS)


def follow_lists(
    start: Start, kept: Kept, spoken: Spoken, fetcher: MqttFetcher
) -> tuple[Follow, Mapping[str, Followed]]:
    """Build what keeps the lists of this box up to date."""
    config, places = start.config, start.places
    guards = Guards(least_prefix=config.blocklist.least_prefix_digits)
    with named_root(root_of(config.hub.root, places.identity)) as root:
        lists = followed(
            places.lists, config.hub.lists, root, fetcher, Settings(config.node.name, guards)
        )

    hint = partial(start.hints.give, "core", LISTS)
    telling = Telling(kept.minutes.put, kept.moments.now, hint, spoken.link.changed)
    follow = Follow(lists, fetcher, telling)
    spoken.standing.follow = follow
    spoken.handlers.update(follow.handlers())
    return follow, lists


def renew(spoken: Spoken, identity: Identity) -> Renewal:
    """Build what keeps the certificate from running out."""
    renewal = Renewal(identity)

    async def hear(_rest: str, message: Inbound) -> None:
        renewal.take(message.payload, clock.now_ns() // NS)

    spoken.handlers[topic.RENEWED] = hear
    return renewal


def certify_page(start: Start, spoken: Spoken) -> PageRenewal | None:
    """Build what has the hub certify the page, where people see it and no file is named for it."""
    config = start.config
    host = host_of(config.page.people or "")
    if not config.hub.tls or not host or config.page.certificate:
        return None
    page = PageRenewal(PageIdentity(start.places.identity, config.node.name, host))

    async def hear(_rest: str, message: Inbound) -> None:
        page.take(message.payload, clock.now_ns() // NS)

    spoken.handlers[topic.PAGE] = hear
    return page


def ask_roaming(start: Start, spoken: Spoken) -> Roam:
    """Build what asks the hub who is abroad."""
    letters = Letters(start.places.run, UPLINK, Question)
    start.stack.callback(letters.close)
    link = spoken.link
    roam = Roam(start.config.node.name, letters, link.send, lambda: link.hub)
    spoken.handlers[topic.ROAM] = roam.hear
    return roam


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
