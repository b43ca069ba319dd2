# SPDX-License-Identifier: Apache-2.0
"""One appliance and its hub, all of them real processes around a real broker."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge import clock
from edge.evidence.note import read_key
from edge.places import Places
from edge.report.outbox.reader import OutboxReader
from hil.hub.commander import answer_to, give
from hil.hub.fleet import members
from tests.flows.house import NODE, NS, House, house, records_in, until

pytestmark = pytest.mark.peer("mosquitto")

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
TRUNKS = '[trunk.intl]\nclass = "international"\nmode = "enforce"\n'
CAPTURE = "spoofed_7172.pcap"


SILENT = '[tap.mirror]\ndriver = "memory"\n'
"A tap that never ends, and on which nothing is heard."


def taps(pace: float = 0) -> str:
    return f'[tap.mirror]\ndriver = "pcap"\nfiles = ["{VECTORS / CAPTURE}"]\npace = {pace}\n'


@pytest.fixture
def one(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


def begin(one: House, tap: str = "", *, lists: bool = False, dead_man_s: int = 10) -> None:
    """Start all but `core`, and wait until the hub knows the appliance."""
    if lists:
        table = Path(__file__).parents[2] / "hil" / "demo" / "list.csv"
        one.centre.publish(table, clock.now_ns() // NS)
    one.write_config(f"{tap or taps()}{TRUNKS}", lists=lists, dead_man_s=dead_man_s)
    for part in (one.broker, one.hub, one.uplink):
        part.start()
    until(lambda: state(one) == "ready", "the birth of the appliance")


def state(one: House) -> str:
    return next((member.state for member in members(one.store) if member.node == NODE), "")


def drained(one: House) -> bool:
    """Whether both outboxes have let go of everything."""
    places = Places(one.state, one.state, one.state)
    for process in ("core", "uplink"):
        reader = OutboxReader(places.outbox(process))
        waits = any(info.first for info in reader.streams())
        reader.close()
        if waits:
            return False
    return True


def records(one: House) -> list[dict[str, Any]]:
    return records_in(one.state / "evidence")


def order(one: House, kind: str, **args: object) -> dict[str, Any]:
    """Give a command, signed by both sides; return the appliance's answer."""
    now_s = clock.now_ns() // NS
    id_ = give(one.store, one.centre.order(NODE, kind, args, now_s), now_s)
    until(lambda: answer_to(one.store, id_) is not None, f"the answer to {kind}")
    answer = answer_to(one.store, id_)
    assert answer is not None
    return {"state": answer.state, "text": answer.text, **answer.data}


@pytest.mark.slow
def test_what_core_records_reaches_the_hub_once_and_is_let_go_of(one: House) -> None:
    begin(one)
    one.core.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0
    kept = {record["id"]: record for record in records(one)}
    assert kept
    until(lambda: len(one.kinds("verdict")) >= len(kept), "every verdict")
    assert {said["record"] for said in one.kinds("verdict")} == kept.keys()
    # Nobody runs who would let go of what `core` left: it does so itself when it starts again.
    one.write_config(f"{SILENT}{TRUNKS}")
    one.core.start()
    until(lambda: drained(one), "both outboxes empty")
    assert one.core.stop() == 0
    assert one.uplink.stop() == 0
    assert state(one) == "offline"
    assert len(one.kinds("verdict")) == len(kept)


@pytest.mark.long
def test_a_hub_that_was_away_gets_everything_alarms_first(one: House) -> None:
    one.write_config(f"{taps()}{TRUNKS}")
    one.core.start()
    one.uplink.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0
    kept = {record["id"] for record in records(one)}
    one.broker.start()
    one.hub.start()
    until(lambda: {said["record"] for said in one.kinds("verdict")} == kept, "every verdict")


@pytest.mark.long
def test_killed_uplink_goes_on_where_it_was(one: House) -> None:
    begin(one)
    one.uplink.kill()
    one.core.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0
    one.uplink.start()
    kept = {record["id"] for record in records(one)}
    until(lambda: {said["record"] for said in one.kinds("verdict")} == kept, "every verdict")


