# SPDX-License-Identifier: Apache-2.0
"""A box on the bench: the built image in QEMU beside the hub of the rig, with a mirror port."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.trust.enrol import write_code
from edge.update.bootenv import TRIES, Slot, decode, encode
from hil.demo.region import HERE as DEMO
from hil.rig.hub import RigHub, Told, now_s
from hil.rig.mirror import Call, Mirror
from image.loader import bootctl
from image.run import SMALL_CARD, Drive, prepare, put, take
from tests.image.machine import Machine

NODE = "rig-1"
LIST = DEMO / "list.csv"
LISTED = Call("+447700900101", "+77172000001")
"A caller of that list."
EDGE = """\
[node]
name = "{node}"
[box]
mirrors = ["enp0s3"]
[tap.mirror]
driver = "afpacket"
interface = "enp0s3"
blocks = 4
[trunk.intl]
class = "international"
peers = ["198.51.100.0/24"]
mode = "enforce"
[health]
settle_s = {settle_s}
deadline_s = {deadline_s}
"""
SETTLE_S, DEADLINE_S = 15, 90
"Of probation. A box in service has more; what is proven is that it ends, and how."


class Bench:
    """A box and what is around it."""

    def __init__(self, hub: RigHub, disk: Path) -> None:
        """Stand before a disk; nothing is switched on."""
        self.hub = hub
        self.disk = disk
        self.mirror = Mirror()

    def flash(self, image: Path) -> str:
        """Write the image and what a person puts on its ESP; return the agreed code."""
        prepare(image, self.disk, SMALL_CARD)
        code = write_code(secrets.token_bytes(10))
        toml = EDGE.format(node=NODE, settle_s=SETTLE_S, deadline_s=DEADLINE_S)
        put(self.disk, "esp", "qalqan/edge.toml", (toml + self.hub.settings()).encode())
        put(self.disk, "esp", "qalqan/enrol.code", code.encode())
        return code

    def spoil(self, arguments: str, tries: int = TRIES) -> None:
        """Give the version in slot B a fault, by words for its kernel, and as many tries."""
        words = bootctl("new-slot", str(now_s()), arguments)
        put(self.disk, "boot_b", "slot.env", words)
        if tries < TRIES:
            for copy in ("qalqan/env.0", "qalqan/env.1"):
                known = decode(take(self.disk, "esp", copy))
                assert known, f"{copy} is not whole"
                put(self.disk, "esp", copy, encode(known.put("B", Slot("new", tries))))

    @contextmanager
    def running(self, log: Path | None = None, *, starts_anew: bool = True) -> Iterator[Machine]:
        """Switch it on; off when the block ends."""
        if log is not None:
            log.touch()
        nets = ("user", self.mirror.nic)
        machine = Machine(Drive(self.disk, log), nets, starts_anew=starts_anew)
        try:
            yield machine
        finally:
            machine.cut()

    def until(self, machine: Machine, there: Callable[[], object], what: str, s: float) -> None:
        """Wait for something at the hub."""
        end_s = machine.seconds() + s
        while not there():
            said = machine.console.said[-2000:]
            assert machine.seconds() < end_s, f"never: {what}\n{said}"
            assert machine.is_on(), f"it is off: {what}\n{said}"
            time.sleep(0.3)  # noqa: TID251 - another machine works meanwhile

    def blocks(self, machine: Machine, s: float = 120) -> Told:
        """Have a listed caller call again and again, until the hub is told that it was blocked."""
        before = len(self.hub.told("verdict"))

        def told() -> bool:
            self.mirror.play(LISTED)
            return len(self.hub.told("verdict")) > before

        self.until(machine, told, "a listed caller is blocked", s)
        found = self.hub.told("verdict")[before]
        assert (found.body["action"], found.body["rule"]) == ("block", "list.calling"), found
        return found

    def state(self, name: str) -> str:
        """Return how the box stands in a rollout."""
        return self.hub.rollout(name).boxes[0].state

    def close(self) -> None:
        """Give ports back."""
        self.mirror.close()
