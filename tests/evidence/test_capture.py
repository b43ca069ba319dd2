# SPDX-License-Identifier: Apache-2.0
"""A capture that ends well is gone on with; whatever else there is stays as it was found."""

from pathlib import Path

import pytest

from edge.evidence.audit import audit
from edge.evidence.capture import FRAMES
from edge.evidence.journal import NOT_KEPT, VERDICTS
from edge.model.unit import LinkType, Unit
from tests.evidence.box import Box, decided, frames, room


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_capture_torn_by_a_power_cut_is_left_alone(box: Box) -> None:
    box.keep(1)
    torn = box.file(FRAMES)
    torn.write_bytes(torn.read_bytes() + b"\x0a\x0d\x0d\x0a\x40")
    box.keep(2)
    (unit,) = frames(box.file("frames-2.pcapng"))
    assert unit.at == 10**18 + 2
    assert list(audit(box.log)) == []


def has_read() -> int:
    """Return the octets that this process has read from files so far, by the kernel."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_a_capture_is_not_read_to_go_on_with_it(box: Box) -> None:
    """It holds a day, of gigabytes, and calls wait meanwhile."""
    long = [Unit("mirror", LinkType.ETHERNET, 10**18, bytes(60_000))] * 16
    journal = box.journal()
    journal.keep(decided(1, *long))
    journal.keep(decided(2))
    journal.close()
    before = has_read()
    journal = box.journal()
    journal.keep(decided(3))
    with room(box.file(VERDICTS).stat().st_size + 100):
        assert journal.keep(decided(4)).leaf == NOT_KEPT
    journal.keep(decided(5))
    journal.close()
    assert has_read() - before < 100_000 < box.file(FRAMES).stat().st_size
    assert sorted(path.name for path in box.file(FRAMES).parent.iterdir()) == [FRAMES, VERDICTS]
    assert list(audit(box.log)) == []


def test_frames_that_no_record_names_stay_where_they_are(box: Box) -> None:
    """A kill came between them and their record."""
    box.keep(1)
    whole = box.file(FRAMES).read_bytes()
    box.file(FRAMES).write_bytes(whole * 2)
    box.keep(2)
    box.keep(3)
    assert box.file(FRAMES).read_bytes() == whole * 2
    assert [unit.at for unit in frames(box.file("frames-2.pcapng"))] == [10**18 + 2, 10**18 + 3]
    box.file("frames-3.pcapng").touch()  # there was no room for more than its name
    box.keep(4)
    assert [unit.at for unit in frames(box.file("frames-3.pcapng"))] == [10**18 + 4]
    assert list(audit(box.log)) == []


@pytest.mark.parametrize("taken", [1, 10_000])
def test_a_capture_whose_end_a_power_cut_took_is_left_alone(box: Box, taken: int) -> None:
    box.keep(1)
    left = box.file(FRAMES).read_bytes()[:-taken]
    box.file(FRAMES).write_bytes(left)
    box.keep(2)
    assert box.file(FRAMES).read_bytes() == left
    assert len(frames(box.file("frames-2.pcapng"))) == 1


def test_a_capture_is_left_alone_whose_record_cannot_be_read(box: Box) -> None:
    box.keep(1)
    path = box.file(VERDICTS)
    path.write_bytes(path.read_bytes().replace(b'"octets"', b'"octetz"'))
    box.keep(2)
    assert len(frames(box.file("frames-2.pcapng"))) == 1
