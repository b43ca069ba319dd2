# SPDX-License-Identifier: Apache-2.0
"""Keys of the TOML file that only the flashed image reads: the machine itself, and its updates.

`edge.box.first_boot` makes the machine so at every start; on a desk they mean nothing.
"""

from typing import Annotated, Literal

from pydantic import Field, IPvAnyAddress, IPvAnyInterface, IPvAnyNetwork

from edge.settings.table import Table

Interface = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$")]


class PortTable(Table):
    """A port of this machine that speaks."""

    addresses: tuple[IPvAnyInterface, ...] = ()
    "Its addresses, each with the length of its network: `10.0.0.5/24`; none: asked for by DHCP."
    gateway: IPvAnyAddress | None = None
    "By which all other networks are reached; at one port of the box."
    dns: tuple[IPvAnyAddress, ...] = ()
    "Who is asked for names."
    ntp: tuple[Host, ...] = ()
    "Who is asked for the time, by name or address."


class BoxTable(Table):
    """This machine: its name, its ports, and who may speak with what runs on it."""

    hostname: Host | None = None
    "Its name; `node.name` if not named."
    port: dict[Interface, PortTable] = Field(default_factory=dict)
    """Ports that speak, by name of the interface: towards the management network, the switches.
    Where none is named, all that do not mirror ask for an address by DHCP."""
    mirrors: tuple[Interface, ...] = ()
    "Ports that only hear, where a switch mirrors the trunk: brought up without an address."
    switches: tuple[IPvAnyNetwork, ...] = ()
    "Networks of switches and probes; `core` can speak with no other, and the uplink not at all."
    operators: tuple[IPvAnyNetwork, ...] = ()
    "Networks that may see the page; this machine always may."


class HealthTable(Table):
    """When a new version of the firmware may stay. If it may not, the one before comes back."""

    settle_s: int = Field(default=60, ge=5, le=3600)
    "All must have been well for so long, without a break, seconds."
    deadline_s: int = Field(default=600, ge=30, le=7200)
    "What is not well so long after the start is given back, seconds."
    without_hub: Literal["never", "grace"] = "grace"
    """Whether it may stay though the hub is not reached: `grace`, if the hub was not reached in the
    hour before the update either."""
    grace_s: int = Field(default=300, ge=30, le=7200)
    "How long the hub is waited for even then, seconds."
