# SPDX-License-Identifier: Apache-2.0
"""Whatever is flipped, deleted, reordered or cut in a bundle, the verifier names it first."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from edge.evidence.bundle import SUMS, export, sums
from edge.evidence.checkpoint import beside
from edge.evidence.merkle import leaf_hash
from edge.evidence.note import COSIGNS, Checkpoint, Note, read_note
from edge.evidence.section import frames_in, section_of
from edge.evidence.verify import Report, verify
from edge.model.unit import LinkType, Unit
from tests.evidence.box import APPLIANCE, HUB, ORIGIN, SEEN_S, Box, decided, key

Files = dict[str, bytes]

OURS, THEIRS = APPLIANCE.verifier(), HUB.verifier(COSIGNS)
UNBOUND = {"README.txt", "keys.txt", "certificate.pem"}
"What only SHA256SUMS speaks of, if the keys are given."


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    box = Box(tmp_path_factory.mktemp("verify"))
    (box.folder / "identity").mkdir()
    (box.folder / "identity" / "certificate.pem").write_bytes(b"PEM\n")
    journal = box.journal()
    journal.keep(decided(1))
    journal.keep(decided(2, Unit("mirror", LinkType.ETHERNET, 10**18, b"first fragment", 1)))
    journal.keep(decided(2))
    journal.close()
    assert box.sign() == 3
    return box


@pytest.fixture(scope="module")
def whole(box: Box) -> Files:
    return dict(export(box.log, "c2", print).files)


@pytest.fixture(scope="module")
def first(whole: Files) -> str:
    return min(name for name in whole if name.endswith("/record.json")).partition("/")[0]


def summed(files: Files) -> Files:
    """As somebody would have it who knows what SHA256SUMS is for."""
    return {**files, SUMS: sums(files)}


def given_keys(files: Files) -> Report:
    return verify(files, OURS, THEIRS)


def test_a_whole_bundle(whole: Files) -> None:
    report = given_keys(whole)
    assert (report.wrong, report.cosigned_s, report.is_proven) == ("", SEEN_S, True)
    assert (len(report.records), report.appliance_given, report.hub_given) == (2, True, True)
    assert report.checkpoint
    assert (report.checkpoint.origin, report.checkpoint.size) == (ORIGIN, 3)


def test_with_the_keys_of_the_bundle_it_says_so(whole: Files) -> None:
    report = verify(whole)
    assert report.is_proven
    assert (report.appliance, report.appliance_given) == (OURS, False)
    assert (report.hub, report.hub_given) == (THEIRS, False)


def test_every_flipped_octet_is_named_by_its_file(whole: Files) -> None:
    for name, octets in whole.items():
        for at in range(len(octets)):
            wrong = octets[:at] + bytes([octets[at] ^ (1 << at % 8)]) + octets[at + 1 :]
            report = given_keys({**whole, name: wrong})
            if name == SUMS:
                assert "SHA256SUMS" in report.wrong
            else:
                assert report.wrong == f"{name} is not what SHA256SUMS says"


def test_every_flipped_octet_is_found_by_who_does_not_trust_the_sums(whole: Files) -> None:
    for name in whole.keys() - UNBOUND - {SUMS}:
        octets = whole[name]
        for at in range(len(octets)):
            wrong = octets[:at] + bytes([octets[at] ^ (1 << at % 8)]) + octets[at + 1 :]
            report = given_keys(summed({**whole, name: wrong}))
            assert not report.is_proven, (name, at)
            if name != "checkpoint.txt":  # without the hub's line it is merely not countersigned
                folder = name.partition("/")[0]
                assert report.wrong.startswith((folder, "record ")), (name, at, report.wrong)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_passes_that_was_cut_or_filled(whole: Files, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(whole.keys() - UNBOUND)))
    start = data.draw(st.integers(0, len(whole[name])))
    end = data.draw(st.integers(start, len(whole[name])))
    changed = whole[name][:start] + data.draw(st.binary(max_size=8)) + whole[name][end:]
    files = {**whole, name: changed}
    report = given_keys(files if name == SUMS else summed(files))
    assert report.is_proven == (changed == whole[name])


def test_every_deleted_file_is_missed(whole: Files) -> None:
    for name in whole.keys() - UNBOUND:
        rest = {other: octets for other, octets in whole.items() if other != name}
        assert given_keys(rest).wrong, name
        if name != SUMS:
            report = given_keys(summed(rest))
            assert name in report.wrong or (name.endswith("/record.json") and report.wrong)


def test_without_any_record(whole: Files) -> None:
    rest = {name: octets for name, octets in whole.items() if "/" not in name}
    assert given_keys(summed(rest)).wrong == "the bundle has no record"
    assert given_keys({}).wrong == "SHA256SUMS is missing"


def test_records_that_changed_places(whole: Files, first: str) -> None:
    second = max(name for name in whole if "/" in name).partition("/")[0]
    for file in ("record.json", "frames.pcapng", "proof.txt", "reasons.txt"):
        one, other = f"{first}/{file}", f"{second}/{file}"
        swapped = summed({**whole, one: whole[other], other: whole[one]})
        assert given_keys(swapped).wrong.startswith(one)


def changed_record(whole: Files, first: str, change: Callable[[dict], None]) -> Files:
    record = json.loads(whole[f"{first}/record.json"])
    change(record)
    return summed({**whole, f"{first}/record.json": msgspec.json.encode(record)})


def test_a_record_that_was_written_anew(whole: Files, first: str) -> None:
    def other_number(record: dict) -> None:
        record["calling"] = "+447700900999"

    report = given_keys(changed_record(whole, first, other_number))
    assert report.wrong == (
        f"{first}/proof.txt does not lead from the record to the root of the checkpoint"
    )


def test_frames_are_named_by_their_number(whole: Files, first: str) -> None:
    path = f"{first}/frames.pcapng"
    section = whole[path]
    one, two = frames_in(section)
    for wrong, why in (
        (section.replace(one, one[:-30] + b"\xff" + one[-29:]), "frame 1 is not the one"),
        (section.replace(two, two[:-30] + b"\xff" + two[-29:]), "frame 2 is not the one"),
        (section.replace(one + two, two + one), "frame 1 is not the one"),
        (section.replace(two, b""), "frame 2 is not the one"),
        (section + two, "holds more than was kept"),
        (section + b"x", "holds more than was kept"),
        (section.replace(b"direction=unknown", b"direction=unknowm"), "what describes the frames"),
    ):
        assert wrong != section
        report = given_keys(summed({**whole, path: wrong}))
        assert report.wrong.startswith(f"{path}"), report.wrong
        assert why in report.wrong


def test_frames_with_a_record_to_match_are_not_in_the_tree(whole: Files, first: str) -> None:
    section = section_of((Unit("mirror", LinkType.ETHERNET, 1, b"another call", 1),), "")

    def other_frames(record: dict) -> None:
        record["capture"] |= {"octets": len(section), "sha256": sha256(section).hexdigest()}
        record["frames"] = [sha256(frame).hexdigest() for frame in frames_in(section)]

    files = changed_record(whole, first, other_frames)
    report = given_keys(summed({**files, f"{first}/frames.pcapng": section}))
    assert "does not lead from the record to the root" in report.wrong


def test_a_log_made_up_by_another_key(whole: Files, first: str) -> None:
    record = whole[f"{first}/record.json"]
    forger = key(ORIGIN + "x")
    forger.name = ORIGIN
    text = Checkpoint(ORIGIN, 3, leaf_hash(record)).text()
    files = {**whole, "checkpoint.txt": str(Note(text, (forger.sign(text),))).encode()}
    assert "does not lead" in given_keys(summed(files)).wrong
    text = read_note(whole["checkpoint.txt"]).text
    files = {**whole, "checkpoint.txt": str(Note(text, (forger.sign(text),))).encode()}
    report = given_keys(summed(files))
    assert report.wrong == "checkpoint.txt: not signed with the key of the appliance"
    files["keys.txt"] = f"appliance {forger.verifier()}\n".encode()
    assert not verify(summed(files)).wrong  # it agrees with itself; whose key that is, it says
    assert given_keys(summed(files)).wrong == report.wrong


def test_a_key_of_another_appliance(whole: Files) -> None:
    report = verify(whole, key("almaty-1/verdicts").verifier(), THEIRS)
    assert report.wrong == f"the key is of almaty-1/verdicts, the log of {ORIGIN}"


def test_not_countersigned(whole: Files) -> None:
    note = read_note(whole["checkpoint.txt"])
    files = {**whole, "checkpoint.txt": str(Note(note.text, note.signatures[:1])).encode()}
    report = given_keys(summed(files))
    assert (report.wrong, report.cosigned_s, report.is_proven) == ("", None, False)
    other = verify(whole, OURS, key("hub.other").verifier(COSIGNS))
    assert (other.wrong, other.is_proven) == ("", False)


def test_without_a_checkpoint(box: Box) -> None:
    kept = beside(box.log).read_bytes()
    beside(box.log).write_bytes(b"")
    files = export(box.log, "c2", print, without_proof=True).files
    beside(box.log).write_bytes(kept)
    report = given_keys(dict(files))
    assert (report.wrong, report.checkpoint, report.is_proven) == ("", None, False)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (b"", "the key of the appliance is neither given nor in the bundle"),
        (b"appliance nonsense\n", "keys.txt: a verifier key is"),
        (f"appliance {THEIRS}\n".encode(), "keys.txt: the key of hub.example is for another kind"),
        (f"hub {OURS}\n".encode(), f"keys.txt: the key of {ORIGIN} is for another kind"),
        (f"hub {THEIRS}\nhub {THEIRS}\n".encode(), "keys.txt is not a list of keys"),
        (b"\xff\n", "keys.txt is not a list of keys"),
    ],
)
def test_keys_that_cannot_be_used(whole: Files, keys: bytes, why: str) -> None:
    assert verify(summed({**whole, "keys.txt": keys})).wrong.startswith(why)


@pytest.mark.parametrize(
    "name", ["x", "../x", "A-1/record.json", "a-1/b/record.json", "a-1/other", "/record.json"]
)
def test_a_file_that_does_not_belong(whole: Files, name: str) -> None:
    assert given_keys(summed({**whole, name: b""})).wrong == f"{name} does not belong to a bundle"


FIELDS = ("call", "id", "leaf", "clock", "capture", "frames", "text")
ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.none())


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), ODD | st.dictionaries(st.text(max_size=3), ODD)))
def test_nothing_in_a_record_makes_it_raise(whole: Files, first: str, odd: dict) -> None:
    files = changed_record(whole, first, lambda record: record.update(odd))
    assert bool(given_keys(files).wrong) == (files != whole)


def test_the_folder_can_be_anywhere(tmp_path: Path, whole: Files) -> None:
    assert given_keys(dict(reversed(whole.items()))).is_proven
