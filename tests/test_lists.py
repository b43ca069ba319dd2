# SPDX-License-Identifier: Apache-2.0
"""New lists and urgent records reach the running core within a second; what is damaged does not."""

import asyncio
import threading
import weakref

import pytest
from msgspec.structs import replace

from drivers.taps.memory import DRIVER as MEMORY, Config as MemoryConfig, MemoryTap
from edge import clock, plugins
from edge.blocklist.entry import Listed
from edge.blocklist.manifest import Record
from edge.blocklist.simple import SimpleBlocklist
from edge.box.spared import Spared, write_spared
from edge.config import parse
from edge.intake.ear import ears_of, hear_all
from edge.judging import build
from edge.lists import Lists, ListWatch
from edge.model.event import UNKNOWN_TRUNK
from edge.model.verdict import Action, Verdict
from edge.pipeline import Decided
from edge.ports import Driver, Trait
from edge.process.service import Notifier
from edge.settings.keys import Part
from edge.trust.urgent import sign_record
from tests.blocklist.images import entry
from tests.call.sip_talk import write
from tests.decode.test_signalling import udp
from tests.trust.centre import DAY, NOW, Box, Centre

LISTED, OTHER, CALLER = "77172000001", "77172000002", "447700900123"
NOTHING = SimpleBlocklist("files", 0)


class Site:
    """A centre, a box that follows its list `fraud`, and the lists as `core` sees them."""

    def __init__(self, folder, tables=NOTHING):
        self.centre = Centre(folder / "centre")
        self.box = Box(folder, self.centre)
        self.publish(LISTED)
        self.lists = Lists(folder / "lists", tables)
        self.seq = 0

    def publish(self, *texts):
        self.centre.add(*texts)
        self.centre.publish()
        self.box.update()

    def urgent(self, *, expires=NOW + 1000, **change):
        self.seq += 1
        record = Record("fraud", self.seq, NOW, expires, **change)
        keys = [self.centre.keys["fraud", side] for side in ("operator", "prosecutor")]
        self.box.updates.take_urgent(sign_record(record, keys), NOW)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def action(blocklist, digits):
    hit = blocklist.find(digits, Listed.CALLING, UNKNOWN_TRUNK, NOW)
    return hit.entry.action if hit else None


def names(look):
    return [alarm.name for alarm in look.said]


def test_without_signed_lists_the_tables_are_asked(tmp_path):
    look = Lists(tmp_path / "nothing", NOTHING).first(NOW)
    assert (look.blocklist, look.said) == (NOTHING, [])
    assert not (tmp_path / "nothing").exists()


def test_a_new_version_is_taken_and_nothing_is_done_where_nothing_changed(site):
    look = site.lists.first(NOW)
    assert (look.blocklist.version, action(look.blocklist, OTHER), look.said) == (1, None, [])
    assert site.lists.look(NOW) is None
    site.publish(OTHER)
    before = site.lists.entries()
    blocklist = site.lists.look(NOW).blocklist
    assert (blocklist.version, action(blocklist, OTHER)) == (2, Action.BLOCK)
    (name,) = site.lists.entries()
    assert site.lists.entries()[name] == before[name] + 1 == len(blocklist)


def test_the_list_before_goes_in_a_thread_once_the_new_one_is_asked(site):
    asked = [site.lists.first(NOW).blocklist]
    gone: list[int] = []
    weakref.finalize(asked[0], lambda: gone.append(threading.get_ident()))
    site.publish(OTHER)

    def swap(new):
        asked[0] = new
        assert gone == []

    asyncio.run(ListWatch(site.lists, swap, print).look())
    assert action(asked[0], OTHER) is Action.BLOCK
    (thread,) = gone
    assert thread != threading.get_ident()  # calls are judged in this one, and wait for nothing


def test_tables_are_asked_beside_the_signed_lists(tmp_path):
    site = Site(tmp_path, SimpleBlocklist("files", 7, [entry(OTHER)]))
    blocklist = site.lists.first(NOW).blocklist
    for digits, name in ((LISTED, "fraud"), (OTHER, "files")):
        assert blocklist.find(digits, Listed.CALLING, UNKNOWN_TRUNK, NOW).list_name == name


def test_an_empty_list_is_a_list(site):
    site.centre.desk().edit(removed=[entry(LISTED)])
    site.publish()
    blocklist = site.lists.first(NOW).blocklist
    assert (blocklist.name, blocklist.version, len(blocklist)) == ("fraud", 2, 0)


def test_a_lifting_ends_with_its_record_by_time_alone(site):
    site.urgent(lifted=(entry(LISTED),))
    assert action(site.lists.first(NOW).blocklist, LISTED) is None
    assert site.lists.look(NOW + 999) is None
    assert action(site.lists.look(NOW + 1000).blocklist, LISTED) is Action.BLOCK


def damage(path):
    """Put a file in the place of another, as an update does, with one bit flipped."""
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    new = path.with_name("damaged")
    new.write_bytes(octets)
    new.replace(path)


def test_a_damaged_new_file_is_named_once_and_the_old_list_stays(site):
    site.lists.first(NOW)
    damage(site.box.store.current)
    look = site.lists.look(NOW)
    assert names(look) == ["list-damaged"]
    assert "fraud (version 1 in force): " in look.said[0].text
    assert action(look.blocklist, LISTED) is Action.BLOCK
    assert site.lists.look(NOW) is None
    site.publish(OTHER)
    look = site.lists.look(NOW)
    assert (look.said, action(look.blocklist, OTHER)) == ([], Action.BLOCK)


