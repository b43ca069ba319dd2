# SPDX-License-Identifier: Apache-2.0
"""What is said about a verdict that acts: its basis chooses the words (DESIGN section 8).

| verdict             | SIP                                     | ISUP, Q.931                      |
|---------------------|-----------------------------------------|----------------------------------|
| block by list       | 603 Decline; 608 Rejected with a card   | cause 21, location as configured |
| block by rule       | 603 Decline                             | cause 21, location as configured |
| block by analytics  | 603 Network Blocked (`analytics`)       | cause 21, location user          |
| divert              | 302 Moved Temporarily to the desk       | by the switch                    |
| whatever else       | the call goes on                        | the call goes on                 |

A list or order and a rule are deterministic, for which ATIS-1000099 is not meant; 603+ and cause 21
from `user` are what 47 CFR 64.1200(k)(9) wants of analytics. 608 and its card: RFC 8688. Every
refusal also names cause 21 in a Reason header, which RFC 6432 allows in any final answer: a gateway
to ISUP takes it before it guesses one from the status (RFC 3398).
"""

import re

import msgspec

from edge.enforce import analytics
from edge.enforce.analytics import Contacts, Notice
from edge.errors import ConfigError
from edge.model.answer import GO_ON, LOCATIONS, REJECTED, Answer, Location
from edge.model.event import CallOffered, shown
from edge.model.number import Number
from edge.model.verdict import Action, Basis, Verdict

DECLINE, REFUSED, MOVED = 603, 608, 302

_WEB = re.compile(r"https://[!#-;=?-\[\]-~]+", re.ASCII)
_DESK = re.compile(r"sips?:[!#-;=@-\[\]-~]+", re.ASCII)
_UNSAID = re.compile(r"[^A-Za-z0-9 _.:+#*/-]")
"What data may not bring into a header: no line end, quote or separator passes."
MOST_OF_A_VALUE = 128


class Terms(msgspec.Struct, frozen=True):
    """How this network speaks when it refuses; table `[answer]` of the configuration."""

    status: int = DECLINE
    "Of what a list stops: 603, or 608 with the card at `card_url`."
    card_url: str = ""
    contacts: Contacts = Contacts()
    location: Location = LOCATIONS["transit"]
    desk: str = ""
    "SIP URI of the operator desk; without one a call that is to be diverted goes on."

    def __post_init__(self) -> None:
        """Raise `ConfigError` for what may not be said."""
        if self.status not in {DECLINE, REFUSED}:
            raise ConfigError(f"a refusal says {DECLINE} or {REFUSED}, not {self.status}")
        if self.status == REFUSED and not self.card_url:
            raise ConfigError(f"{REFUSED} needs card_url, where the signed card is (RFC 8688)")
        if self.card_url and not is_web(self.card_url):
            raise ConfigError(f"card_url {self.card_url!r} is no https address")
        if self.desk and not names_desk(self.desk):
            raise ConfigError(f"desk {self.desk!r} is no SIP URI")

    def lacks(self) -> list[str]:
        """Return what will not be said as a verdict may want it, a sentence each."""
        found = []
        if not self.desk:
            found.append("answer.desk is not set: a call that is to be diverted goes on")
        if not self.contacts:
            said = f"{DECLINE} Decline, not {DECLINE} {analytics.PHRASE}"
            found.append(f"answer has no url, tel or email: what analytics block is {said}")
        return found


