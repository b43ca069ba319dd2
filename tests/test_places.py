# SPDX-License-Identifier: Apache-2.0
"""Every place lies below the state folder, unless the configuration names another."""

from pathlib import Path

from edge.config import parse
from edge.places import places_of


def test_all_below_the_state_folder(tmp_path: Path) -> None:
    places = places_of(parse('[node]\nname = "a"\nstate_dir = "s"\n', tmp_path / "edge.toml"))
    named = [
        places.identity, places.lists, places.evidence, places.acts, places.outbox("core"),
        places.acked, places.modes, places.pull, places.register, places.epoch, places.run,
        places.exports, places.stop, places.requests, places.campaigns,
    ]  # fmt: skip
    assert len(set(named)) == len(named)
    assert all(path.is_relative_to(tmp_path / "s") for path in named)
    assert places.outbox("core") != places.outbox("uplink")


def test_places_that_are_named(tmp_path: Path) -> None:
    text = '[node]\nname = "a"\n[hub]\nidentity = "id"\n[blocklist]\nfolder = "l"\n'
    places = places_of(parse(text, tmp_path / "edge.toml"))
    assert (places.identity, places.lists) == (tmp_path / "id", tmp_path / "l")
