# SPDX-License-Identifier: Apache-2.0
"""Has every call that is decided counted, and says who is behind those that belong together.

    offer ─► detector ─► suspicion ─► verdict ─► record of evidence ─► dossier ─► file, hub

A bug in here costs a suspicion, never a verdict. What a call says goes into a dossier when its
record is in the log of evidence, and not otherwise.
"""

import asyncio
import mmap
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path

import msgspec
import structlog

from edge import clock
from edge.config import Config
from edge.detect.allowed import Allowed, Caller
from edge.detect.behaviour import Bounds
from edge.detect.campaign import Campaign
from edge.detect.case import Case, campaign_of, case_of
from edge.detect.countries import Nowhere, Places, Searched, Table
from edge.detect.detector import Detector, Suspicion
from edge.errors import ConfigError
from edge.evidence.journal import NOT_KEPT
from edge.model.event import CallOffered, CallReleased
from edge.model.verdict import Verdict
from edge.origin.cases import Cases
from edge.pipeline import Decide
from edge.report.event import Event, Moment
from edge.report.suspicion import State, campaign_event, clue_events
from edge.verdict.guardrail import Alarm
from edge.verdict.policy import Facts

EVERY_S = 60.0
"Between two looks at what is silent, and at what is to be filed and told."
LONGEST_S = 900.0
"Between two tellings of a campaign: they come after one minute, then two, four, eight of these."
MOST_OPEN = 1024
"Suspected calls of which no record was kept yet."
MOST_PLACES = 4096


class Told(msgspec.Struct):
    """What was told of a campaign, and when it is to be told again."""

    due_s: float
    step_s: float = EVERY_S
    last: int = -1
    "The last call that was told of, nanoseconds since the epoch."


class Tell(msgspec.Struct, frozen=True):
    """How the hub is told."""

    put: Callable[[Event], None]
    moment: Callable[[int], Moment]


