# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of its network interfaces, over rtnetlink: state, and frames it lost.

Reads only, and so needs no right. An answer takes about a millisecond: ask once a second, not once
a packet. pyroute2 is brought in with the first question, in a thread: it takes long, and
whatever else starts need not wait for it.
"""

import asyncio
import sys
from errno import ENODEV
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import msgspec

UP = "up"

_IFF_UP, _IFF_LOWER_UP = 0x1, 0x1_0000
"Set by the operator; the carrier (linux/if.h)."

_ETHERNET_LIKE = (1, 772)
"ARPHRD_ETHER, ARPHRD_LOOPBACK (linux/if_arp.h)."

_MISSED = ("rx_missed_errors", "rx_over_errors", "rx_fifo_errors")
"The host was too slow for the device; drivers differ in which of them they use."


class Link(msgspec.Struct, frozen=True):
    """One interface at one moment."""

    index: int
    "Changes when the interface is made anew under the same name."
    ethernet: bool
    "Its frames begin as those of Ethernet do."
    enabled: bool
    "Set up by the operator."
    carrier: bool
    promiscuous: bool
    missed: int
    "Frames the device had no room for, since it was made."
    dropped: int
    "Frames dropped between the device and whoever listens."
    errors: int
    "Frames that arrived damaged."


async def link(name: str) -> Link | None:
    """Return the interface of that name as it is now; None if there is none."""
    iproute, exceptions = await asyncio.to_thread(_rtnetlink)
    async with iproute.AsyncIPRoute() as route:
        try:
            (answer,) = await route.link("get", ifname=name)
        except exceptions.NetlinkError as refusal:
            if refusal.code == ENODEV:
                return None
            raise
    return _link(answer)


def state(found: Link | None) -> str:
    """Return `UP`, or what keeps an interface from hearing."""
    if found is None:
        return "no such interface"
    if not found.enabled:
        return "down"
    return UP if found.carrier else "no carrier"


@cache
def _rtnetlink() -> tuple[ModuleType, ModuleType]:
    """Return what of pyroute2 speaks rtnetlink, and its errors.

    The package brings in all that it has, which takes 4 MB more of `core`: so its parts are asked
    for as if it was there already. Threads that ask for the first time at once may bring in more.
    """
    name = "pyroute2"
    found = None if name in sys.modules else find_spec(name)
    if found:
        sys.modules[name] = module_from_spec(found)
    try:
        return import_module(f"{name}.iproute"), import_module(f"{name}.netlink.exceptions")
    finally:
        if found:
            sys.modules.pop(name, None)  # whoever asks for the whole has it


def _link(answer: Any) -> Link:  # noqa: ANN401 - pyroute2 ships no types
    flags: int = answer["flags"]
    counts: dict[str, int] = answer.get_attr("IFLA_STATS64")
    return Link(
        index=answer["index"],
        ethernet=answer["ifi_type"] in _ETHERNET_LIKE,
        enabled=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_LOWER_UP),
        promiscuous=bool(answer.get_attr("IFLA_PROMISCUITY")),
        missed=sum(counts[name] for name in _MISSED),
        dropped=counts["rx_dropped"],
        errors=counts["rx_errors"],
    )
