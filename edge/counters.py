# SPDX-License-Identifier: Apache-2.0
"""Every number that is exported, declared once: name, kind, unit, meaning, labels.

`edge.counting` counts; what is not in this table cannot be counted: it is asked for by its name
here, never by a string. Page, hub, dashboard and alarm rules know these numbers and no others.
"""

from collections.abc import Mapping

import msgspec


class Label(msgspec.Struct, frozen=True):
    """What tells the series of a number apart."""

    name: str
    values: tuple[str, ...] = ()
    "All it can be; empty for names of the configuration and of the program."


class Declared(msgspec.Struct, frozen=True):
    """A number and what it means."""

    name: str
    "As Prometheus knows it: base units, `_total` at the end of what only rises."
    unit: str
    meaning: str
    "One English sentence."
    labels: tuple[Label, ...] = ()


class Counter(Declared, frozen=True):
    """Only rises; starts at 0 with its process."""


class Gauge(Declared, frozen=True):
    """Rises and falls."""


class Histogram(Declared, frozen=True, kw_only=True):
    """How often something took how long."""

    bounds: tuple[float, ...]
    "Upper bounds of the buckets, in its unit, rising; one without bound comes after the last."


def _decades(first: int, last: int) -> tuple[float, ...]:
    """Return 1, 2 and 5 of each power of ten, and 1 of the last."""
    steps = [float(f"{n}e{power}") for power in range(first, last) for n in (1, 2, 5)]
    return (*steps, float(f"1e{last}"))


CLASS = Label("class", ("audit", "block", "call", "metric", "debug"))
ACTIONS = ("allow", "observe", "divert", "block")
TRUNK, TAP, PART, LIST, CAUSE, RULE = map(Label, ("trunk", "tap", "part", "list", "cause", "rule"))
DROP = Label("reason", ("quota", "disk-full", "queue-full", "too-large", "unreadable"))

# Is it hearing? ---------------------------------------------------------------

UNITS = Counter("qalqan_units_total", "units", "Units that a tap has heard.", (TAP,))
UNITS_LOST = Counter(
    "qalqan_units_lost_total", "units",
    "Units or pieces of them that were lost and may have offered a call.", (TAP, CAUSE),
)  # fmt: skip
UNITS_BECAME = Counter(
    "qalqan_units_became_total", "units", "What became of the units that were heard.",
    (Label("fate", ("messages", "parts", "copies", "malformed", "other")),),
)  # fmt: skip
MALFORMED = Counter(
    "qalqan_malformed_total", "units", "Units that could not be read, by the layer that failed.",
    (Label("layer"),),
)  # fmt: skip
PART_UP = Gauge("qalqan_part_up", "bool", "Whether a part runs: a tap, the hub's line.", (PART,))
PART_RESTARTS = Counter(
    "qalqan_part_restarts_total", "times", "How often a part that was lost was run anew.", (PART,)
)

# Verdicts ---------------------------------------------------------------------

CALLS_OFFERED = Counter("qalqan_calls_offered_total", "calls", "Call attempts heard.", (TRUNK,))
CALLS = Counter(
    "qalqan_calls_total", "calls", "Call attempts that are over, by how they ended.",
    (Label("outcome", ("answered", "unanswered", "forgotten")),),
)  # fmt: skip
CALLS_UP = Gauge("qalqan_calls_up", "calls", "Call attempts that are being followed.")
VERDICTS = Counter(
    "qalqan_verdicts_total", "calls",
    "Verdicts, by what was done, what was wanted, and the rule that decided.",
    (Label("action", ACTIONS), Label("wanted", ACTIONS), RULE, TRUNK),
)  # fmt: skip
VERDICT_SECONDS = Histogram(
    "qalqan_verdict_seconds", "seconds", "From a unit's arrival to its verdict.",
    bounds=_decades(-6, -1),
)  # fmt: skip
LOOKUP_SECONDS = Histogram(
    "qalqan_lookup_seconds", "seconds", "Look-ups in the lists in force, a sample of them.",
    bounds=_decades(-7, -1),
)  # fmt: skip
ROAMING = Counter(
    "qalqan_roaming_total", "times",
    "Whether a mobile number is abroad: how that was known, asked or answered.",
    (Label("outcome", ("cached", "joined", "asked", "not-asked", "answered", "unknown",
                       "unanswered", "late")),),
)  # fmt: skip
"""Every look-up is `cached`, `joined` to a question about the same number, `asked` or `not-asked`;
what was asked ends `answered`, `unknown` or `unanswered`, and of these some are answered `late`."""
ALARMS = Counter(
    "qalqan_alarms_total", "alarms", "Alarms, by name; the trunk where it is about one.",
    (Label("alarm"), TRUNK),
)  # fmt: skip

