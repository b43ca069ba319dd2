# SPDX-License-Identifier: Apache-2.0
"""From the octets of a made-up centre to its dossier at the hub: real processes, a real broker.

A day of a scam centre among honest callers is played into `core`; what it finds is told over MQTT,
filed, and shown at the box and at the hub; and each line of the dossier is read again out of the
very frame that it names.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge.call.sip_offer import SipOffers
from edge.call.trunks import TrunkRule, Trunks
from edge.decode.pcapfile import CaptureReader
from edge.decode.signalling import Signalling
from edge.decode.sip.message import SipMessage
from edge.detect.clues import clues_of
from edge.detect.fingerprint import Fingerprints
from edge.evidence.shelf import capture_of, find
from edge.model.event import Trunk, TrunkClass
from edge.model.unit import Unit
from edge.numbering.normalise import home_of
from hil.eval import fraud, people
from hil.eval.play import day_of
from hil.eval.scene import Made
from hil.eval.talk import capture
from tests.flows.house import NODE, House, house, until

pytestmark = [pytest.mark.peer("mosquitto"), pytest.mark.slow]

SEED, DAY = 7, 1
"A seed that neither tunes nor is held out; the centre begins on that day."
TABLES = """\
[tap.mirror]
driver = "pcap"
files = ["day.pcapng"]
[trunk.international]
class = "international"
mode = "enforce"
country_code = "7"
area = "7172"
"""
WORLD = Trunk("international", TrunkClass.INTERNATIONAL, "7", "7172")


def a_day() -> tuple[list[Made], list[Made]]:
    """Return the calls of a centre, and those of honest callers around it."""
    centre = next(one for one in fraud.centres(SEED) if one.kind == "rotation")
    days = [fraud.centre_day(centre, "rotation", SEED), people.residents(SEED, calls=200)]
    calls = [one for one in day_of(days, DAY, SEED) if one.place.stack]
    return [one for one in calls if one.group], [one for one in calls if not one.group]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose `core` has heard the day, and whose hub has all that was told of it."""
    with house(tmp_path_factory.mktemp("house"), workers=1) as one:
        centre, honest = a_day()
        (one.folder / "day.pcapng").write_bytes(capture([*centre, *honest], SEED))
        one.write_config(TABLES)
        for part in (one.broker, one.hub, one.uplink, one.core):
            part.start()
        assert one.core.process is not None
        assert one.core.process.wait(90) == 0, one.core.said()
        until(lambda: len(one.kinds("campaign")) >= 2, "the campaign, found and at the end")
        (case,) = typed(one, "origin", "list", "-f", filed(one))
        until(lambda: len(one.kinds("clue")) >= lines_of(one, case["id"]), "its dossier")
        yield one


def filed(one: House) -> str:
    return str(one.state / "campaigns")


def run(one: House, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed(one: House, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(one, "edge", *words, "--json").splitlines()]


def case_of(one: House) -> dict[str, Any]:
    (listed,) = typed(one, "origin", "list", "-f", filed(one))
    (shown,) = typed(one, "origin", "show", listed["id"], "-f", filed(one))
    return shown


def lines_of(one: House, name: str) -> int:
    (shown,) = typed(one, "origin", "show", name, "-f", filed(one))
    return len(shown["dossier"])


def test_the_centre_is_found_within_thirty_calls_and_nobody_else(played: House) -> None:
    centre, honest = a_day()
    case = case_of(played)
    assert case["calls_before"] <= 30
    # What was offered before the call by which it was found had ended was not of it yet.
    assert len(centre) - 40 <= case["calls"] <= len(centre)
    verdicts = played.kinds("verdict")
    of_it = [one for one in verdicts if one["rule"] == "analytics.campaign"]
    assert len(of_it) == case["calls"]
    numbers = {f"+{one.calling}" for one in centre}
    assert {one["calling"] for one in of_it} <= numbers
    assert {(one["action"], one["basis"]) for one in of_it} == {("observe", "analytics")}
    assert len(honest) > 100


def test_the_hub_has_what_the_box_has(played: House) -> None:
    case = case_of(played)
    text = run(played, "hil.hub", "campaigns", case["id"], "--json", "--folder",
               str(played.hub_folder))  # fmt: skip
    (group,) = json.loads(text)["groups"]
    (one,) = group["campaigns"]
    assert (one["node"], one["campaign"], one["state"]) == (NODE, case["id"], "open")
    assert (one["calls"], one["score"]) == (case["calls"], case["score"])

    def told(lines: Sequence[dict[str, Any]], kind: str) -> set[tuple[Any, ...]]:
        return {
            (line[kind], line["value"], line["calls"], tuple(e["leaf"] for e in line["evidence"]))
            for line in lines
        }

    assert told(group["clues"], "clue") == told(case["dossier"], "kind")


def heard_again(one: House, record: str) -> tuple[set[tuple[str, str]], Unit, str]:
    """Return what the frame of a record says, read anew; the frame; and the call."""
    found = list(find(one.state / "evidence", record, pytest.fail))
    ((line, kept),) = [(line, kept) for line, kept in found if kept["id"] == record]
    section = capture_of(kept)
    assert section is not None
    (unit,) = CaptureReader(kept["tap"]).feed(section.read(line.path.parent))
    assert isinstance(unit, Unit)
    (message,) = Signalling().feed(unit)
    assert isinstance(message, SipMessage)
    home = home_of(WORLD)
    trunk = Trunks([TrunkRule(WORLD)]).of(unit, message.flow)
    offer = SipOffers({WORLD.name: home}, home).offer(message, trunk, 1)
    said = {(kind.code, value) for kind, value in clues_of(offer, Fingerprints().of(message))}
    return said, unit, offer.call


def test_each_line_of_the_dossier_is_read_again_from_the_frame_it_names(played: House) -> None:
    case = case_of(played)
    kinds = set()
    for line in case["dossier"]:
        kinds.add(line["kind"])
        assert line["evidence"]
        for evidence in line["evidence"]:
            said, unit, call = heard_again(played, evidence["record"])
            assert (evidence["call"], evidence["at"]) == (call, unit.at)
            if line["kind"] != "hours":  # those stand on all calls
                assert (line["kind"], line["value"]) in said
    assert kinds >= {
        "trunk", "ingress-peer", "fingerprint", "media", "sdp-origin", "contact", "via-first",
        "hours",
    }  # fmt: skip


def test_people_are_shown_the_same(played: House) -> None:
    case = case_of(played)
    text = run(played, "edge", "origin", "show", case["id"], "-f", filed(played))
    for line in case["dossier"]:
        assert line["value"] in text
        assert all(
            f"record {one['record']}, leaf {one['leaf']}" in text for one in line["evidence"]
        )
    picked = random.Random(1).choice(case["reasons"])
    assert picked["text"] in text


def test_after_a_restart_its_next_call_is_known_at_once(played: House) -> None:
    case = case_of(played)
    centre = next(one for one in fraud.centres(SEED) if one.kind == "rotation")
    day = fraud.centre_day(centre, "rotation", SEED)
    later = day_of([day], DAY + 1, SEED)[:20]
    (played.folder / "day.pcapng").write_bytes(capture(later, SEED + 1))
    played.core.start()
    assert played.core.process is not None
    assert played.core.process.wait(90) == 0, played.core.said()
    again = case_of(played)
    assert (again["id"], again["calls"]) == (case["id"], case["calls"] + len(later))
    assert again["noted"] == case["noted"] + len(later)
