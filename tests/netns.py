# SPDX-License-Identifier: Apache-2.0
"""Small networks for tests: namespaces, pairs of interfaces, and a hub with a mirror port.

A namespace here has no name: it goes with the last process in it, whatever became of the test.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from hil.region.net import Machine as Host, ip, machine, own_network as namespace, quiet

__all__ = ["Host", "cable", "host", "hub", "ip", "namespace", "veth"]


def veth(left: str, right: str) -> None:
    """Make a cable between two interfaces that say nothing of themselves, and plug it in."""
    ip(f"link add {left} type veth peer name {right}")
    for name in (left, right):
        quiet(name)


def cable(here: str, address: str, there: str, other: str, machine: "Host") -> None:
    """Plug a cable of its own between us and a machine, with an address at each end."""
    veth(here, f"{there}-far")
    ip(f"link set {there}-far netns {machine.pid}")
    ip(f"addr add {address}/30 dev {here}")
    ip(f"link set {here} up")
    machine.ip(f"link set {there}-far name {there}")
    machine.ip(f"addr add {other}/30 dev {there}")
    machine.ip(f"link set {there} up")


def hub(name: str) -> None:
    """Make a switch that learns nothing: every port hears all, as a mirror port does."""
    ip(f"link add {name} type bridge ageing_time 0 mcast_snooping 0")
    quiet(name)


@contextmanager
def host(cable: str, address: str, switch: str) -> Iterator[Host]:
    """Put a machine with `address` (`10.0.0.1/24`) to a hub; its processes end with it."""
    with machine() as made:
        veth(f"{cable}-hub", cable)
        ip(f"link set {cable}-hub master {switch}")
        made.plug(cable, address)
        yield made
