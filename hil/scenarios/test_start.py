# SPDX-License-Identifier: Apache-2.0
"""The box by itself: it starts, it comes back."""

from hil.bench.box import Box
from hil.bench.console import STARTS
from hil.bench.measure import BACK_AFTER, BOOT_TO_HEARING, MEMORY, Scenario
from hil.scenarios import look


def test_switched_off_and_on(box: Box, run: Scenario) -> None:
    """The box is shut down and switched on again: it hears without anybody's help."""
    box.off()
    box.start()
    box.until(STARTS, 60)
    box.until(look.HEARS, 240)
    run.measure(BOOT_TO_HEARING, box.seconds())
    run.measure(MEMORY, look.private_mb(box))


def test_first_program_hangs(box: Box, run: Scenario) -> None:
    """The first program stops: the watchdog of the machine restarts it, and it hears again."""
    box.hang()
    hung_s = box.seconds()
    box.until(STARTS, 300)
    box.until(look.HEARS, 240)
    run.measure(BACK_AFTER, box.seconds() - hung_s)
    run.note("Nobody touched it: the watchdog pulled the reset.")
