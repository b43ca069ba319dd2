# SPDX-License-Identifier: Apache-2.0
"""The map is built as the file says. What its parts do together is in `tests/flows`."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import pytest

from edge import clock
from edge.config import parse
from edge.counting import Numbers
from edge.errors import ConfigError
from edge.orders import Ordered, actions
from edge.places import places_of
from edge.process.hint import Hints
from edge.report import topic
from edge.report.command.register import Register
from edge.report.message import CommandKind
from edge.uplink import Uplink, build, pace_of
from edge.uplink_parts import NAME, Start
from tests.trust.centre import Centre

HUB = '[node]\nname = "bench"\nstate_dir = "s"\n[hub]\nbrokers = ["127.0.0.1:1"]\ntls = {}\n'


def built(folder: Path, text: str, look: Callable[[Start, Uplink], None]) -> None:
    """Build the process of a configuration within a loop, and look at it."""
    path = folder / "edge.toml"
    path.write_text(text)
    config = parse(text, path)
    places = places_of(config)

    async def talk() -> None:
        with ExitStack() as stack:
            places.state.mkdir(exist_ok=True)
            register = Register(places.register, clock.now_ns() // 10**9)
            stack.callback(register.close)
            hints = Hints(places.run, NAME)
            stack.callback(hints.close)
            start = Start(path, config, places, register, hints, Numbers(), stack, lambda: None)
            look(start, build(start))

    asyncio.run(talk())


def test_a_box_that_follows_nothing_still_reports(tmp_path: Path) -> None:
    def look(_start: Start, uplink: Uplink) -> None:
        left_out = uplink.follow, uplink.answers, uplink.renewal, uplink.page, uplink.roam
        assert left_out == (None,) * 5
        assert uplink.spoken.handlers == {}
        assert uplink.kept.alarms.names() == ()
        assert uplink.signatures.sizes() == {"bench/verdicts": 0, "bench/acts": 0}

    built(tmp_path, HUB.format("false"), look)


def test_one_that_follows_lists_hears_all_that_is_said_to_it(tmp_path: Path) -> None:
    centre = Centre(tmp_path / "centre")
    root = centre.folder / "metadata" / "1.root.json"

    def look(start: Start, uplink: Uplink) -> None:
        heard = uplink.spoken.handlers.keys() | {topic.ACK, topic.HUB}
        down = {
            topic.ACK, topic.HUB, topic.COMMAND, topic.DESIRED, topic.BLOCK, topic.URGENT,
            topic.TUF, topic.RENEWED,
        }  # fmt: skip
        assert heard == down
        assert uplink.follow is not None
        able = actions(start, Ordered(uplink.follow, {}, uplink.trial))
        assert able.keys() == set(get_args(CommandKind))

    built(tmp_path, f'{HUB.format("true")}root = "{root}"\nlists = ["fraud"]\n', look)


def test_one_that_asks_about_roaming_hears_the_answers(tmp_path: Path) -> None:
    def look(start: Start, uplink: Uplink) -> None:
        assert uplink.roam is not None
        assert uplink.spoken.handlers == {topic.ROAM: uplink.roam.hear}
        assert (start.places.run / "uplink.letters.sock").is_socket()

    built(tmp_path, HUB.format("false") + "[roaming]\nask = true\n", look)


@pytest.mark.parametrize(("tls", "page", "asks"), [
    ("true", 'people = "10.0.0.5:8443"', True), ("false", 'people = "10.0.0.5:8443"', False),
    ("true", 'people = "127.0.0.1:8443"', False), ("true", 'listen = "10.0.0.5:9464"', False),
    ("true", 'people = "10.0.0.5:8443"\ncertificate = "a.pem"\nkey = "a.key"', False),
])  # fmt: skip
def test_a_page_that_people_see_over_tls_is_certified_by_the_hub(
    tmp_path: Path, tls: str, page: str, asks: bool
) -> None:
    def look(start: Start, uplink: Uplink) -> None:
        assert (uplink.page is not None, topic.PAGE in uplink.spoken.handlers) == (asks, asks)
        assert not (start.places.identity / "page.key").exists(), "it is made to be asked with"

    built(tmp_path, f"{HUB.format(tls)}[page]\n{page}\n", look)


@pytest.mark.parametrize("octets", [b"", b"{}", b"no root"])
def test_a_root_that_is_none_is_named(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "root.json").write_bytes(octets)
    with pytest.raises(ConfigError, match=r"root\.json: is no root of a repository"):
        built(tmp_path, f'{HUB.format("false")}root = "root.json"\n', lambda *_: None)


@pytest.mark.parametrize(
    ("kbit", "octets"), [(0, 1 << 19), (64, 65_536), (256, 128_000), (10_000, 1 << 19)]
)
def test_on_a_slow_line_no_batch_holds_up_an_alarm_for_long(kbit: int, octets: int) -> None:
    assert (pace_of(kbit).kbit, pace_of(kbit).batch_octets) == (kbit, octets)


def test_damage_that_is_found_at_the_start_is_an_alarm(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "uplink.db").write_bytes(b"no database" * 1000)

    def look(_start: Start, uplink: Uplink) -> None:
        assert uplink.kept.alarms.names() == ("register-damaged",)

    built(tmp_path, HUB.format("false"), look)
