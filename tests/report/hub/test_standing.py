# SPDX-License-Identifier: Apache-2.0
"""Birth, question and heartbeat say how the appliance stands when they are said."""

from edge.report.event import Class
from edge.report.hub.standing import Facts, Standing
from edge.report.outbox.stored import Stored, StreamInfo
from tests.report.test_alarms import NOW

AUDIT, CALLS = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))


class Shelf:
    """An outbox with two streams."""

    def __init__(self, *infos: StreamInfo) -> None:
        self.infos = list(infos)

    def streams(self) -> list[StreamInfo]:
        return self.infos

    def read(self, stream: str, after: int, most_octets: int, most_rows: int) -> list[Stored]:
        raise AssertionError("nobody reads events to say how many there are")


class Lists:
    def versions(self) -> dict[str, int]:
        return {"fraud": 7}

    def urgent_through(self) -> dict[str, int]:
        return {"fraud": 3}

    def alarms(self) -> tuple[str, ...]:
        return ("rollback",)


def standing(alarms: tuple[str, ...] = (), through: dict[str, int] | None = None) -> Standing:
    shelf = Shelf(StreamInfo(AUDIT, Class.AUDIT, 0, 0), StreamInfo(CALLS, Class.CALL, 11, 30))
    facts = Facts(lambda: NOW, lambda: alarms, lambda: 1_900_000_000, "ab" * 32, "1.4.2")
    return Standing([shelf], through if through is not None else {}, facts)


def test_a_birth_names_streams_lists_and_what_is_wrong() -> None:
    one = standing()
    birth = one.birth(5)
    assert (birth.state, birth.epoch, birth.software, birth.alarms) == ("ready", 5, "1.4.2", ())
    assert [(s.stream, s.cls, s.last) for s in birth.streams] == [
        (AUDIT, "audit", 0), (CALLS, "call", 30),
    ]  # fmt: skip
    assert (birth.lists, birth.config, birth.certificate_ends) == ({}, "ab" * 32, 1_900_000_000)
    one.follow = Lists()
    assert (one.birth(5).state, one.birth(5).lists) == ("alert", {"fraud": 7})
    assert standing(("disk-full",)).birth(5).alarms == ("disk-full",)


def test_a_question_names_every_stream_and_the_last_urgent_record() -> None:
    one = standing()
    assert (one.ask(6).streams, one.ask(6).urgent) == ((AUDIT, CALLS), {})
    one.follow = Lists()
    assert (one.ask(6).epoch, one.ask(6).urgent) == (6, {"fraud": 3})


def test_a_heartbeat_counts_what_the_hub_does_not_have() -> None:
    through: dict[str, int] = {}
    one = standing(through=through)
    assert one.live(7).queued == {"call": 20}
    through[CALLS] = 28  # acknowledged, and not let go of yet
    assert one.live(7).queued == {"call": 2}
    through[CALLS] = 30
    assert one.live(7).queued == {}
