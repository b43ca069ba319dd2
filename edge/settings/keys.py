# SPDX-License-Identifier: Apache-2.0
"""Every key of the TOML file: its meaning, unit, range and default.

`edge.config` reads the file. Each part of the house is given the values it needs when it is built;
nothing keeps the `Config`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    IPvAnyNetwork,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from edge.console.table import PageTable
from edge.enforce.analytics import Contacts, is_shaped
from edge.enforce.answer import REFUSED, Terms, is_web, names_desk
from edge.model.answer import LOCATIONS
from edge.model.event import TrunkClass
from edge.model.number import Kind
from edge.model.verdict import Action, Mode
from edge.origin.table import DetectTable
from edge.settings.appliance import BoxTable, HealthTable
from edge.settings.table import Endpoint, Table

MAX_CIC = 4095
"Of a circuit identification code (Q.763 1.2)."


def _upwards(cics: str) -> str:
    """Return a range of circuits that is one."""
    first, _, last = cics.partition("-")
    if not int(first) <= int(last or first) <= MAX_CIC:
        raise ValueError(f"circuits run upwards, to {MAX_CIC}")
    return cics


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
CountryCode = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
Area = Annotated[str, Field(pattern=r"^[0-9]{0,8}$")]
ShortCode = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
PointCode = Annotated[int, Field(ge=0, le=16_383)]
Cics = Annotated[str, Field(pattern=r"^[0-9]{1,4}(-[0-9]{1,4})?$"), AfterValidator(_upwards)]
Channel = Annotated[str, Field(pattern=r"^[^/\s]{1,32}:[0-9]{1,2}$")]

MEANT = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "a name is made of small Latin letters, digits, '-' and '_'",
    r"^\+[1-9][0-9]{6,14}$": "a number is written in full, as +77172000001",
    r"^\+[1-9][0-9]{1,14}$": "leading digits are written in full, as +7717200",
    r"^[1-9][0-9]{0,2}$": "a country code has one to three digits, without +",
    r"^[0-9]{0,8}$": "an area code is written in digits, without the trunk prefix 8",
    r"^[0-9]{2,6}$": "a short code has two to six digits",
    r"^[0-9]{1,4}(-[0-9]{1,4})?$": "circuits are a number or a range, as 1-15",
    r"^[^/\s]{1,32}:[0-9]{1,2}$": "a channel is span and timeslot, as 1:16",
    r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$": "an endpoint is host:port",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$": "an interface is named as `ip link` shows it: enp1s0",
    r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$": "a host is a name or an address",
}
"What the patterns above ask for, for people."


class Node(Table):
    """This appliance."""

    name: Name
    "How the hub knows it; part of every topic it speaks on."
    state_dir: Path = Path("state")
    "Where it keeps what must outlive it: outbox, evidence, lists."


class Numbering(Table):
    """How numbers are written where the appliance stands."""

    country_code: CountryCode = "7"
    "Country code that national numbers belong to."
    area: Area = ""
    "Area code that subscriber numbers belong to, without trunk prefix: 7172."
    short_codes: dict[ShortCode, Kind] = Field(default_factory=dict)
    "Short codes in use here beside those of the national plan, and what each is for."
    emergency_callback: tuple[E164, ...] = ()
    "Numbers that emergency services call back from; their calls are never stopped."


class Part(Table):
    """A device or peer: the driver that speaks to it, and that driver's own keys beside it."""

    driver: str
    settings: SerializeAsAny[BaseModel]

    @model_serializer
    def flat(self) -> dict[str, Any]:
        """Return the table as it stands in the file."""
        return {"driver": self.driver, **self.settings.model_dump(by_alias=True)}


class TrunkTable(Table):
    """A bundle of circuits or SIP peers that calls come in on."""

    kind: TrunkClass = Field(alias="class")
    "What kind of peer it leads to; the spoof rules rest on it."
    taps: tuple[Name, ...] = ()
    "Taps that hear it; none named means all."
    peers: tuple[IPvAnyNetwork, ...] = ()
    "Networks that its calls come from; none means whatever its taps hear."
    opc: tuple[PointCode, ...] = ()
    "Point codes of the exchanges that its calls come from, where it is one of SS7 circuits."
    dpc: tuple[PointCode, ...] = ()
    "Point codes of the exchanges that its calls are offered to."
    cics: tuple[Cics, ...] = ()
    """Its circuits (CIC), single or in ranges: `["1-15", "17-31"]`; none means all between those
    exchanges, whichever tap hears their signalling."""
    channels: tuple[Channel, ...] = ()
    "D channels of its calls, span and timeslot: `1:16`; none means all that its taps hear."
    gates: tuple[Name, ...] = ()
    "Gates at which its switch asks before a call goes on."
    enforcer: Name | None = None
    "Enforcer by which its switch is told to stop a call; where no gate is asked."
    stops_per_min: int = Field(default=600, ge=1, le=100_000)
    "Calls that its switch is made to stop within a minute; those beyond it go through."
    mode: Mode = Mode.OBSERVE
    "Whether verdicts act (`enforce`), or only say what they would have done."
    country_code: CountryCode | None = None
    "Where it differs from `numbering.country_code`."
    area: Area | None = None
    "Where it differs from `numbering.area`."


