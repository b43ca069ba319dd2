# SPDX-License-Identifier: Apache-2.0
"""The hub: certificate, connection, what the broker lets this box say, what waits for it."""

from collections.abc import Iterator

from edge import counters
from edge.doctor.finding import Counts, Finding, Value, fail, ok, warn
from edge.doctor.patient import Patient
from edge.errors import ConfigError
from edge.trust.identity import Identity

DAY_S = 86_400
NS = 1_000_000_000
REFUSED = 0x80
"Reason codes of MQTT 5 from here on refuse what was said."
RIGHTS = "not-authorised"
WAITS_S = 3600.0
LASTS = "of {name}, {days} days left"
WAITING = "{waits} events wait, the oldest for {oldest_s:.0f} s; {dropped} were dropped"


def certificate(patient: Patient) -> Iterator[Finding]:
    """Yield how long the certificate lasts."""
    if not patient.config.hub.brokers or not patient.config.hub.tls:
        return
    identity = Identity(patient.places.identity, patient.config.node.name)
    try:
        standing = identity.standing()
    except ConfigError as error:
        yield fail(
            "certificate", "cannot be used: {why}", "qalqan enrol, and type its code in at the hub",
            why=str(error),
        )  # fmt: skip
        return
    now_s = patient.moments.now().at // NS
    name, days = standing.name, max(standing.ends_s - now_s, 0) // DAY_S
    if now_s >= standing.ends_s:
        yield fail(
            "certificate", "of {name}: it is over", "see the clock; or: qalqan enrol --again",
            name=name,
        )  # fmt: skip
    elif now_s < standing.begins_s:
        yield fail(
            "certificate", "of {name}: it has not begun", "the clock is wrong: set it", name=name
        )
    elif identity.due_for_renewal(now_s):
        yield warn(
            "certificate", LASTS, "it is renewed when the hub is reached: see the line `hub`",
            name=name, days=days,
        )  # fmt: skip
    else:
        yield ok("certificate", LASTS, name=name, days=days)


def hub(patient: Patient) -> Iterator[Finding]:
    """Yield whether the hub is there."""
    brokers = patient.config.hub.brokers
    if not brokers:
        yield ok("hub", "none is configured: this box stands alone")
    elif patient.value(counters.HUB_ONLINE):
        yield ok("hub", "takes events")
    elif patient.value(counters.HUB_CONNECTED):
        yield fail("hub", "the broker is there, the hub is not", "tell the centre")
    else:
        yield fail(
            "hub", "no broker is reached: {brokers}",
            "see address, route, and the firewall for this port; journalctl -b -u qalqan-uplink",
            brokers=", ".join(brokers),
        )  # fmt: skip


def rights(patient: Patient) -> Iterator[Finding]:
    """Yield what the broker has refused."""
    if not patient.config.hub.brokers:
        return
    refused = Counts(
        (one.labels[0], int(one.values[0]))
        for one in sorted(patient.series(counters.HUB_PUBACKS), key=lambda one: one.labels)
        if _is_refusal(one.labels[0]) and one.values[0]
    )
    if not refused:
        yield ok("broker", "takes all that this box may say")
        return
    yield fail(
        "broker", "refused what this box said: {refused}",
        "0x87: its rights for this node's topics, qalqan/v1/up/NODE/#; 0x97: its quota",
        refused=refused,
    )  # fmt: skip


def _is_refusal(reason: str) -> bool:
    try:
        return int(reason, 16) >= REFUSED
    except ValueError:
        return False


def outbox(patient: Patient) -> Iterator[Finding]:
    """Yield what waits for the hub, and what was dropped."""
    if not patient.config.hub.brokers:
        return
    dropped = int(sum(one.values[0] for one in patient.series(counters.OUTBOX_DROPPED)))
    waits = int(sum(one.values[0] for one in patient.series(counters.OUTBOX_EVENTS)))
    oldest_s = max((one.values[0] for one in patient.series(counters.OUTBOX_OLDEST)), default=0.0)
    values: dict[str, Value] = {"waits": waits, "oldest_s": oldest_s, "dropped": dropped}
    if dropped:
        yield warn(
            "outbox",
            WAITING,
            "give it more room ([report] outbox_mb), or connect the hub",
            **values,
        )
    elif oldest_s > WAITS_S:
        yield warn("outbox", WAITING, "the line to the hub is too slow, or down", **values)
    else:
        yield ok("outbox", WAITING, **values)
