# SPDX-License-Identifier: Apache-2.0
"""The words of the recordings: a call, a run of calls by one peer, a capture of some runs.

The numbers can belong to nobody: `tests/vectors/README.md` says of each range why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.vectors.sip import link_rewrite

LINKS = {"EN10MB": 1, "NULL": 0, "RAW": 101, "LINUX_SLL": 113, "LINUX_SLL2": 276}

OUTCOMES = {
    "+77172001": "busy",
    "+77172002": "declined",
    "+77172003": "unknown",
    "+77172004": "unanswered",
}
"What the called number makes the phone do, as `kamailio.cfg` routes it; all others answer."


@dataclass(frozen=True, slots=True)
class Call:
    """One call as its caller sends it."""

    caller: str
    called: str
    display: str = ""
    talk_ms: int = 400
    asserted: str = ""
    "P-Asserted-Identity, where it is not the caller."
    diverter: str = ""
    "Who forwarded the call, where the scenario says so."
    start_ms: int = 0
    "When to call, from the start of its run; 0: in turn, as the run says."
    kind: str = "ordinary"
    "What it stands for in the mixed traffic."

    def row(self, start_ms: int) -> str:
        """Write the fields that SIPp injects."""
        name = f'"{self.display}" ' if self.display else ""
        asserted = self.asserted or self.caller
        return ";".join(
            (
                self.caller,
                name,
                self.called,
                str(self.talk_ms),
                asserted,
                self.diverter,
                str(self.start_ms or start_ms),
            )
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One SIPp: a peer that makes some calls with one scenario."""

    place: str
    ip: str
    scenario: str
    calls: Sequence[Call]
    agent: str = "NorthTransit-SBC/7.1"
    transport: str = "u1"
    port: int = 5060
    every_ms: int = 500

    def rows(self) -> str:
        """Write the injection file: SIPp keeps no slow rate evenly, so each call waits."""
        rows = (call.row(1 + n * self.every_ms) for n, call in enumerate(self.calls))
        return "\n".join(("SEQUENTIAL", *rows, ""))

    def outcome(self, call: Call) -> str:
        """Say how the call ends."""
        if self.scenario == "cancel":
            return "cancelled"
        return OUTCOMES.get(call.called[:9], "answered")


@dataclass(frozen=True, slots=True)
class Capture:
    """One file: what was said while the tap listened."""

    name: str
    what: str
    runs: Sequence[Run] = ()
    form: str = "pcap us"
    "`pcap us`, `pcap ns` or `pcapng`."
    link: str = "EN10MB"
    source: str = ""
    "The capture it is rewritten from, if it was not recorded by itself."
    change: link_rewrite.Rewrite | None = field(default=None, repr=False)

    @property
    def file(self) -> str:
        """Name the file."""
        return f"{self.name}.{'pcapng' if self.form == 'pcapng' else 'pcap'}"


INTL, INTL2, INTL3 = "198.51.100.10", "198.51.100.11", "198.51.100.12"
NATL, NATL2 = "203.0.113.10", "203.0.113.11"
INTL_V6 = "2001:db8:51::10"
NATIONAL_AGENT = "Dala-Switch/3.4"
UK_HOME, UK_MOBILE, US, RU = "+44207946", "+44770090", "+1202555", "+749500000"
ALMATY, KARAGANDA, ASTANA = "+7727000", "+7721200", "+77172000"
