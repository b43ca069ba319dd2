# SPDX-License-Identifier: Apache-2.0
"""Every attack on what is signed has the same name over MQTT, and changes as little."""

from types import SimpleNamespace

import pytest
from typing_extensions import override

from edge.report.lists.pull import BLOCK
from edge.trust.alarm import Alarm
from hil.hub.library import Library
from tests.report.beside import beside
from tests.trust import test_client as attacks
from tests.trust.centre import Box, Centre

ATTACKS = [
    attacks.test_what_both_sign_is_taken,
    attacks.test_rollback_of_the_repository,
    attacks.test_rollback_of_the_list_in_new_metadata,
    attacks.test_freeze,
    attacks.test_mix_and_match_of_a_newer_timestamp_and_an_older_snapshot,
    attacks.test_mix_and_match_of_a_side_and_an_older_snapshot,
    attacks.test_fast_forward_of_the_list,
    attacks.test_a_timestamp_by_a_wrong_key,
    attacks.test_two_operators_and_no_prosecutor,
    attacks.test_the_sides_name_different_manifests,
    attacks.test_a_manifest_that_is_none,
    attacks.test_data_that_is_not_what_was_signed,
]


@pytest.fixture
def world(tmp_path):
    """A centre, and a box that follows it over a wire; as in the test of the client."""
    centre = Centre(tmp_path / "centre")
    centre.add("77172000001")
    centre.publish()
    with beside(centre.folder, tmp_path / "kept") as wire:
        box = Box(tmp_path / "box", centre, fetcher=wire.fetcher)
        assert box.update().version == 1
        wire.fetcher.finish(0)
        centre.add("77172000002")
        yield SimpleNamespace(centre=centre, box=box, path=tmp_path, wire=wire)
        wire.fetcher.finish(0)
    assert list((tmp_path / "kept").iterdir()) == [], "what is refused is not kept"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_has_its_name_over_this_wire_too(world, attack):
    attack(world)


@pytest.mark.parametrize("role", ["fraud-operator", "targets"])
def test_a_wrong_key(world, role):
    attacks.test_a_wrong_key(world, role)


class Endless(Library):
    """Says of every file whose path has a word in it that it goes on, and sends more of it."""

    word = ""

    @override
    def _find(self, path):
        place = super()._find(path)
        if self.word in path:
            longer = place.with_name("longer")
            longer.write_bytes(place.read_bytes() + bytes(40 * BLOCK))
            return longer
        return place


@pytest.mark.parametrize("word", ["timestamp", "snapshot", "operator", "manifest", "blobs"])
def test_endless_data(world, word):
    world.centre.publish()
    world.wire.library = Endless(world.centre.folder)
    world.wire.library.word = word
    assert attacks.refused(world) is Alarm.ENDLESS_DATA
    assert world.wire.library.counts["blocks"] < 40