class BlocklistTable(Table):
    """Lists kept in files on the appliance."""

    folder: Path | None = None
    "Where signed lists are kept; `lists` in `node.state_dir` if not named."
    files: tuple[Path, ...] = ()
    "CSV files; together they are one list."
    least_prefix_digits: int = Field(default=3, ge=1, le=15)
    "A prefix of fewer digits than this, country code included, is refused: it is a whole country."


class PolicyTable(Table):
    """What the rules do."""

    rules: dict[str, Action] = Field(default_factory=dict)
    "By name of the rule; `qalqan explain` names the rule of every verdict."


class AnswerTable(Table):
    """What is said to the calling side of a call that is stopped."""

    status: Literal[603, 608] = 603
    "Of what a list or an order stops: 603 Decline, or 608 Rejected with a card (RFC 8688)."
    card_url: str = Field(default="", validate_default=True)
    "Where the signed card of `qalqan redress card` can be fetched, by https; 608 needs it."
    url: str = ""
    """Page that a wrongly stopped caller can turn to, https under a public name. A call that
    analytics stop is told apart (603 Network Blocked) only where this, `tel` or `email` is set."""
    tel: str = ""
    "Number that such a caller can ring: `+77172000001`."
    email: str = ""
    "Address that such a caller can write to."
    location: str = Field(default="transit", json_schema_extra={"enum": [*LOCATIONS]})
    """Whose network refuses, as Q.850 has it: `user`, `private-local`, `public-local`, `transit`,
    `public-remote`, `private-remote`, `international` or `beyond-interworking`."""
    desk: str = ""
    "SIP URI of the operator desk; without one a call that is to be diverted goes on."

    @field_validator("url", "tel", "email")
    @classmethod
    def _is_contact(cls, value: str, info: ValidationInfo) -> str:
        if value and not is_shaped(str(info.field_name), value):
            raise ValueError(f"this is no {info.field_name} that a caller could turn to")
        return value

    @field_validator("card_url")
    @classmethod
    def _has_card(cls, value: str, info: ValidationInfo) -> str:
        if value and not is_web(value):
            raise ValueError("this is no https address")
        if info.data.get("status") == REFUSED and not value:
            raise ValueError(f"status {REFUSED} needs it")
        return value

    @field_validator("location")
    @classmethod
    def _is_location(cls, value: str) -> str:
        if value not in LOCATIONS:
            raise ValueError(f"a location is one of {', '.join(LOCATIONS)}")
        return value

    @field_validator("desk")
    @classmethod
    def _is_desk(cls, value: str) -> str:
        if value and not names_desk(value):
            raise ValueError("a desk is a SIP URI, as sip:desk@pbx.example")
        return value

    def terms(self) -> Terms:
        """Return what `edge.enforce.answer` speaks by."""
        contacts = Contacts(self.url, self.tel, self.email)
        return Terms(self.status, self.card_url, contacts, LOCATIONS[self.location], self.desk)


class BreakerTable(Table):
    """When the appliance stops stopping: more than this cannot be right. It opens to allow."""

    window_s: int = Field(default=60, ge=1, le=3600)
    "What is counted: the calls of a trunk within this time, seconds."
    most: int = Field(default=600, ge=1, le=100_000)
    "Calls stopped within the window, whatever their share."
    share: float = Field(default=0.5, ge=0, le=0.95)
    "Share of the calls within the window that may be stopped ..."
    floor: int = Field(default=30, ge=0, le=10_000)
    "... once more calls than this were stopped."
    hold_s: int = Field(default=300, ge=1, le=86_400)
    "How long it stays open, seconds."


class EnforceTable(Table):
    """How calls are stopped, and when a stop counts as proved."""

    stop: bool = False
    "Stops nothing on any trunk, whatever its mode: as the file `stop` in `node.state_dir` does."
    deadline_ms: int = Field(default=2000, ge=50, le=30_000)
    "A switch that was not told by then is not told any more, from the verdict, milliseconds."
    within_s: int = Field(default=10, ge=1, le=120)
    "A call that is not heard to end within this of its verdict was not stopped, seconds."
    again_s: int = Field(default=4, ge=0, le=60)
    "How long after its end a call is looked for on other trunks, seconds."


