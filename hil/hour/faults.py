# SPDX-License-Identifier: Apache-2.0
"""What happens to the house in its hour: one fault each, how long it lasts, when all is well again.

Cables, processes, disk, hub, lists and strangers, as in `hil/scenarios`; there each has a scenario
of its own, here all have traffic. A fault ends with its block; then `is_well` is asked for.
"""

import os
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from signal import SIGKILL, SIGUSR1
from typing import NamedTuple
from urllib.error import HTTPError, URLError

import msgspec

from hil.hour import disk
from hil.hour.house import CABLE, LISTS_FOLLOWED_S, NODE, House
from hil.region import net
from hil.region.tables import HONEST
from hil.region.world import until
from hil.rig.hub import now_s
from hil.scenarios.brokers import Rogue, certificate_of
from hil.scenarios.centre import WrongCentre, blocking

EVIDENCE_LOST, NUMBERS_S = "qalqan_evidence_lost_total", 5.0
"What `core` says each second, where there is room for it, and how long to wait for that."
WELL_WITHIN_S = 15.0
"Old the oldest event may be that waits for the hub, where all is well."
NEXT = "+447700900199"
"Blocked by the right list that follows the wrong one; calls nobody here."


class Fault(NamedTuple):
    """One."""

    says: str
    lasts_s: float
    happens: Callable[[House], AbstractContextManager[None]]
    is_well: Callable[[House], bool]


def _mirror_hears(house: House) -> bool:
    return house.hears("mirror")


def _probe_hears(house: House) -> bool:
    return house.hears("e1")


def _hub_is_told(house: House) -> bool:
    """Return whether the hub takes events, and none waits for long."""
    told = all(house.is_fresh(name) for name in ("core", "uplink"))
    online = bool(house.value("uplink", "qalqan_hub_online"))
    waits_s = max(house.most(name, "qalqan_outbox_oldest_seconds") for name in ("core", "uplink"))
    return told and online and waits_s < WELL_WITHIN_S


def _page_answers(_house: House) -> bool:
    try:
        with urllib.request.urlopen("http://127.0.0.1:9443/healthz", timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except HTTPError:
        return True  # it answers, and says what is not well elsewhere
    except (URLError, OSError):
        return False


@contextmanager
def probe_unplugged(house: House) -> Iterator[None]:
    """The plug of the E1 probe is pulled, and put in again."""
    house.probe.pull()
    try:
        yield
    finally:
        house.probe.plug()


@contextmanager
def mirror_pulled(_house: House) -> Iterator[None]:
    """The cable of the mirror port is pulled, and put in again."""
    net.ip(f"link set {CABLE} down")
    try:
        yield
    finally:
        net.ip(f"link set {CABLE} up")


def _killed(name: str) -> Callable[[House], AbstractContextManager[None]]:
    @contextmanager
    def happens(house: House) -> Iterator[None]:
        house.services[name].kill()
        yield

    return happens


@contextmanager
def worker_killed(house: House) -> Iterator[None]:
    """Kill the process that writes the hub's database."""
    if worker := house.worker():
        os.kill(worker, SIGKILL)
    yield


@contextmanager
def hub_away(house: House) -> Iterator[None]:
    """Broker and hub say nothing, and end no connection: a line that is dead."""
    house.freeze(frozen=True)
    try:
        yield
    finally:
        house.freeze(frozen=False)


@contextmanager
def disk_full(house: House) -> Iterator[None]:
    """Something fills the disk with evidence and outboxes on it, and gives back a block at times.

    So each stop may end elsewhere: its frames have no room, or they have it and their line has not.
    """
    lost = house.value("core", EVIDENCE_LOST)
    with disk.full(house.state):
        yield
    try:
        until(lambda: house.value("core", EVIDENCE_LOST) > lost, "evidence was refused", NUMBERS_S)
    except TimeoutError as never:
        raise AssertionError(f"the disk was full, and {never}") from never


@contextmanager
def wrong_list(house: House) -> Iterator[None]:
    """A list that one side alone has signed; then a right one with an entry more."""
    wrong = WrongCentre(house.centre)
    wrong.alone(blocking(HONEST), now_s())
    yield
    member = house.hub.member(NODE)
    house.right_version = wrong.edit(now_s(), added=(blocking(NEXT),))
    if member is None or not member.alarms:
        raise AssertionError("the list that one side alone has signed raised no alarm")


def _follows(house: House) -> bool:
    """Return whether the right list is in force."""
    return house.value("uplink", "qalqan_list_version") >= house.right_version


@contextmanager
def rogue_client(house: House) -> Iterator[None]:
    """Strangers at the broker: one without a certificate, one with that of another box."""
    nobody = Rogue(house.hub, None)
    try:
        if nobody.knock(1.0):
            raise AssertionError("who has no certificate was let in")
    finally:
        nobody.close()
    rogue = Rogue(house.hub, certificate_of(house.hub, "rogue-1", house.folder))
    try:
        rogue.knock()
        rogue.listen("#", f"qalqan/v1/up/{NODE}/#", f"qalqan/v1/dn/{NODE}/#")
        lie = msgspec.json.encode({"v": 1, "state": "offline", "epoch": 2**63})
        for topic in (f"up/{NODE}/state", f"dn/{NODE}/cmd", "dn/all/cmd"):
            rogue.say(f"qalqan/v1/{topic}", lie)
        yield
        if heard := [one for one in rogue.read if NODE in one]:
            raise AssertionError(f"a stranger was given {heard[0]}")
    finally:
        rogue.close()


@contextmanager
def flood(house: House) -> Iterator[None]:
    """INVITEs that nobody answers, as many again as there are calls, for five seconds."""
    house.services["play"].tell(SIGUSR1)
    yield


FAULTS: Mapping[str, Fault] = {
    "probe_unplugged": Fault("The E1 probe's plug is pulled; SIP goes on.", 60, probe_unplugged,
                             _probe_hears),
    "mirror_pulled": Fault("The mirror port's cable is pulled; the gate goes on.", 60,
                           mirror_pulled, _mirror_hears),
    "broker_killed": Fault("The broker dies at once, and another one starts.", 1,
                           _killed("broker"), _hub_is_told),
    "worker_killed": Fault("The process that writes the hub's database dies.", 1, worker_killed,
                           _hub_is_told),
    "core_killed": Fault("The process that hears and decides is killed.", 1, _killed("core"),
                         _mirror_hears),
    "uplink_killed": Fault("The process that speaks with the hub is killed.", 1,
                           _killed("uplink"), _hub_is_told),
    "page_killed": Fault("The page is killed.", 1, _killed("page"), _page_answers),
    "hub_away": Fault("The line to the hub is dead; all waits on disk.", 180, hub_away,
                      _hub_is_told),
    "disk_full": Fault("The disk is full; now and then a block gets free.", 60, disk_full,
                       _hub_is_told),
    "wrong_list": Fault("A list that one side alone has signed is offered.", LISTS_FOLLOWED_S,
                        wrong_list, _follows),
    "rogue_client": Fault("Strangers at the broker read and write.", 10, rogue_client,
                          _hub_is_told),
    "flood": Fault("A thousand INVITEs a second more, for five seconds.", 5, flood,
                   _mirror_hears),
}  # fmt: skip
"By name."