class Suspects:
    """What is known of campaigns in `core`."""

    def __init__(self, detector: Detector, cases: Cases, places: Places | None = None) -> None:
        """Know again what is filed; `tell` and `alarm` come next."""
        self.detector = detector
        self.touched = 0
        "Calls that were suspected."
        self.failed = 0
        "Calls of which nothing could be said, for a bug of ours."
        self.tell: Tell | None = None
        self.alarm: Callable[[Alarm], None] = lambda _: None
        self._cases = cases
        self._places = places or Nowhere()
        self._open: OrderedDict[tuple[str, int], Suspicion] = OrderedDict()
        self._behind: deque[tuple[CallOffered, Suspicion | None, bool]] = deque()
        self._told: dict[str, Told] = {}
        self._heard = 0
        self._is_unfiled = False

    def restore(self) -> None:
        """Know the campaigns that are filed."""
        for case in self._cases.read(partial(self._alarm, "campaigns-damaged")):
            try:
                self.detector.campaigns.restore(campaign_of(case))
            except KeyError as unknown:
                self._alarm("campaigns-damaged", f"{case.id}: no such kind of key: {unknown}")
                continue
            self._told[case.id] = Told(clock.monotonic_s() + LONGEST_S, LONGEST_S, case.last)

    def before(self, engine: Decide) -> "Counting":
        """Return an engine before which every call is looked at."""
        return Counting(self, engine)

    def look_at(self, offer: CallOffered) -> None:
        """See whether a call belongs to a campaign, before it is decided."""
        try:
            suspicion = self.detector.suspect(offer)
        except Exception:  # noqa: BLE001 - the call is decided all the same
            self._stumbled()
            return
        if suspicion is None:
            return
        self.touched += 1
        if len(self._open) >= MOST_OPEN:
            self._open.popitem(last=False)
        self._open[offer.call, offer.attempt] = suspicion

    def decided(self, offer: CallOffered, *, acts: bool) -> None:
        """Have a call counted once its verdict is out: no verdict waits for that."""
        self._behind.append((offer, self._open.get((offer.call, offer.attempt)), acts))

    def settle(self) -> None:
        """Count in what was decided; whoever hands a verdict on says when there is time."""
        while self._behind:
            offer, suspicion, acts = self._behind.popleft()
            self._heard = max(self._heard, offer.at)
            try:
                self.detector.count(offer, suspicion)
                if acts:
                    self.detector.stopped(offer)
            except Exception:  # noqa: BLE001 - the call is decided all the same
                self._stumbled()

    def suspected(self, offer: CallOffered) -> Facts:
        """Return the campaign that a call belongs to, and why that is one; mostly nothing."""
        if not self._open:
            return ()
        suspicion = self._open.get((offer.call, offer.attempt))
        return suspicion.campaign.facts() if suspicion else ()

    def note(self, offer: CallOffered, record: str, leaf: int) -> None:
        """Put what a suspected call says into the dossier; nothing if its record is not kept."""
        suspicion = self._open.pop((offer.call, offer.attempt), None)
        if suspicion is None or leaf == NOT_KEPT:
            return
        try:
            self.detector.note(suspicion, record, leaf)
        except Exception:  # noqa: BLE001 - the record stands all the same
            self._stumbled()

    def released(self, event: CallReleased) -> None:
        """Count a call out; a campaign that is found by it is told at once."""
        self.settle()
        try:
            campaign = self.detector.released(event)
        except Exception:  # noqa: BLE001 - the call is over all the same
            self._stumbled()
            return
        if campaign is None or campaign.id in self._told:
            return
        self._told[campaign.id] = Told(clock.monotonic_s())
        self._log("campaign found", campaign)
        self._say(case_of(campaign, self._places), "open", 0)

    async def forever(self) -> None:
        """File and tell what is due, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.look()
            for campaign in self._due(clock.monotonic_s()):
                case = self._case(campaign)
                # The disk may stall: it is another thread that waits for it.
                self._filed(await asyncio.to_thread(self._file, case))

    def look(self) -> None:
        """Forget what was silent too long, and say which campaigns are over."""
        self.settle()
        # A capture has its own time; one that lies ahead must not make us forget.
        self.detector.expire(min(clock.now_ns(), self._heard))
        for campaign, why in self.detector.campaigns.ended():
            self._told.pop(campaign.id, None)
            self._log(f"campaign {why.value}", campaign)
            self._say(case_of(campaign, self._places), why.value, None)
            try:
                self._cases.drop(campaign.id)
            except OSError as refusal:
                self._filed(str(refusal))

    def close(self) -> None:
        """File and tell what was not yet."""
        self.look()
        for campaign in self._due(float("inf")):
            self._filed(self._file(self._case(campaign)))

    def _due(self, now_s: float) -> Iterator[Campaign]:
        """Yield the campaigns that something new is to be told of."""
        for campaign in list(self.detector.campaigns):
            told = self._told.setdefault(campaign.id, Told(now_s))
            if told.due_s <= now_s and told.last != campaign.last:
                told.due_s = clock.monotonic_s() + told.step_s
                told.step_s = min(2 * told.step_s, LONGEST_S)
                yield campaign

    def _case(self, campaign: Campaign) -> Case:
        """Return what is known of a campaign, and tell what of it is new."""
        told, case = self._told[campaign.id], case_of(campaign, self._places)
        self._say(case, "open", told.last)
        told.last = case.last
        return case

    def _say(self, case: Case, state: State, since: int | None) -> None:
        """Tell a campaign; with `since`, its lines since then as well."""
        if self.tell is None:
            return
        moment = self.tell.moment(clock.now_ns())
        self.tell.put(campaign_event(case, state, moment))
        if since is not None:
            for event in clue_events(case, since, moment):
                self.tell.put(event)

    def _file(self, case: Case) -> str:
        """Keep a campaign; return why that could not be."""
        try:
            self._cases.write(case)
        except OSError as refusal:
            return str(refusal)
        return ""

    def _filed(self, wrong: str) -> None:
        if wrong and not self._is_unfiled:
            self._alarm("campaigns-unfiled", wrong)
        self._is_unfiled = bool(wrong)

    def _alarm(self, name: str, text: str) -> None:
        self.alarm(Alarm(name, "", clock.now_ns(), text))

    def _stumbled(self) -> None:
        self.failed += 1
        structlog.get_logger("core").exception("detection")

    def _log(self, what: str, campaign: Campaign) -> None:
        reasons = [reason.text() for reason in campaign.reasons]
        structlog.get_logger("core").info(
            what, id=campaign.id, score=campaign.score, reasons=reasons
        )


class Counting:
    """Decides by an engine what was looked at first, and is counted behind."""

    def __init__(self, suspects: Suspects, engine: Decide) -> None:
        """Take both."""
        self._suspects = suspects
        self._engine = engine

    def decide(self, offer: CallOffered, now_ns: int) -> Verdict:
        """Return the verdict on an offer."""
        suspects = self._suspects
        suspects.settle()
        suspects.look_at(offer)
        verdict = self._engine.decide(offer, now_ns)
        suspects.decided(offer, acts=verdict.acts)
        return verdict


class Known:
    """Places that were looked up of late: the same few addresses are asked for again and again."""

    def __init__(self, places: Places) -> None:
        """Ask `places` for others."""
        self.find = lru_cache(MOST_PLACES)(places.find)


def suspects_of(config: Config, folder: Path) -> Suspects | None:
    """Build what a configuration asks for; None if that is nothing. Raises `ConfigError`."""
    table = config.detect
    if not table.on:
        return None
    allowed = Allowed(
        Caller(
            one.name,
            frozenset(number.removeprefix("+") for number in one.numbers),
            tuple(digits.removeprefix("+") for digits in one.ranges),
            frozenset(map(str, one.media)),
        )
        for one in table.allowed
    )
    # Who knows the secret could choose numbers that are counted as one.
    detector = Detector(Bounds(keys=table.keys), allowed, secret=secrets.randbits(64))
    places = Table(_mapped(table.places4), _mapped(table.places6))
    return Suspects(detector, Cases(folder), Known(places))


def _mapped(path: Path | None) -> Searched:
    """Return the octets of a file, read as they are asked for. Raises `ConfigError`."""
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as refusal:  # ValueError: it is empty
        raise ConfigError(f"{path}: {refusal}") from refusal