@pytest.mark.slow
def test_list_urgent_record_and_commands(one: House) -> None:
    begin(one, lists=True)
    until(lambda: any("fraud: 0 -> 1" in act["text"] for act in one.kinds("act")), "the list")
    one.centre.block("+447700900555", "ORDER-1", clock.now_ns() // NS)
    until(lambda: any("urgent 1" in act["text"] for act in one.kinds("act")), "the urgent record")

    assert order(one, "mode", trunk="intl", mode="observe")["state"] == "done"
    assert json.loads((one.state / "modes.json").read_text())["modes"] == {"intl": "observe"}
    refused = order(one, "mode", trunk="nowhere", mode="observe")
    assert (refused["state"], refused["why"]) == ("refused", "unknown-trunk")

    one.core.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0
    record = records(one)[0]
    assert record["mode"] == "observe"  # the command outranks the file
    explained = order(one, "explain", call=record["call"])
    assert record["id"] in [found["id"] for found in explained["records"]]
    acts = {act["act"] for act in one.kinds("act")}
    assert {"list", "mode", "explain"} <= acts
    logged = [json.loads(line) for path in (one.state / "acts").rglob("acts.jsonl")
              for line in path.read_text().splitlines()]  # fmt: skip
    assert {act["act"] for act in logged} == acts


@pytest.mark.long
def test_a_restart_that_was_ordered_is_answered_and_done(one: House) -> None:
    begin(one, lists=True)
    until(lambda: bool(one.kinds("act")), "the list")
    assert order(one, "restart", process="uplink")["state"] == "done"
    assert one.uplink.process is not None
    assert one.uplink.process.wait(60) == 75  # whoever started it starts it anew
    one.uplink.start()
    until(lambda: state(one) == "ready", "the appliance is back")


@pytest.mark.long
def test_a_configuration_with_which_the_hub_is_not_reached_is_taken_back(one: House) -> None:
    begin(one, lists=True)
    until(lambda: bool(one.kinds("act")), "the list")
    good = one.config.read_text()
    wrong = good.replace(f"127.0.0.1:{one.port}", "127.0.0.1:1")
    now_s = clock.now_ns() // NS
    args = {"toml": wrong, "version": 1}
    id_ = give(one.store, one.centre.order(NODE, "config", args, now_s), now_s)
    for _ in range(2):  # it ends to begin with the new one, then to begin with the old one
        assert one.uplink.process is not None
        assert one.uplink.process.wait(90) == 75
        one.uplink.start()
    assert one.config.read_text() == good
    until(lambda: answer_to(one.store, id_) is not None, "what became of it")
    answer = answer_to(one.store, id_)
    assert answer is not None
    assert answer.state == "failed"
    assert "taken back" in answer.text


@pytest.mark.long
def test_a_configuration_with_which_the_hub_is_reached_stays(one: House) -> None:
    begin(one, SILENT, lists=True, dead_man_s=80)
    one.core.start()
    until(lambda: bool(one.kinds("act")), "the list")
    new = one.config.read_text() + "[calls]\nmax = 500\n"
    now_s = clock.now_ns() // NS
    args = {"toml": new, "version": 1}
    id_ = give(one.store, one.centre.order(NODE, "config", args, now_s), now_s)
    for part in (one.uplink, one.core):
        assert part.process is not None
        assert part.process.wait(90) == 75
    one.uplink.start()
    assert answer_to(one.store, id_) is None  # with which no call is heard, it has not won
    one.core.start()

    def answered() -> bool:
        if one.core.process and one.core.process.poll() == 75:  # the trial may ask it once more
            one.core.start()
        return answer_to(one.store, id_) is not None

    until(answered, "what became of it")
    answer = answer_to(one.store, id_)
    assert answer is not None
    assert (answer.state, one.config.read_text()) == ("done", new)


@pytest.mark.long
def test_what_was_recorded_is_countersigned_when_the_appliance_ends(one: House) -> None:
    begin(one)
    one.core.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0
    kept = len(records(one))
    until(lambda: len(one.kinds("verdict")) == kept, "every verdict")
    assert one.uplink.stop() == 0
    checkpoints = one.state / "checkpoints" / "evidence.jsonl"
    notes = [json.loads(line)["note"] for line in checkpoints.read_text().splitlines()]
    assert notes[-1].split("\n")[1] == str(kept)
    assert read_key(one.vkey).name in notes[-1]
    said = [event["note"] for event in one.kinds("checkpoint")]
    assert any(note in notes[-1] or note.split("\n")[:3] == notes[-1].split("\n")[:3]
               for note in said)  # fmt: skip


@pytest.mark.long
def test_a_damaged_outbox_is_told_and_reporting_goes_on(one: House) -> None:
    begin(one)
    one.core.start()
    assert one.core.process is not None
    one.core.process.wait(60)
    until(lambda: bool(one.kinds("verdict")), "verdicts")
    outbox = one.state / "outbox" / "core.db"
    for log in outbox.parent.glob("core.db-*"):  # out of which it would be mended
        log.unlink()
    outbox.write_bytes(b"no database" * 1000)
    before = len(one.kinds("verdict"))
    one.core.start()
    assert one.core.process.wait(60) in {0, 3}
    until(lambda: len(one.kinds("verdict")) >= 2 * before, "verdicts of the new stream")
    until(lambda: "outbox-damaged" in {a["name"] for a in one.kinds("alarm")}, "the alarm")
