# SPDX-License-Identifier: Apache-2.0
"""A run of the rig as the tests of its report need one."""

from pathlib import Path

from hil.bench.measure import (
    BOOT_TO_HEARING,
    INVITE_TO_STOPPED,
    MEMORY,
    RECORDS_LOST,
    UPDATE,
    Place,
    Run,
)

HOSTILE = '<script>alert("1 & 2")</script>'
LADDER = "         abroad      switch\n    0 ms │─ INVITE ─►│\n   12 ms │◄── 603 ───│\n"


def run_of(folder: Path, *, is_emulated: bool = True) -> Run:
    """Return one with all that a report can hold, and a name that is no HTML."""
    facts = (("box", "QEMU"), ("image", HOSTILE))
    run = Run(Place("virtual", is_emulated=is_emulated, facts=facts))
    wire, log = folder / "wire.pcapng", folder / "console.log"
    wire.write_bytes(bytes(5000))
    log.write_text("it hears\n")
    sip = run.scenario("scam_call_on_sip", "A listed number calls:\n    no telephone rings.")
    sip.measure(INVITE_TO_STOPPED, 41.7)
    sip.measure(BOOT_TO_HEARING, 95.2)
    sip.measure(MEMORY, 62.4)
    sip.ladder("A listed number calls", LADDER)
    sip.attach(wire, "what passed the switch")
    sip.attach(log)
    sip.attach(folder / "never-written.log")
    sip.end("passed", 12.34)
    gone = run.scenario("hub_gone", HOSTILE)
    gone.measure(RECORDS_LOST, 3)
    gone.note(HOSTILE)
    gone.end("failed", 300, f"records lost: 3 {HOSTILE}")
    run.scenario("update", "A new version is installed.").measure(UPDATE, 12345.6)
    run.scenarios[-1].end("skipped", 0, "no bundle")
    return run