# Stopping ---------------------------------------------------------------------

OUTCOMES = Counter(
    "qalqan_outcomes_total", "calls",
    "Calls that were to be stopped, by what was heard to become of them.",
    (Label("outcome"), TRUNK),
)  # fmt: skip
STOP_SECONDS = Histogram(
    "qalqan_stop_seconds", "seconds", "From a call's offer on the wire to its stop on the wire.",
    bounds=_decades(-3, 2),
)  # fmt: skip
ORDERS = Counter(
    "qalqan_orders_total", "orders", "Orders and answers to stop a call, by what became of them.",
    (Label("fate"),),
)  # fmt: skip
STOPS_PENDING = Gauge("qalqan_stops_pending", "calls", "Calls whose stop is waited for.")
GATE = Counter(
    "qalqan_gate_total", "messages", "What a gate was asked and what it did.",
    (PART, Label("fate")),
)  # fmt: skip

# Who is behind it -------------------------------------------------------------

CAMPAIGNS = Gauge("qalqan_campaigns", "campaigns", "Campaigns that are known.")
CAMPAIGNS_WITHDRAWN = Counter(
    "qalqan_campaigns_withdrawn_total", "campaigns", "Campaigns that turned out to be none."
)
CAMPAIGN_CALLS = Counter("qalqan_campaign_calls_total", "calls", "Calls that belong to a campaign.")
DETECT_KEYS = Gauge(
    "qalqan_detect_keys", "keys", "Devices, sources, addresses, ranges and peers remembered."
)
DETECT_EVICTED = Counter(
    "qalqan_detect_evicted_total", "keys", "Keys that had to go for want of room."
)
DETECT_UNKNOWN = Counter(
    "qalqan_detect_unknown_total", "calls",
    "Ends of calls that were not counted in, those that were stopped among them.",
)  # fmt: skip
DETECT_FAILED = Counter(
    "qalqan_detect_failed_total", "calls", "Calls of which a bug let nothing be said."
)

# Evidence ---------------------------------------------------------------------

EVIDENCE_RECORDS = Counter(
    "qalqan_evidence_records_total", "records", "Records of evidence that were kept."
)
EVIDENCE_LOST = Counter(
    "qalqan_evidence_lost_total", "records", "Records of evidence that could not be kept."
)
EVIDENCE_LEAVES = Gauge("qalqan_evidence_leaves", "records", "Size of the log of evidence.")
EVIDENCE_COSIGNED = Gauge(
    "qalqan_evidence_cosigned_leaves", "records", "Size of the log that the hub has countersigned."
)

DISK_FREE = Gauge(
    "qalqan_disk_free_bytes", "bytes", "What is free where evidence and reports are kept."
)
DISK = Gauge("qalqan_disk_bytes", "bytes", "The size of that file system.")

# Hub and outbox ---------------------------------------------------------------

