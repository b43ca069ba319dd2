# SPDX-License-Identifier: Apache-2.0
"""The report as files: what programs read, and what lies beside the page."""

import json

from hil.bench.report import write
from tests.hil.bench.runs import HOSTILE, run_of


def test_programs_find_all_that_was_found(tmp_path):
    write(run_of(tmp_path), tmp_path)
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["v"], found["passed"], found["place"]["is_emulated"]) == (1, False, True)
    assert found["place"]["facts"] == {"box": "QEMU", "image": HOSTILE}
    sip, gone, update = found["scenarios"]
    assert [one["outcome"] for one in (sip, gone, update)] == ["passed", "failed", "skipped"]
    assert (sip["says"], sip["seconds"]) == ("A listed number calls: no telephone rings.", 12.3)
    assert [(one["name"], one["value"], one["verdict"]) for one in sip["figures"]] == [
        ("INVITE to stopped", 41.7, "kept"), ("power to hearing", 95.2, "shown"),
        ("memory", 62.4, "kept"),
    ]  # fmt: skip
    assert sip["figures"][0]["limit"] == 200
    assert sip["figures"][2]["promise"] == "Numbers to reach (section 12)"
    assert sip["ladders"][0]["text"].count("\n") == 3
    assert gone["figures"][0]["verdict"] == "broken"


def test_what_is_attached_lies_beside_the_page(tmp_path):
    page = write(run_of(tmp_path), tmp_path / "report")
    found = json.loads((page.parent / "report.json").read_text())
    files = found["scenarios"][0]["files"]
    assert [(one["name"], one["octets"]) for one in files] == [
        ("files/scam_call_on_sip-wire.pcapng", 5000), ("files/scam_call_on_sip-console.log", 9),
    ], "and what was never written is left out"  # fmt: skip
    assert all((page.parent / one["name"]).stat().st_size == one["octets"] for one in files)


def test_two_scenarios_may_attach_files_of_one_name(tmp_path):
    run = run_of(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "wire.pcapng").write_bytes(b"another")
    run.scenarios[0].attach(other / "wire.pcapng")
    write(run, tmp_path / "report")
    texts = {path.read_bytes() for path in (tmp_path / "report" / "files").glob("*.pcapng")}
    assert texts == {bytes(5000), b"another"}
