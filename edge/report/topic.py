# SPDX-License-Identifier: Apache-2.0
"""The tree of topics: direction first, so that the rights of an appliance are two patterns.

    pattern write qalqan/v1/up/%u/#       pattern read qalqan/v1/dn/%u/#
                                          pattern read qalqan/v1/dn/all/#
                                          pattern read qalqan/v1/bulk/%u/#

`<node>` is the name in the appliance's certificate. A test compares this with `asyncapi.yaml`.
"""

from edge.report.event import Class

ROOT = "qalqan/v1"
ALL = "all"
"Stands for every appliance; no appliance may be called so."

# Up: what an appliance says.
STATE = "state"
"Birth and will, retained."
EVENTS = "ev"
LIVE = "live"
"Heartbeat, QoS 0."
ASK = "ask"
"What it wants to be told anew, on every connection."
RESULT = "res"
GET = "get"
RENEW = "renew"
PAGE = "page"
"A certificate for the page that people see. Also the topic of the answer."
ROAM = "roam"
"Is a number abroad? Also the topic of the answer."

# Down: what it is told.
ACK = "ack"
COMMAND = "cmd"
DESIRED = "desired"
CAMPAIGN = "campaign"
"The firmware that is wanted, retained."
BLOCK = "blk"
HUB = "hub"
URGENT = "urgent"
TUF = "tuf"
RENEWED = "renewed"


def up(node: str, what: str) -> str:
    """Return a topic on which an appliance speaks."""
    return f"{ROOT}/up/{node}/{what}"


def events(node: str, cls: Class) -> str:
    """Return the topic of event batches of a class."""
    return up(node, f"{EVENTS}/{cls.value}")


def down(node: str, what: str) -> str:
    """Return a topic on which an appliance is spoken to; `ALL` speaks to every one."""
    return f"{ROOT}/dn/{node}/{what}"


def heard_by(node: str) -> tuple[str, ...]:
    """Return the filters that an appliance subscribes to."""
    return down(node, "#"), down(ALL, "#")


def heard_by_hub() -> str:
    """Return the filter of everything that appliances say."""
    return f"{ROOT}/up/+/#"


def bulk(node: str) -> str:
    """Return the topic of the blocks of large files.

    Outside of `dn`: it is heard on a second connection, where nothing urgent waits behind it.
    """
    return f"{ROOT}/bulk/{node}/{BLOCK}"


def split(topic: str) -> tuple[str, str, str]:
    """Return direction, node and the rest: `("up", "astana-1", "ev/block")`; empty if none of ours.

    Node and rest are as they stand in the topic: who may speak there is the broker's to know.
    """
    prefix = ROOT + "/"
    parts = topic.removeprefix(prefix).split("/", 2)
    if not topic.startswith(prefix) or len(parts) < 3:  # noqa: PLR2004 - direction, node, rest
        return "", "", ""
    return parts[0], parts[1], parts[2]


def enrolment(node: str, what: str) -> str:
    """Return the topic of a request for a certificate (`request`) or of its answer (`answer`).

    Outside of `up` and `dn`: whoever speaks here has no certificate yet.
    """
    return f"{ROOT}/enrol/{node}/{what}"