def test_damaged_at_the_start_an_earlier_version_speaks(site):
    site.publish(OTHER)
    damage(site.box.store.current)
    site.box.store.current.with_name("fraud.2.look").unlink()
    look = site.lists.first(NOW)
    assert (names(look), look.blocklist.version) == (["list-damaged"], 1)


def test_a_damaged_journal_or_state_keeps_what_was_known(site):
    site.urgent(added=(entry(OTHER),))
    site.lists.first(NOW)
    _, urgent, state = site.box.store.files
    for path in (urgent, state):
        path.write_bytes(b"\xff")
        look = site.lists.look(NOW)
        assert names(look) == ["list-damaged"]
        assert action(look.blocklist, OTHER) is Action.BLOCK


def test_a_list_that_is_not_renewed_alarms_after_a_day_and_observes_after_thirty(site):
    assert site.lists.first(NOW + DAY).said == []
    looks = [site.lists.look(NOW + days * DAY + 1) for days in (1, 2, 30, 31)]
    assert [look and names(look) for look in looks] == [
        ["list-stale"], None, ["list-stale"], None,
    ]  # fmt: skip
    assert action(looks[0].blocklist, LISTED) is Action.BLOCK
    assert action(looks[2].blocklist, LISTED) is Action.OBSERVE
    assert "720 hours ago; it only observes" in looks[2].said[0].text


def test_a_clock_that_stands_still_does_not_make_a_list_fresh(site):
    site.box.store.note(replace(site.box.store.state(), trusted_s=NOW + 31 * DAY))
    look = site.lists.first(0)
    assert action(look.blocklist, LISTED) is Action.OBSERVE


class Running:
    """A core that hears what is put on a tap, and the verdicts it came to."""

    def __init__(self, config, monkeypatch):
        self.tap = MemoryTap(depth=10)
        self.verdicts: asyncio.Queue[Verdict] = asyncio.Queue(10)  # noqa: TID251 - bounded
        self.swapped = asyncio.Event()
        driver = Driver("memory", MemoryConfig, self.opened, MEMORY.summary, Trait.LIVE)
        monkeypatch.setattr(plugins, "load", lambda *_: driver)
        judging = build(config, print)
        self.pipeline, self.watch = judging.pipeline, judging.watch
        self._swap, self.watch._swap = self.watch._swap, self.swap
        part = Part(driver="memory", settings=MemoryConfig())
        self.ears = ears_of({"t": part}, self.pipeline, self.take, config.trunk)

    def swap(self, blocklist):
        self._swap(blocklist)
        self.swapped.set()

    async def opened(self, _name, _config):
        return self.tap

    def take(self, _unit, found):
        for finding in found:
            if isinstance(finding, Decided):
                self.verdicts.put_nowait(finding.verdict)

    async def call(self, name):
        self.tap.put(replace(udp(write("INVITE", call=name)), at=clock.now_ns()))
        return (await self.verdicts.get()).action

    async def news(self):
        await self.swapped.wait()
        self.swapped.clear()


def test_the_next_call_is_judged_by_an_urgent_record(site, tmp_path, monkeypatch):
    config = parse(
        f'[node]\nname = "b"\n[blocklist]\nfolder = "{tmp_path}/lists"\n'
        '[trunk.t]\nclass = "international"\nmode = "enforce"\n',
        tmp_path / "edge.toml",
    )

    async def talk():
        core = Running(config, monkeypatch)
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            group.create_task(hear_all(core.ears, Notifier({}), [core.watch.forever]))
            actions = [await core.call("before")]
            site.urgent(added=(entry(CALLER),))
            await core.news()
            actions.append(await core.call("added"))
            site.urgent(lifted=(entry(CALLER),))
            await core.news()
            actions.append(await core.call("lifted"))
            core.tap.end()
        return actions

    assert asyncio.run(talk()) == [Action.ALLOW, Action.BLOCK, Action.ALLOW]


# Spared -----------------------------------------------------------------------


def test_what_is_spared_here_speaks_before_the_lists(tmp_path):
    site, path = Site(tmp_path), tmp_path / "spared.json"
    lists = Lists(tmp_path / "lists", NOTHING, path)
    assert action(lists.first(NOW).blocklist, LISTED) is Action.BLOCK
    write_spared(path, {LISTED: Spared(NOW, NOW + 60, "a-1")})
    blocklist = lists.look(NOW).blocklist
    assert (action(blocklist, LISTED), blocklist.version) == (Action.ALLOW, 1)
    assert blocklist.find(LISTED, Listed.CALLING, UNKNOWN_TRUNK, NOW + 60).list_name == "fraud"
    assert lists.look(NOW) is None
    path.write_bytes(b"{")
    look = lists.look(NOW)
    assert names(look) == ["spared-damaged"]
    assert action(look.blocklist, LISTED) is Action.ALLOW
    path.unlink()
    assert action(lists.look(NOW).blocklist, LISTED) is Action.BLOCK
    site.publish(OTHER)
    assert action(lists.look(NOW).blocklist, OTHER) is Action.BLOCK


def test_numbers_are_spared_where_only_tables_are_asked(tmp_path):
    path = tmp_path / "spared.json"
    lists = Lists(tmp_path / "lists", SimpleBlocklist("files", 1, [entry(LISTED)]), path)
    assert action(lists.first(NOW).blocklist, LISTED) is Action.BLOCK
    write_spared(path, {LISTED: Spared(NOW, NOW + 60, "a-1")})
    assert action(lists.look(NOW).blocklist, LISTED) is Action.ALLOW
