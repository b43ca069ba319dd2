# SPDX-License-Identifier: Apache-2.0
"""Words of the house for people: what a mode, an action, a rule, an outcome is called on the page.

English here; `_` marks them for the translators. Sentences of rules, of a campaign's reasons and
of the doctor are those of their own rooms, and so are the titles of clues.
"""

from collections.abc import Mapping
from typing import TypeAlias

from edge.detect.clues import KINDS, MEDIA, PEER, PRINT
from edge.verdict.rule import BY_ID


def _(text: str) -> str:
    return text


Words: TypeAlias = Mapping[str, Mapping[str, str]]

WORDS: Words = {
    "mode": {"observe": _("observe only"), "enforce": _("stop calls")},
    "action": {
        "allow": _("let through"),
        "observe": _("let through with a remark"),
        "divert": _("diverted to the operator desk"),
        "block": _("blocked"),
    },
    "wanted": {
        "allow": _("would be let through"),
        "observe": _("would be let through with a remark"),
        "divert": _("would be diverted"),
        "block": _("would be blocked"),
    },
    "fate": {
        "stopped": _("stopped before it rang"),
        "stopped-after-ring": _("stopped while it rang"),
        "stopped-after-answer": _("stopped after it was answered"),
        "diverted": _("went to the operator desk"),
        "rerouted": _("came again on another trunk"),
        "leaked": _("went on although the switch agreed"),
        "failed": _("could not be stopped"),
        "ended": _("ended by itself"),
        "unproven": _("not heard what became of it"),
    },
    "class": {
        "international": _("international"),
        "national": _("long-distance"),
        "mobile": _("mobile network"),
        "local": _("local"),
        "pbx": _("private exchange"),
    },
    "basis": {
        "none": _("nothing spoke against it"),
        "guardrail": _("a guardrail"),
        "list": _("a list"),
        "rule": _("a rule"),
        "analytics": _("analytics"),
    },
    "role": {
        "viewer": _("viewer"),
        "operator": _("operator"),
        "prosecutor": _("prosecutor"),
        "engineer": _("engineer"),
    },
    "holds": {
        "holds": _("in force"),
        "lifted": _("lifted"),
        "expired": _("expired"),
        "not yet": _("not yet in force"),
    },
    "party": {
        "calling": _("calling number"),
        "called": _("called number"),
        "redirecting": _("redirecting number"),
    },
    "level": {"ok": _("well"), "warn": _("look at it"), "fail": _("does not work")},
    "check": {
        "clock": _("clock"),
        "disk": _("disk"),
        "temperature": _("temperature"),
        "supply": _("power supply"),
        "watchdog": _("hardware watchdog"),
        "units": _("services"),
        "restarts": _("restarts"),
        "process": _("process"),
        "taps": _("taps"),
        "tap": _("tap"),
        "drops": _("losses of the tap"),
        "gate": _("gate"),
        "enforcer": _("enforcer"),
        "enforcement": _("stopping of calls"),
        "lists": _("lists"),
        "list": _("list"),
        "signature": _("signatures of the list"),
        "look-up": _("look-up in the list"),
        "certificate": _("certificate"),
        "hub": _("hub"),
        "broker": _("broker"),
        "outbox": _("outbox"),
    },
    "loss": {
        "ring full": _("the ring was full"),
        "unread": _("not read in time"),
        "interface missed": _("missed by the network card"),
        "interface dropped": _("dropped by the network card"),
        "interface error": _("damaged on the line"),
        "tcp gaps": _("gaps in a TCP stream"),
    },
    "process": {
        "core": _("hears and decides"),
        "uplink": _("speaks with the hub"),
        "page": _("shows this page"),
        "health": _("confirms an update, or goes back"),
        "update": _("installs updates"),
    },
    "log": {"info": _("message"), "warning": _("warning"), "error": _("error")},
    "update": {
        "queued": _("queued"),
        "downloading": _("being downloaded"),
        "downloaded": _("downloaded"),
        "verified": _("signatures checked"),
        "waiting": _("waits for its time"),
        "installing": _("being installed"),
        "rebooting": _("the box starts anew"),
        "probation": _("on probation"),
        "confirmed": _("confirmed"),
        "rolled_back": _("taken back"),
        "failed": _("failed"),
    },
    "trust": {
        "heard": _("heard by our tap"),
        "network": _("said by a network on the way"),
        "claimed": _("claimed by the sender"),
    },
    "member": {
        "device": PRINT.title,
        "source": _("Such messages from one address"),
        "media": MEDIA.title,
        "range": _("Thousand calling numbers in a row"),
        "peer": PEER.title,
    },
    "clue": {kind.title: kind.title for kind in KINDS},
    "fact": {
        "entry": _("entry"),
        "list": _("list"),
        "version": _("version"),
        "legal_basis": _("legal basis"),
        "category": _("category"),
        "action": _("what is done"),
        "scope": _("where it holds"),
        "source": _("source"),
        "valid_from": _("valid from"),
        "valid_until": _("valid until"),
        "trunk": _("trunk"),
        "class": _("kind of trunk"),
        "calling": _("calling number"),
        "called": _("called number"),
        "redirecting": _("redirecting number"),
        "from": _("header From"),
        "to": _("header To"),
    },
    "alarm": {
        "away": _("something went away"),
        "back": _("it is back"),
        "breaker-open": _("too many stops: the breaker lets all calls through"),
        "canary-wanted": _("a protected number was to be stopped"),
        "enforcement-stopped": _("the emergency stop is in force"),
        "evidence-damaged": _("evidence is damaged"),
        "evidence-lost": _("evidence could not be kept"),
        "list-damaged": _("a list is damaged"),
        "list-stale": _("a list is old"),
        "modes-damaged": _("the file of modes is damaged"),
        "stops-capped": _("more stops than the trunk allows"),
    },
    "rule": {rule.id: rule.title for rule in BY_ID.values()},
}
"By kind, then by the word as the house has it."