OUTBOX_EVENTS = Gauge(
    "qalqan_outbox_events", "events", "Events that the hub has not acknowledged.", (CLASS,)
)
OUTBOX_OLDEST = Gauge(
    "qalqan_outbox_oldest_seconds", "seconds", "How long the oldest of them waits.", (CLASS,)
)
OUTBOX_BYTES = Gauge("qalqan_outbox_bytes", "bytes", "What the outbox takes of the disk.")
OUTBOX_RECORDED = Counter(
    "qalqan_outbox_recorded_total", "events", "Events that are committed to disk.", (CLASS,)
)
OUTBOX_DROPPED = Counter(
    "qalqan_outbox_dropped_total", "events", "Events dropped; gap records tell the hub of them.",
    (CLASS, DROP),
)  # fmt: skip
OUTBOX_COMMIT_SECONDS = Histogram(
    "qalqan_outbox_commit_seconds", "seconds", "Commits of the outbox, until they are on disk.",
    bounds=_decades(-4, 1),
)  # fmt: skip
HUB_CONNECTED = Gauge("qalqan_hub_connected", "bool", "Whether there is a connection to a broker.")
HUB_ONLINE = Gauge("qalqan_hub_online", "bool", "Whether the hub says that it takes events.")
HUB_CONNECTS = Counter("qalqan_hub_connects_total", "times", "Connections made to a broker.")
HUB_PUBACKS = Counter(
    "qalqan_hub_pubacks_total", "messages", "Answers of the broker to a message, by reason code.",
    (Label("reason"),),
)  # fmt: skip
HUB_IN_FLIGHT = Gauge(
    "qalqan_hub_batches_in_flight", "batches", "Batches sent that the hub has not acknowledged."
)
HUB_ACK_SECONDS = Histogram(
    "qalqan_hub_ack_seconds", "seconds", "From sending a batch to the hub's acknowledgement.",
    bounds=_decades(-3, 2),
)  # fmt: skip
HUB_ACKNOWLEDGED = Counter(
    "qalqan_hub_acknowledged_total", "events", "Events that are in the hub's database.", (CLASS,)
)
COMMANDS = Counter(
    "qalqan_commands_total", "commands", "Commands, by what became of them.",
    (
        Label("kind", ("block", "unblock", "mode", "config", "explain", "export", "update",
                       "restart", "enforcement")),
        Label("state", ("done", "refused", "failed", "expired")),
    ),
)  # fmt: skip
COMMANDS_UNTRUSTED = Counter(
    "qalqan_commands_untrusted_total", "commands",
    "Commands that were not signed by keys that may order this.",
)  # fmt: skip

# Lists ------------------------------------------------------------------------

LIST_VERSION = Gauge("qalqan_list_version", "version", "Version in force.", (LIST,))
LIST_AGE = Gauge("qalqan_list_age_seconds", "seconds", "Since the list was last signed.", (LIST,))
LIST_ENTRIES = Gauge("qalqan_list_entries", "entries", "Entries in force.", (LIST,))
LIST_URGENT = Gauge("qalqan_list_urgent", "records", "Urgent records over the list.", (LIST,))

# The box ----------------------------------------------------------------------

CLOCK_QUALITY = Gauge(
    "qalqan_clock_quality", "bool", "1 for what the clock is worth, 0 for what it is not.",
    (Label("quality", ("synced", "holdover", "unset")),),
)  # fmt: skip
CERTIFICATE_END = Gauge(
    "qalqan_certificate_end_timestamp_seconds", "seconds",
    "When the certificate towards the hub ends, since the epoch.",
)  # fmt: skip
BUILD_INFO = Gauge(
    "qalqan_build_info", "one", "1 for the software that runs.",
    (Label("version"), Label("python")),
)  # fmt: skip
PROCESS_UP = Gauge("qalqan_process_up", "bool", "Whether a process writes its numbers.")
PROCESS_AGE = Gauge("qalqan_process_age_seconds", "seconds", "Since it wrote them.")
PROCESS_START = Gauge(
    "qalqan_process_start_time_seconds", "seconds", "When the process started, since the epoch."
)
PROCESS_CPU = Counter("qalqan_process_cpu_seconds_total", "seconds", "Processor time taken.")
PROCESS_MEMORY = Gauge("qalqan_process_resident_memory_bytes", "bytes", "Memory held.")
PROCESS_FDS = Gauge("qalqan_process_open_fds", "files", "Files and sockets open.")
PAGE_ANSWERS = Counter(
    "qalqan_page_answers_total", "answers", "Answers of the page, by HTTP status.",
    (Label("status"),),
)  # fmt: skip

TABLE = tuple(
    one for one in list(globals().values()) if isinstance(one, Counter | Gauge | Histogram)
)
BY_NAME: Mapping[str, Counter | Gauge | Histogram] = {one.name: one for one in TABLE}
