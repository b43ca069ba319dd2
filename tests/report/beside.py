# SPDX-License-Identifier: Apache-2.0
"""A hub's library and an appliance in one process, with a wire between them to bend."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

from edge.blocklist.apply import Settings
from edge.blocklist.manifest import Guards, Record
from edge.process.supervise import Backoff
from edge.report import topic
from edge.report.event import Class, Moment
from edge.report.kinds import ActEvent, AlarmEvent
from edge.report.lists.fetch import MqttFetcher, Patience
from edge.report.lists.follow import Follow, Pace, Telling, followed
from edge.report.lists.pull import Shelf
from edge.report.lists.urgent import write_urgent
from edge.report.port import Inbound
from edge.trust.urgent import sign_record
from hil.hub.library import Library
from tests.blocklist.images import entry
from tests.trust.centre import DAY, HOSPITAL, NOW

NODE = "astana-1"
BOTH = ("operator", "prosecutor")
MOMENT = Moment(1, 2, "boot")
QUIET = Pace(every_s=3600, spread_s=0, failing=Backoff(3600, 3600))
"Only what happens has something done."
BOUND_S = 20
PATIENT = Patience(answer_s=20.0, tries=1)
"Nothing in a test comes late; what does not come, a test waits for no longer than it must."
HASTY = Patience(answer_s=0.05, tries=2)


class Wire:
    """What an appliance sends is answered by a library at once, bent by `bend` on its way."""

    def __init__(self, folder):
        self.library = Library(folder)
        self.bend = lambda answers: answers
        self.gone = None
        "Raised instead of sending."
        self.code = 0
        self.sent = []
        self.fetcher = None
        self.loop = None

    async def send(self, message):
        self.sent.append(message)
        if self.gone:
            raise self.gone
        _, node, rest = topic.split(message.topic)
        for answer in self.bend(list(self.library.take(node, rest, message.payload, 0))):
            self.fetcher.heard(answer.payload)
        return self.code

    @property
    def blocks(self):
        return self.library.counts["blocks"]


async def made(wire, folder, patience, **more):
    """Return a fetcher of the running loop at one end of a wire."""
    wire.loop = asyncio.get_running_loop()
    wire.fetcher = MqttFetcher(NODE, wire.send, Shelf(folder), patience, **more)
    return wire.fetcher


@contextmanager
def beside(folder, kept, patience=PATIENT, **more):
    """Give a wire whose loop runs in a thread, for tests that wait as `tuf` does."""
    wire, loop = Wire(folder), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(made(wire, kept, patience, **more), loop).result(10)
        yield wire
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Side:
    """An appliance's side: what it follows, and what it was heard to say."""

    def __init__(self, centre, folder, names):
        self.centre = centre
        self.wire = Wire(centre.folder)
        self.folder = folder
        self.names = names
        self.now_s = NOW + 1
        self.events = []
        self.hints = 0
        self.follow = None
        self._changed = asyncio.Event()

    async def build(self, patience, pace):
        fetcher = await made(self.wire, self.folder / "pull", patience)
        settings = Settings("astana-1", Guards(canaries=(HOSPITAL,)))
        root = self.centre.repository.root()
        self.lists = followed(self.folder / "lists", self.names, root, fetcher, settings)
        telling = Telling(self._put, lambda: MOMENT, self._hint, self._change)
        self.follow = Follow(
            self.lists, fetcher, telling, pace, now_s=lambda: self.now_s, jitter=lambda _a, b: b
        )
        self._change()
        return self

    def _put(self, event):
        assert event.cls is Class.AUDIT
        model = {"act": ActEvent, "alarm": AlarmEvent}[event.kind]
        self.events.append(
            model(seq=1, at=1, mono=1, boot="b", clock="synced", kind=event.kind, **event.fields)
        )

    def _hint(self):
        self.hints += 1

    def _change(self):
        """See that what the hub is told of this box is told anew whenever it is another."""
        self.told = self.follow.versions(), self.follow.alarms()

    def said(self):
        """Return names of alarms and texts of acts since the last call."""
        events, self.events = self.events, []
        return [one.name if one.kind == "alarm" else one.text for one in events]

    def version(self, name="fraud"):
        found = self.lists[name].store.open()
        return found.version if found else 0

    async def push(self, signed):
        await self.follow.hear("urgent", Inbound("", write_urgent(signed)))

    async def retained(self):
        for one in self.wire.library.news(NOW * 10**9):
            rest = one.topic.removeprefix("qalqan/v1/dn/all/")
            await self.follow.hear(rest, Inbound(one.topic, one.payload, retain=True))

    async def until(self, true):
        """Wait until something is true; it is looked at whenever something was sent or done."""
        async with asyncio.timeout(BOUND_S):
            while not true():
                await asyncio.to_thread(lambda: None)


@asynccontextmanager
async def side(centre, folder, names=("fraud",), patience=PATIENT, pace=QUIET):
    one = await Side(centre, folder / "box", names).build(patience, pace)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.follow.forever())
        try:
            yield one
            assert one.told == (one.follow.versions(), one.follow.alarms())
        finally:
            running.cancel()


def signed(centre, seq, added=("447700900001",), lifted=(), sides=BOTH, **more):
    record = Record(
        more.get("name", "fraud"), seq, NOW, more.get("expires", NOW + DAY),
        tuple(map(entry, added)), tuple(map(entry, lifted)),
    )  # fmt: skip
    return sign_record(record, [centre.keys[more.get("name", "fraud"), one] for one in sides])


def urgent(one, name="fraud"):
    return [record.seq for record in one.lists[name].store.urgent(NOW)]
