# SPDX-License-Identifier: Apache-2.0
"""Calls on an E1 that are stopped through an exchange's command port, and heard to be.

Whatever the exchange says at its port, the outcome is what the probe heard on the line.
"""

from pathlib import Path

import pytest

from hil.e1.calls import FAR, ORIGIN
from tests.flows.e1_house import HELP, HONEST, LISTED, PHONE, house
from tests.flows.e1_ladder import heard_in, picture
from tests.flows.e1_signalling import OPC, OTHER_DPC, Q931, Isup, Signalling
from tests.flows.e1_switch import RELEASED, SAID, Life
from tests.flows.ladder import in_readme, shape

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]

ROOT = Path(__file__).parents[2]
PICTURES = {"isup": "ladder-e1.txt", "q931": "ladder-e1-q931.txt"}
REJECTED, CLEARING = 21, 16
FOREVER_S = 20
LIVES = {
    "stopped": (Life(rings_s=FOREVER_S), 0),
    "stopped-after-ring": (Life(answered_s=FOREVER_S), 0.4),
    "stopped-after-answer": (Life(talks_s=FOREVER_S), 0.6),
}
"By outcome: how the call lives, and how slow the exchange is, seconds."
UNRUNG = LIVES["stopped"][0]
FIRST = 6
ELSEWHERE = (7, OPC, OTHER_DPC)
"A circuit of another exchange, on whose trunk calls are only observed."


@pytest.fixture(params=[Isup, Q931], ids=lambda one: one.name)
def signalling(request: pytest.FixtureRequest) -> Signalling:
    return request.param()


async def test_a_listed_caller_is_released_whenever_the_exchange_comes_to_it(
    signalling: Signalling, tmp_path: Path
) -> None:
    async with house(signalling, tmp_path) as at:
        for count, (result, (life, delay_s)) in enumerate(LIVES.items(), 1):
            at.exchange.delay_s = delay_s
            circuit = signalling.circuit(FIRST + count)
            at.call(LISTED, circuit, life)
            *_, stop = await at.settled(count)
            assert (stop["outcome"], stop["heard"]) == (result, f"{signalling.ends} {REJECTED}")
            assert at.exchange.released[-1] == (*circuit, REJECTED)
            assert at.exchange.said[circuit] == [*SAID[:count], RELEASED]
            assert delay_s * 1000 < stop["after_ms"] < 2000
    assert len(at.exchange.released) == len(LIVES)


async def test_the_same_from_the_bits_of_the_line(signalling: Signalling, tmp_path: Path) -> None:
    async with house(signalling, tmp_path, raw=True) as at:
        at.call(LISTED, signalling.circuit(FIRST), UNRUNG)
        (stop,) = await at.settled()
    assert (stop["outcome"], stop["heard"]) == ("stopped", f"{signalling.ends} {REJECTED}")


async def test_an_exchange_that_lies_one_that_refuses_and_one_that_is_away(
    signalling: Signalling, tmp_path: Path
) -> None:
    circuits = [signalling.circuit(number) for number in range(FIRST, FIRST + 3)]
    async with house(signalling, tmp_path) as at:
        at.exchange.lies = True
        at.call(LISTED, circuits[0])
        (leaked,) = await at.settled()
        at.exchange.fault = "FAULT 40 NO AUTHORITY"
        at.call(LISTED, circuits[1])
        _, refused = await at.settled(2)
        at.exchange.unplug()
        at.call(LISTED, circuits[2])
        *_, away = await at.settled(3)
        await at.idle()
        await at.warned("call-leaked")
        await at.warned("call-failed")
    stops = (leaked, refused, away)
    assert [stop["outcome"] for stop in stops] == ["leaked", "failed", "failed"]
    assert {stop["heard"] for stop in stops} == {f"{signalling.ends} {CLEARING}"}
    assert leaked["told"].startswith("EXECUTED to RELCALL")
    assert "NOT ACCEPTED to RELCALL" in refused["told"]
    assert at.exchange.port in away["told"]
    assert all(at.exchange.said[circuit] == [*SAID] for circuit in circuits)


async def test_nobody_else_is_released(signalling: Signalling, tmp_path: Path) -> None:
    """Listed callers among others at the same time, on the circuits next to theirs."""
    below, listed, between, also, helped = map(signalling.circuit, range(FIRST, FIRST + 5))
    goes_on = {below: (HONEST, PHONE), between: (HONEST, PHONE), helped: (LISTED, HELP)}
    if signalling.name == Isup.name:
        goes_on[ELSEWHERE] = (LISTED, PHONE)
    async with house(signalling, tmp_path, again_s=1) as at:
        for circuit, (calling, called) in goes_on.items():
            at.call(calling, circuit, called=called)
        for circuit in (listed, also):
            at.call(LISTED, circuit, UNRUNG)
        stops = await at.settled(2)
        await at.idle()
        heard = await at.ended()
    assert [stop["outcome"] for stop in stops] == ["stopped", "stopped"]
    assert {stop["call"] for stop in stops} == {signalling.call(one) for one in (listed, also)}
    assert at.exchange.released == [(*one, REJECTED) for one in (listed, also)]
    assert len(at.exchange.port_log) == 2 * len(stops), "nothing else was said to it"
    assert all(at.exchange.said[circuit] == [*SAID] for circuit in goes_on)
    assert heard["offered"] == len(goes_on) + len(stops)


async def test_a_call_that_comes_again_at_another_exchange_is_rerouted(tmp_path: Path) -> None:
    signalling = Isup()
    async with house(signalling, tmp_path, again_s=1) as at:
        at.call(LISTED, signalling.circuit(FIRST), UNRUNG)
        await at.idle()
        at.call(LISTED, ELSEWHERE)
        (stop,) = await at.settled()
        await at.warned("call-rerouted")
    assert (stop["outcome"], stop["again"]) == (
        "rerouted", f"{signalling.call(ELSEWHERE)} on abroad2",
    )  # fmt: skip


@pytest.mark.peer("tshark")
async def test_anybody_can_open_the_proof(signalling: Signalling, tmp_path: Path) -> None:
    async with house(signalling, tmp_path) as at:
        at.call(LISTED, signalling.circuit(FIRST), UNRUNG)
        (stop,) = await at.settled()
        await at.idle()
    (verdict,) = (record for record in at.records() if record["id"] == stop["of"])
    (offered,) = heard_in(at.proof(verdict))
    (released,) = heard_in(at.proof(stop))
    assert (offered.type, offered.side) == (signalling.begins, ORIGIN)
    assert (released.type, released.side) == (signalling.ends, FAR)
    assert offered.circuit == released.circuit
    assert (released.cause, released.location) == (REJECTED, signalling.location)
    assert released.at - offered.at == pytest.approx(stop["after_ms"] / 1000, abs=1e-4)
    shown = picture(at)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / PICTURES[signalling.name]).write_text(shown)
    steps = (
        signalling.begins, "RELCALL", f"{signalling.ends} {REJECTED}", signalling.cleared,
    )  # fmt: skip
    places = [shown.index(step) for step in steps]
    assert places == sorted(places), shown
    if signalling.name == "isup":
        assert shape(shown) == shape(in_readme("An exchange is told"))
