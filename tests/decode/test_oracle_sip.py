# SPDX-License-Identifier: Apache-2.0
"""tshark is the oracle: every message of every recorded capture, field by field."""

import json
import re
import subprocess
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge.cli import app

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
CAPTURES = sorted(VECTORS.glob("*.pcap*"))
INDEX = {
    entry["file"]: entry for entry in tomllib.loads((VECTORS / "index.toml").read_text()).values()
}

FOLD = re.compile(r"\r?\n[ \t]+")

Fields = dict[str, Any]


def ours(path: Path) -> tuple[list[Fields], Fields]:
    """Return what `qalqan decode --json` says: the messages and the summary."""
    done = CliRunner().invoke(app, ["decode", str(path), "--json"])
    assert done.exit_code == 0, done.stderr
    lines = [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]["summary"]


def tshark(path: Path) -> list[Fields]:
    """Return what tshark says, in the words of `qalqan decode`."""
    command = ["tshark", "-n", "-r", str(path), "-Y", "sip", "-T", "json", "-J", "frame sip"]
    done = subprocess.run([*command, "--no-duplicate-keys"], capture_output=True, check=True)
    packets = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return [
        {
            "n": int(packet["frame"]["frame.number"]),
            "t": Decimal(packet["frame"]["frame.time_epoch"]),
            **message(sip),
        }
        for packet in packets
        for sip in listed(packet["sip"])
    ]


def message(sip: Fields) -> Fields:
    """Return the fields of one message."""
    head = sip["sip.msg_hdr_tree"]
    request = sip.get("sip.Request-Line_tree")
    to = head["sip.To_tree"]
    called = to["sip.to.addr_tree"]["sip.to.user"]
    if request and "sip.to.tag" not in to:  # outside a dialog, where it is sent to counts
        called = request["sip.r-uri_tree"]["sip.r-uri.user"]
    start = request or sip["sip.Status-Line_tree"]
    agent = head.get("sip.User-Agent") or head.get("sip.Server") or ""
    return {
        "proto": "sip",
        "type": start["sip.Method" if request else "sip.Status-Code"],
        "call": head["sip.Call-ID"],
        "calling": head["sip.From_tree"]["sip.from.addr_tree"]["sip.from.user"],
        "called": called,
        "cseq": head["sip.CSeq"],
        "from": unfolded(head["sip.From"]),
        "to": unfolded(head["sip.To"]),
        "via": [unfolded(via) for via in listed(head["sip.Via"])],
        "user_agent": unfolded(agent),
    }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def unfolded(value: str) -> str:
    """Join a folded value by a single blank, which RFC 3261 section 7.3.1 says it means."""
    return FOLD.sub(" ", value)


def test_captures_are_there() -> None:
    assert {path.name for path in CAPTURES} == set(INDEX)


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_every_message_is_as_tshark_says(path: Path) -> None:
    heard, summary = ours(path)
    said, entry = tshark(path), INDEX[path.name]
    assert len(heard) == len(said) == entry["messages"]
    for mine, theirs in zip(heard, said, strict=True):
        assert mine == theirs
    assert summary["frames"] == entry["frames"]
    assert summary["messages"]["INVITE"] == entry["invites"]
    assert summary["malformed"] == 0
    assert summary["lost"] == {}
