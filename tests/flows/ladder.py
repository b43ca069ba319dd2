# SPDX-License-Identifier: Apache-2.0
"""A call as telephone engineers draw it, from a capture that tshark reads."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[2] / "README.md"
GAP = 23
"Characters from one machine to the next."
AFTER_S = 0.03
"How long after a call's own end the rest of it is looked for."
_SHOWN = "sip or udp.port == 8060 or (tcp.port == 5038 and tcp.len > 0)"
_FIELDS = (
    "frame.time_epoch", "ip.src", "ip.dst", "sip.Method", "sip.Status-Line", "sip.Call-ID",
    "udp.payload", "tcp.payload",
)  # fmt: skip


class Step(NamedTuple):
    """One message."""

    at_ms: float
    source: str
    destination: str
    label: str


def steps(capture: Path, call: str) -> list[Step]:
    """Return the messages of a call, and what its switch said elsewhere about it meanwhile.

    A switch that makes two calls of one gives the second a Call-ID of its own. A repeat is not
    shown again.
    """
    rows = _rows(capture)
    times = [row.time for row in rows if row.call == call]
    began, ended = times[0], times[-1] + AFTER_S
    found: list[Step] = []
    for row in rows:
        if not began <= row.time <= ended or not row.label:
            continue
        step = Step((row.time - began) * 1000, row.source, row.destination, row.label)
        if step[1:] not in {one[1:] for one in found}:
            found.append(step)
    return found


class _Row(NamedTuple):
    time: float
    source: str
    destination: str
    call: str
    label: str


def _rows(capture: Path) -> list[_Row]:
    """Return what tshark sees."""
    command = ["tshark", "-r", str(capture), "-Y", _SHOWN, "-T", "fields"]
    command += [word for field in _FIELDS for word in ("-e", field)]
    shown = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True)
    rows = []
    for row in shown.splitlines():
        time, source, destination, method, status, call_id, *payloads = row.split("\t")
        text = bytes.fromhex("".join(payloads)).decode(errors="replace")
        label = (method or _status(status)) if call_id else _order(text)
        rows.append(_Row(float(time), source, destination, call_id, label))
    return sorted(rows)  # of two interfaces


def _status(line: str) -> str:
    """Return what is shown of a status line; a switch may greet people in that of a 100."""
    code, _, phrase = line.removeprefix("SIP/2.0 ").strip().partition(" ")
    return code if code == "100" else f"{code} {phrase}"[: GAP - 5]


def _order(text: str) -> str:
    """Return what is shown of a message between the appliance and a switch; empty for none."""
    if found := re.search(r'"method":\s*"(tm\.reply_callid|dlg\.[a-z_]+)"', text):
        return found[1]
    if re.search(r'"code":\s*20[0-9]', text) or ('"result"' in text and "200" in text):
        return "done"
    if found := re.search(r"Action: (Hangup|Redirect|PJSIPHangup)", text):
        return f"AMI {found[1]}"
    return "Response: Success" if "Response: Success" in text and "Hung" in text else ""


def ladder(machines: Mapping[str, str], found: Sequence[Step], *, times: bool = True) -> str:
    """Return a picture: `machines` are names by address, from left to right."""
    places = {name: index for index, name in enumerate(dict.fromkeys(machines.values()))}
    return "\n".join(line.rstrip() for line in _lines(machines, places, found, times=times)) + "\n"


def _lines(
    machines: Mapping[str, str], places: Mapping[str, int], found: Sequence[Step], *, times: bool
) -> Iterator[str]:
    edge = 8
    yield " " * edge + "".join(f"{name:^{GAP}}" for name in places)
    for step in found:
        line = [" "] * (edge + GAP * len(places))
        middles = [edge + GAP * index + GAP // 2 for index in range(len(places))]
        for middle in middles:
            line[middle] = "│"
        start, end = (middles[places[machines[one]]] for one in (step.source, step.destination))
        low, high = min(start, end), max(start, end)
        line[low + 1 : high] = f" {step.label} ".center(high - low - 1, "─")
        line[high - 1 if end > start else low + 1] = "►" if end > start else "◄"
        if times:
            line[:edge] = f"{step.at_ms:5.0f} ms"
        yield "".join(line)


def shape(picture: str) -> set[str]:
    """Return the lines of a ladder without their times."""
    return {re.sub(r"^ *[0-9]+ ms", " " * 8, line) for line in picture.strip("\n").splitlines()}


def in_readme(title: str) -> str:
    """Return the ladder under a heading of README.md."""
    text = README.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"**{title}**")
    assert found, f"README.md has no ladder {title!r}"
    return rest.partition("```\n")[2].partition("```")[0]
