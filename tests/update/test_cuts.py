# SPDX-License-Identifier: Apache-2.0
"""No power cut within an update leaves a box that does not come back; and the check can fail."""

from pathlib import Path

import pytest

from tests.update import cuts, guest

pytestmark = [pytest.mark.peer("mmdebstrap"), pytest.mark.root, pytest.mark.long]


def test_every_cut_point_of_an_update_is_recovered(tmp_path: Path) -> None:
    found = cuts.campaign(tmp_path, "ours", seed=8)
    assert not found.faults, cuts.table(found)
    assert found.recovered == found.total > 1000
    for step in range(len(guest.STEPS)):
        assert found.cuts[step, "in order"], guest.STEPS[step]
    assert found.slots[4, "B"]
    assert not found.slots[1, "B"]
    assert found.one_copy.total(), "no cut came while a copy was being written"


@pytest.mark.parametrize(
    ("hand", "fault"),
    [
        pytest.param("single", "no whole copy", id="one file, emptied and written: grub-editenv"),
        pytest.param("truncates", "was acknowledged", id="acknowledged before it is on the medium"),
        pytest.param("hasty", "was acknowledged", id="in place, but without waiting"),
    ],
)
def test_the_check_finds_what_it_is_for(tmp_path: Path, hand: str, fault: str) -> None:
    found = cuts.campaign(tmp_path, hand, seed=8)
    assert any(fault in said for said in found.faults), cuts.table(found)