class Answers:
    """Finds the words for every verdict of one network."""

    def __init__(self, terms: Terms) -> None:
        """Speak on these terms."""
        self._terms = terms
        self._blocks = {
            Basis.LIST: self._ordered,
            Basis.RULE: self._declined,
            Basis.ANALYTICS: self._analysed if terms.contacts else self._declined,
        }

    def answer(self, offer: CallOffered, verdict: Verdict, redress: str) -> Answer:
        """Return what is said to a call; that it goes on wherever it need not be stopped.

        `redress` is the id of its record. What may not stand in a header is left out of it.
        """
        quoted = redress if analytics.is_shaped("id", redress) else ""
        if verdict.action is Action.DIVERT and self._terms.desk:
            # Who is sent to the desk and calls there himself has arrived.
            arrived = place_of(offer.called.uri) == place_of(self._terms.desk)
            return GO_ON if arrived else self._diverted(offer, verdict, quoted)
        block = self._blocks.get(verdict.basis)
        if verdict.action is Action.BLOCK and block:
            return block(quoted)
        return GO_ON

    def _ordered(self, redress: str) -> Answer:
        """Refuse for a list entry, a court's or prosecutor's order."""
        terms = self._terms
        if terms.status == DECLINE:
            return self._declined(redress)
        card = ("Call-Info", f"<{terms.card_url}>;purpose=jwscard")  # RFC 8688
        return self._refused(REFUSED, "Rejected", redress, card)

    def _declined(self, redress: str) -> Answer:
        return self._refused(DECLINE, "Decline", redress)

    def _refused(self, status: int, phrase: str, redress: str, *headers: tuple[str, str]) -> Answer:
        location = self._terms.location
        reference = f" ref {redress}" if redress else ""
        text = f'Q.850;cause={REJECTED};text="Call rejected{reference}";location={location.token}'
        return Answer(
            Action.BLOCK,
            status,
            phrase,
            (("Reason", text), *headers),
            cause=REJECTED,
            location=location,
            redress=redress,
        )

    def _analysed(self, redress: str) -> Answer:
        """Refuse for analytics: the Reason says by whose network, ISUP that it was the user."""
        terms = self._terms
        said = Notice("Q.850", terms.contacts, redress, terms.location.token)
        return Answer(
            Action.BLOCK,
            analytics.STATUS,
            analytics.PHRASE,
            (("Reason", analytics.reason(said)),),
            cause=REJECTED,
            location=LOCATIONS["user"],
            redress=redress,
        )

    def _diverted(self, offer: CallOffered, verdict: Verdict, redress: str) -> Answer:
        """Send to the desk; From and To go on, these headers say who was called, and why."""
        called = number_uri(offer.called.number, offer.trunk.country_code)
        said = (
            ("rule", verdict.rule),
            ("basis", verdict.basis.value),
            ("category", verdict.category),
            ("legal-basis", verdict.legal_basis),
            ("list-version", str(verdict.list_version or "")),
            ("record", redress),
        )
        reason = next((r.text for r in verdict.reasons if r.rule == verdict.rule), "")
        headers = (
            # Of RFC 5806, historic, yet what switches hand on; History-Info (RFC 7044) few do.
            ("Diversion", f"<{called}>;reason=deflection;counter=1" if called else ""),
            ("X-Qalqan-Called", sayable(shown(offer.called.number))),
            ("X-Qalqan-Calling", sayable(shown(offer.calling.number))),
            ("X-Qalqan-Verdict", "; ".join(f'{k}="{sayable(v)}"' for k, v in said if v)),
            ("X-Qalqan-Why", sayable(reason)),
        )
        return Answer(
            Action.DIVERT,
            MOVED,
            "Moved Temporarily",
            tuple(header for header in headers if header[1]),
            contact=self._terms.desk,
            redress=redress,
        )


def place_of(uri: str) -> str:
    """Return user and host of a SIP URI, as they are compared here; parameters do not count."""
    scheme, _, rest = uri.partition(":")
    user, at, host = rest.partition(";")[0].rpartition("@")
    host = host.partition(":")[0]
    return f"{user}{at}{host}".lower() if scheme.lower() in {"sip", "sips"} else ""


def is_web(url: str) -> bool:
    """Whether an address may stand in Call-Info."""
    return _WEB.fullmatch(url) is not None


def names_desk(uri: str) -> bool:
    """Whether a URI may stand in Contact, for a desk."""
    return _DESK.fullmatch(uri) is not None


def number_uri(number: Number, country_code: str) -> str:
    """Return a number as a tel URI: the URI that was heard is an attacker's, this one is not.

    Empty where none was understood. A short code is one of a country (RFC 3966 section 5.1.5).
    """
    if not number.e164:
        return ""
    digits = shown(number)
    return f"tel:{digits}" if digits[0] == "+" else f"tel:{digits};phone-context=+{country_code}"


def sayable(value: str) -> str:
    """Return data as it may stand in a header: printable ASCII without separators, not long."""
    return _UNSAID.sub("_", value[:MOST_OF_A_VALUE])
