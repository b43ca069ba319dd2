# SPDX-License-Identifier: Apache-2.0
"""Words of the hub for people, besides those of a box; and its languages."""

from functools import lru_cache
from pathlib import Path

from edge.console.speech import LANGUAGES, Speech
from edge.console.wording import WORDS, Words
from edge.trust.alarm import Alarm
from hil.hub.desk.regions import REGIONS

LOCALES = Path(__file__).with_name("locale")


def _(text: str) -> str:
    return text


OURS: Words = {
    "region": {region.id: region.name for region in REGIONS},
    "stands": {
        "none": _("no box"),
        "ok": _("all well"),
        "warn": _("needs a look"),
        "fail": _("away"),
    },
    "state": {
        "init": _("starts"),
        "ready": _("works"),
        "alert": _("works, with an alarm"),
        "offline": _("switched off"),
        "lost": _("lost"),
        "unknown": _("never reported"),
    },
    "need": {
        "lost": _("connection lost"),
        "offline": _("switched off"),
        "unknown": _("never reported"),
        "silent": _("says nothing"),
        "certificate-ended": _("its certificate has ended"),
        "certificate-ends": _("its certificate ends soon"),
        "alarms": _("has alarms"),
        "behind": _("many events are missing here"),
        "unread": _("sent what could not be read"),
        "notes": _("the hub remarked something"),
    },
    "alarm": {
        **WORDS["alarm"],
        **{alarm.value: WORDS["why"][alarm.value] for alarm in Alarm},
        "acts-damaged": _("the log of acts is damaged"),
        "acts-not-pruned": _("old acts could not be removed"),
        "archive-damaged": _("the archive of events is damaged"),
        "disk-full": _("the disk is full"),
        "outbox-damaged": _("the file of events was damaged"),
        "outbox-dropping": _("events are dropped"),
        "outbox-failing": _("the file of events cannot be written"),
        "outbox-full": _("the room for events is full"),
        "register-damaged": _("the register of commands was damaged"),
        "batch-refused": _("the broker does not take events"),
        "batch-too-large": _("an event is too large for the broker"),
        "broker-quota": _("the broker takes no more for now"),
        "hub-misses": _("events are missing here and gone there"),
        "hub-version": _("it and the hub do not understand each other"),
        "not-authorised": _("the broker does not let it report"),
        "stream-set-back": _("more is here than it has sent: was its disk set back?"),
        "cosignature": _("the hub's signature does not fit"),
        "log": _("the log is not what was signed"),
    },
    "rollout": {
        "running": _("under way"),
        "halted": _("halted"),
        "done": _("done"),
    },
    "campaign": {
        "open": _("goes on"),
        "withdrawn": _("was none"),
        "silent": _("silent for 30 days"),
        "crowded": _("not followed any more"),
    },
    "mark": {
        "media": _("address of the voice"),
        "origid": _("identity of the origin"),
        "key": _("way of writing"),
    },
    "urgent": {
        "waits": _("waits to be signed"),
        "sent": _("on its way to the boxes"),
        "overtaken": _("a later record has come and ended: prepare it anew"),
        "lapsed": _("ended before it was signed"),
        "ended": _("has ended"),
        "folded": _("is in the version in force"),
        "withdrawn": _("withdrawn"),
    },
    "flaw": {
        "unreadable": _("This is no signature: hand in the whole file that the command wrote."),
        "wrong-key": _("It is not signed by the key of your side."),
        "other-side": _("It is signed by the other side, which must hand it in itself."),
        "other-manifest": _("It signs another manifest than the one that waits."),
        "other-record": _("It signs another record than this one."),
        "other-number": _("Its number is not the next one: sign anew with the command as shown."),
        "expired": _("The signature has expired: sign anew."),
        "twice": _("Your side has signed this already."),
    },
}
"By kind, then by the word as the house has it."


def alarm(speech: Speech, name: str) -> str:
    """Return an alarm of a box for people: it stands as `NAME`, `hub.NAME` or `NODE/LOG.NAME`."""
    room, _, own = name.rpartition(".")
    said = speech.word("alarm", own)
    if said == own:
        return name
    return f"{room.rpartition('/')[2]}: {said}" if "/" in room else said


@lru_cache(maxsize=1)
def speeches() -> dict[str, Speech]:
    """Return all languages, each with the texts of a box and of the hub."""
    words = {**WORDS, **OURS}
    return {name: Speech(name, (LOCALES,), words) for name in LANGUAGES}