class CallsTable(Table):
    """How many calls are followed, and how long a silent one."""

    max: int = Field(default=100_000, ge=100, le=10_000_000)
    "Call attempts followed at once; beyond them the longest silent is given up."
    setup_idle_s: int = Field(default=300, ge=10, le=3600)
    "A call not answered is given up after this silence, seconds."
    idle_s: int = Field(default=14_400, ge=60, le=172_800)
    "An answered call is given up after this silence, seconds."


class HubTable(Table):
    """The central hub, and how it is reached."""

    brokers: tuple[Endpoint, ...] = ()
    "MQTT brokers, tried in turn: `hub.example:8883`; none means that this box stands alone."
    tls: bool = True
    "TLS 1.3 with a certificate on both sides; switched off for a broker on loopback alone."
    identity: Path | None = None
    """Folder of `authority.pem`, `certificate.pem` and `key.pem`, made by `qalqan enrol`;
    `identity` in `node.state_dir` if not named."""
    root: Path | None = None
    """The root.json of the repository that lists, commands and firmware are signed in; the one that
    came with enrolment if not named. Without one, none are taken."""
    lists: tuple[Name, ...] = ()
    "Lists that are followed."
    keepalive_s: int = Field(default=30, ge=5, le=600)
    "A broker that is silent for longer than half as much again is given up, seconds."
    drain_kbit: int = Field(default=0, ge=0, le=1_000_000)
    "Most of the line that a backlog may take, kbit/s; alarms pass besides. 0 is all of it."
    firmware: bool = False
    "Whether firmware is taken from the hub, as release and operations have signed it."
    bulk_brokers: tuple[Endpoint, ...] = ()
    "Where bundles of firmware are fetched; none: at `brokers`, under a client id of their own."
    bulk_kbit: int = Field(default=0, ge=0, le=1_000_000)
    "Most of the line that a bundle may take, kbit/s; 0 is what leaves urgent words their way."
    dead_man_s: int = Field(default=300, ge=10, le=3600)
    "A configuration from the hub with which the hub is not reached for so long is taken back."


class ReportTable(Table):
    """What is kept for the hub, and for how long."""

    outbox_mb: int = Field(default=2048, ge=8, le=1_000_000)
    "Most that waits for the hub on this disk, megabytes; the least dear goes first."
    calls: bool = True
    "Whether calls that are let through are reported, the called number as a keyed hash."

    @property
    def octets_each(self) -> int:
        """Return the octets that the outbox of each of both processes may have."""
        return self.outbox_mb * 1_000_000 // 2

    archive_days: int = Field(default=90, ge=1, le=3650)
    "How long reports of acts and blocks stay here after the hub has them, days."
    evidence_days: int = Field(default=1095, ge=1, le=36_500)
    "How long records and frames of stopped calls stay here, days; their hashes stay for good."


class RoamingTable(Table):
    """Whether a national mobile number that calls from abroad is there: asked through the hub.

    An answer that says so lets the call pass, one that denies it is a spoof. No answer is allow.
    """

    ask: bool = False
    "Whether the hub is asked; it is told the calling number of such calls, and no other."
    deadline_ms: int = Field(default=300, ge=10, le=5000)
    "How long an answer may take to count for the calls that asked, milliseconds."
    home_ttl_s: int = Field(default=300, ge=1, le=3600)
    "How long it is believed that a number is at home, seconds: who lands now may call now."
    abroad_ttl_s: int = Field(default=3600, ge=1, le=86_400)
    "How long it is believed that a number is abroad, seconds."
    most: int = Field(default=100_000, ge=1, le=1_000_000)
    "Numbers of which an answer is kept; the one asked for least recently goes first."


class Config(Table):
    """The whole file."""

    node: Node
    numbering: Numbering = Numbering()
    tap: dict[Name, Part] = Field(default_factory=dict)
    "What hears: one table a tap, named as its units will be."
    trunk: dict[Name, TrunkTable] = Field(default_factory=dict)
    "What is heard."
    blocklist: BlocklistTable = BlocklistTable()
    policy: PolicyTable = PolicyTable()
    breaker: BreakerTable = BreakerTable()
    gate: dict[Name, Part] = Field(default_factory=dict)
    "What asks before a call goes on."
    enforcer: dict[Name, Part] = Field(default_factory=dict)
    "What is told to stop a call."
    enforce: EnforceTable = EnforceTable()
    answer: AnswerTable = AnswerTable()
    calls: CallsTable = CallsTable()
    hub: HubTable = HubTable()
    report: ReportTable = ReportTable()
    roaming: RoamingTable = RoamingTable()
    detect: DetectTable = DetectTable()
    page: PageTable = PageTable()
    box: BoxTable = BoxTable()
    health: HealthTable = HealthTable()
