# SPDX-License-Identifier: Apache-2.0
"""The index of the captures: what each holds, by plan, and what tshark counted in it."""

import json
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vectors.sip.captures import LINKS, Call, Capture, Run

HEADING = """\
# SPDX-License-Identifier: Apache-2.0
# Written by record.py: what was planned, and what tshark counted. ../README.md has the fields.
"""
LISTED_APART = 20
"A capture with more calls than this has them in a CSV file of its own name."


@dataclass(frozen=True, slots=True)
class Heard:
    """What tshark finds in a capture."""

    frames: int
    messages: int
    invites: int
    "INVITE requests heard: every leg, branch, retransmission and re-INVITE."
    outcomes: Mapping[str, str]
    "Call-ID of each INVITE -> how the call ended."


def hear(path: Path) -> Heard:
    """Ask tshark; fragments and TCP segments are put together by it, as by us."""
    fields = ("sip.Call-ID", "sip.CSeq.method", "sip.Request-Line", "sip.Status-Line")
    run = subprocess.run(
        [
            "tshark",
            "-n",
            "-r",
            str(path),
            "-T",
            "fields",
            "-E",
            "occurrence=a",
            "-E",
            "aggregator=|",
            *(part for name in fields for part in ("-e", name)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    said: dict[str, set[str]] = {}
    messages = invites = 0
    rows = run.stdout.splitlines()
    for row in rows:
        ids, methods, requests, replies = (
            [value for value in cell.split("|") if value] for cell in row.split("\t")
        )
        messages += len(requests) + len(replies)
        invites += sum(line.startswith("INVITE ") for line in requests)
        for call, method in zip(ids, methods, strict=True):
            words = [line.split(" ")[0] for line in requests]
            words += [f"{line.split(' ')[1]} {method}" for line in replies]
            said.setdefault(call, set()).update(words)
    ended = {call: outcome(words) for call, words in said.items() if "INVITE" in words}
    return Heard(len(rows), messages, invites, ended)


def outcome(words: set[str]) -> str:
    """Tell from all requests and replies of a call how it ended."""
    marks = {
        "200 BYE": "answered",
        "486 INVITE": "busy",
        "603 INVITE": "declined",
        "404 INVITE": "unknown",
        "408 INVITE": "unanswered",
        "487 INVITE": "cancelled",
    }
    return next((ended for mark, ended in marks.items() if mark in words), "open")


def write_index(
    path: Path, capture: Capture, heard: Heard, planned: Mapping[str, tuple[Run, Call]]
) -> None:
    """Put one capture's entry into the index, the others as they are, all by name."""
    entries = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    entries[capture.name] = {
        "file": capture.file,
        "what": capture.what,
        "made": _made(capture),
        "form": capture.form,
        "link": capture.link,
        "linktype": LINKS[capture.link],
        "calls": len(planned),
        "frames": heard.frames,
        "messages": heard.messages,
        "invites": heard.invites,
    }
    if len(planned) > LISTED_APART:
        entries[capture.name]["listed_in"] = f"{capture.name}.csv"
    else:
        entries[capture.name]["call"] = [
            _call(name, run, call) for name, (run, call) in planned.items()
        ]
    text = [HEADING, *(_table(name, entries[name]) for name in sorted(entries))]
    path.write_text("\n".join(text), "utf-8")


def _made(capture: Capture) -> str:
    if capture.source:
        return f"link layer of {capture.source} rewritten; what is above it was recorded"
    tool = "dumpcap" if capture.form == "pcapng" else "tcpdump"
    return f"recorded by {tool} at the exchange: SIPp -> Kamailio -> SIPp"


def _call(name: str, run: Run, call: Call) -> dict[str, str]:
    entry = {
        "call": name,
        "peer": run.place,
        "calling": call.caller,
        "called": call.called,
        "asserted": call.asserted or call.caller,
        "outcome": run.outcome(call),
    }
    if call.diverter:
        entry["diverter"] = call.diverter
    if call.display:
        entry["display"] = call.display.replace("\\", "")
    return entry


def _table(name: str, entry: Mapping[str, Any]) -> str:
    lines = [f"[{name}]"]
    for key, value in entry.items():
        if not isinstance(value, list):
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    for call in entry.get("call", ()):
        lines.append(f"[[{name}.call]]")
        lines += (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in call.items())
    return "\n".join(lines) + "\n"
