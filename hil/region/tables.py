# SPDX-License-Identifier: Apache-2.0
"""The words of the region: who is where, who is listed, and what a box is told of it."""

from pathlib import Path
from typing import NamedTuple

ABROAD, ABROAD2, SWITCH, VICTIM = "198.51.100.10", "203.0.113.10", "192.0.2.10", "192.0.2.20"
PBX = "192.0.2.11"
"A second switch, to which calls from `ABROAD2` go, where the region has one."
BOX, CONTROL, PBX_CONTROL = "10.0.0.1", "10.0.0.2", "10.0.0.3"
"The box's port towards the switches, and the switches' towards the box."
MACHINES = {
    ABROAD: "abroad", ABROAD2: "abroad 2", SWITCH: "switch", CONTROL: "switch", VICTIM: "phone",
    PBX: "PBX", PBX_CONTROL: "PBX", BOX: "Qalqan Edge",
}  # fmt: skip
"By address, from left to right as a ladder shows them."

PHONE, HELP = "77172000001", "112"
UNHURRIED = "77172000177"
"Whoever has this number lets it ring for long before they answer."
HONEST, LISTED, DIVERTED = "+447700900111", "+447700900101", "+447700900133"
CAMPAIGN = "+447700900155"
"Listed by nobody, until it is blocked everywhere."
SPOOFED = "+77172000009"
"A Kazakh fixed number; from abroad it is none."

OPC, DPC = 2057, 4114
"The exchange abroad, and ours."
PROMPT = "<"
RELEASE = "RELCALL:CIC={cic},OPC={opc},DPC={dpc},CAUSE={cause};"

LIST = f"""# version: 1
pattern,party,action,category,basis,valid_from,valid_until,scope,source
{LISTED},calling,block,bank security,RIG-ORDER-1,2026-01-01,,all,operator desk
{DIVERTED},calling,divert,bank security,RIG-ORDER-2,2026-01-01,,all,operator desk
+4420794605*,calling,block,call centre,RIG-ORDER-3,2026-01-01,,class:international,prosecutor
"""

_SIP = f"""
[tap.mirror]
driver = "afpacket"
interface = "{{mirror}}"
blocks = 8

[gate.switch]
driver = "sip_redirect"
listen = "{BOX}"
peers = ["{CONTROL}"]
go_on = "404"

[trunk.abroad]
class = "international"
peers = ["{ABROAD}/32"]
taps = ["mirror"]
gates = ["switch"]
mode = "enforce"

[trunk.abroad2]
class = "international"
peers = ["{ABROAD2}/32"]
taps = ["mirror"]
{{second}}
[numbering]
area = "7172"

[breaker]
floor = 10000

[enforce]
within_s = 5
again_s = 1

[answer]
desk = "sip:desk@{VICTIM}"
"""
_E1 = f"""
[tap.e1]
driver = "e1_serial"
port = "{{probe}}"

[trunk.e1]
class = "international"
taps = ["e1"]
opc = [{OPC}]
dpc = [{DPC}]
mode = "enforce"
"""
_EXCHANGE = f"""enforcer = "exchange"

[enforcer.exchange]
driver = "serial_mml"
port = "{{exchange}}"
prompt = '{PROMPT}$'
release = [{{{{ send = "{RELEASE.replace("{", "{{").replace("}", "}}")}", \
expect = "EXECUTED", refuse = "NOT ACCEPTED|FAULT" }}}}]
"""
_TOLD = 'enforcer = "pbx"\nmode = "enforce"\n'
README = Path(__file__).parents[2] / "drivers" / "README.md"


def tables(
    mirror: str, probe: str | None = None, exchange: str | None = None, *, pbx: bool = False
) -> str:
    """Return the tables of a box's configuration that speak of this region.

    Args:
        mirror: Its interface where the trunk is mirrored.
        probe: The serial port of its E1 probe, if it has one.
        exchange: The serial port that is the command port of the exchange; with `probe` alone.
        pbx: Whether there is a second switch, which is told.
    """
    text = _SIP.format(mirror=mirror, second=_TOLD if pbx else "")
    if pbx:
        told = moved(sample("Asterisk is told").box, PBX, PBX_CONTROL)
        text += told.replace("[enforcer.switch]", "[enforcer.pbx]")
    if probe:
        text += _E1.format(probe=probe)
        text += _EXCHANGE.format(exchange=exchange) if exchange else ""
    return text


class Sample(NamedTuple):
    """A way to stop calls, as `drivers/README.md` sets it up."""

    box: str
    switch: str


def moved(text: str, address: str, control: str) -> str:
    """Return a sample for a switch that has other addresses than the first one."""
    return text.replace(SWITCH, address).replace(CONTROL, control)


def sample(title: str) -> Sample:
    """Return what stands under a heading: the tables of the box, and the switch's own file.

    Raises:
        KeyError: There is no such heading.
    """
    _, found, section = README.read_text(encoding="utf-8").partition(f"\n### {title}\n")
    if not found:
        raise KeyError(title)
    blocks = section.partition("\n## ")[0].partition("\n### ")[0].split("\n```")[1::2]
    box, switch = (block.partition("\n")[2] + "\n" for block in blocks[:2])
    return Sample(box, switch)
