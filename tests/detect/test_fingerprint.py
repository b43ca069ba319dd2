# SPDX-License-Identifier: Apache-2.0
"""One device, one string; another device, another; real stacks among them."""

import random
import re
from pathlib import Path

import pytest

from edge.detect.fingerprint import MOST_TEXT, NOTHING, Fingerprints
from hil.e1.calls import Call, Number, iam
from hil.eval.stacks import (
    MEDIA,
    OLD_PBX,
    PBX,
    PHONE,
    ROUTER,
    SBC_A,
    SBC_B,
    SCRIPT,
    SWITCH,
    Drawn,
    behind,
    invite,
)
from tests.call.circuit_talk import SETUP, q931_message
from tests.detect.box import VECTORS, isup, message, octets, recorded

README = Path(__file__).parents[2] / "edge" / "detect" / "README.md"
RECORDED = sorted((VECTORS / "detect").glob("*.pcap"))
STACKS = (PBX, SWITCH, ROUTER, OLD_PBX, PHONE, SCRIPT)


@pytest.mark.parametrize("stack", [*STACKS, behind(SBC_A, MEDIA[0])], ids=lambda one: one.name)
def test_a_thousand_numbers_of_one_device_are_one_fingerprint(stack) -> None:
    rng, prints = random.Random(11), Fingerprints()
    found = set()
    for number in range(1000):
        drawn = Drawn(f"447700900{number:03}", f"771729{rng.randrange(100_000):05}", "203.0.113.7",
                      "203.0.113.7")  # fmt: skip
        found.add(prints.of(message(invite(stack, drawn, rng))).text)
    assert len(found) == 1


def test_different_devices_differ() -> None:
    rng, prints = random.Random(5), Fingerprints()
    drawn = Drawn("447700900123", "77172000001", "203.0.113.7", "203.0.113.7")
    keys = {prints.of(message(invite(stack, drawn, rng))).key for stack in STACKS}
    assert len(keys) == len(STACKS)


def test_what_a_border_controller_lets_through_is_the_media_part() -> None:
    rng, prints = random.Random(5), Fingerprints()
    drawn = Drawn("447700900123", "77172000001", "203.0.113.7", "203.0.113.7")
    one, other = (
        prints.of(message(invite(behind(controller, PBX.media), drawn, rng)))
        for controller in (SBC_A, SBC_B)
    )
    direct = prints.of(message(invite(PBX, drawn, rng)))
    assert one.media == other.media == direct.media
    assert len({one.key, other.key, direct.key}) == 3
    assert one.is_rewritten
    assert not direct.is_rewritten


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_real_stack_is_stable_over_numbers(path: Path) -> None:
    prints = Fingerprints()
    found = recorded(path)
    assert len({(one.calling, one.called, one.call_id) for one in found}) >= 3
    assert len({prints.of(one).text for one in found}) == 1


def test_real_stacks_differ() -> None:
    prints = Fingerprints()
    keys = {prints.of(recorded(path)[0]).key for path in RECORDED}
    assert len(keys) == len(RECORDED) >= 7


def test_before_and_behind_a_proxy_it_is_the_same_device() -> None:
    found = recorded(VECTORS / "sip" / "plain_calls.pcap")
    prints = Fingerprints()
    by_call: dict[bytes, dict[int, str]] = {}
    for one in found:
        fingerprint = prints.of(one)
        by_call.setdefault(one.call_id, {})[fingerprint.depth] = fingerprint.key
    both = [keys for keys in by_call.values() if len(keys) > 1]
    assert both
    assert all(len(set(keys.values())) == 1 for keys in both)


def test_circuits_have_theirs() -> None:
    prints = Fingerprints()
    numbers = (Number(f"4477009001{n:02}") for n in range(50))
    messages = [isup(iam(Call(number, Number("77172000001")))) for number in numbers]
    assert {prints.of(one).text for one in messages} == {
        "i1||06070902040a|n00,f6001,c0a,m00,d0410e,g0413"
    }
    assert prints.of(q931_message(SETUP)).text == "q1||6c70a1|g1183,d91"


def test_the_way_is_no_part_of_the_key() -> None:
    near, far = (iam(Call(Number("447700900123"), Number("77172000001")))[:-1] + hops + b"\0"
                 for hops in (b"\x3d\x01\x1e", b"\x3d\x01\x0c"))  # fmt: skip
    one, other = (Fingerprints().of(isup(octets)) for octets in (near, far))
    assert one.key == other.key
    assert (one.text, other.text) == (one.text, one.text.replace("|h30|", "|h12|"))


def test_it_is_bounded_and_of_nothing_there_is_none() -> None:
    long = "".join(f"X-{'a' * 20}{n}: 1\n" for n in range(200))
    fingerprint = Fingerprints().of(message(octets(extra=long)))
    assert len(fingerprint.text) <= MOST_TEXT + 10
    assert Fingerprints().of(None) is NOTHING  # type: ignore[arg-type]


def test_the_example_of_the_document_is_computed_so() -> None:
    text = README.read_text(encoding="utf-8")
    example = re.search(r"```sip\n(.*?)```\n\n```text\n(.*?)\n```", text, re.DOTALL)
    assert example
    raw = example[1].replace("\n", "\r\n").encode()
    assert Fingerprints().of(message(raw)).text == example[2]
