# SPDX-License-Identifier: Apache-2.0
"""The centre's side: nothing is published that both have not signed, and nothing is done twice."""

from functools import partial

import pytest
from securesystemslib.signer import CryptoSigner

from edge.errors import ConfigError
from edge.trust.repository import Repository
from edge.trust.roles import FIRMWARE
from tests.trust.centre import NOW, Box, Centre
from tests.trust.cut import everywhere


@pytest.fixture
def centre(tmp_path):
    made = Centre(tmp_path / "centre")
    made.add("77172000001")
    return made


def test_a_second_repository_does_not_replace_the_first(centre):
    with pytest.raises(ConfigError, match="already"):
        centre.repository.create(centre.root, centre.online, NOW)


def test_one_key_cannot_be_both_sides(centre):
    key = CryptoSigner.generate_ed25519().public_key
    with pytest.raises(ConfigError, match="a key each"):
        centre.repository.delegate(
            "fraud", {"operator": key, "prosecutor": key}, centre.root, centre.online, NOW
        )


def test_what_was_changed_after_a_signature_is_not_signed(centre):
    centre.sign()
    manifest = centre.desk().manifest
    assert centre.repository.signed("fraud", manifest) == ["operator", "prosecutor"]
    manifest.write_bytes(manifest.read_bytes() + b" ")
    assert centre.repository.signed("fraud", manifest) == []


def test_a_pending_signature_by_another_key_is_none(centre):
    centre.sign()
    forged = CryptoSigner.generate_ed25519()
    pending = centre.repository.pending / "fraud-operator.json"
    from tuf.api.metadata import Metadata  # noqa: PLC0415

    content = Metadata.from_file(str(pending))
    content.sign(forged)
    content.to_file(str(pending))
    assert centre.repository.signed("fraud", centre.desk().manifest) == ["prosecutor"]


def test_a_new_prosecutor_takes_the_place_of_the_old(tmp_path, centre):
    centre.publish()
    box = Box(tmp_path / "box", centre)
    box.update()
    centre.keys["fraud", "prosecutor"] = CryptoSigner.generate_ed25519()
    public = {side: centre.keys["fraud", side].public_key for side in ("operator", "prosecutor")}
    centre.repository.delegate("fraud", public, centre.root, centre.online, NOW)
    centre.add("77172000002")
    centre.publish()
    assert box.update().version == 2


def test_a_publication_that_was_cut_off_is_made_again(tmp_path):
    centres = []

    def publishing(number):
        centre = Centre(tmp_path / f"centre-{number}")
        centres.append(centre)
        centre.add("77172000001")
        centre.publish()
        centre.add("77172000002")
        centre.sign()
        return centre.folder, partial(publish, centre)

    followed = set()
    for number in everywhere(publishing):
        centre, desk = centres[-1], centres[-1].desk()
        box = Box(tmp_path / f"box-{number}", centre)
        box.update()
        followed.add((box.version, desk.published().version))
        if desk.published().version == 1:  # then it waits, for whoever looks at the list
            publish(centre)
        box.update()
        desk = centre.desk()
        assert {box.version, desk.published().version, desk.draft().version} == {2}
    assert followed == {(1, 1), (2, 1), (2, 2)}


def publish(centre):
    desk = centre.desk()
    centre.repository.publish("fraud", desk.manifest, centre.online, NOW)
    desk.publish()


def test_firmware_has_sides_of_its_own(centre):
    keys = {side: CryptoSigner.generate_ed25519() for side in ("release", "operations")}
    public = {side: key.public_key for side, key in keys.items()}
    centre.repository.delegate(FIRMWARE, public, centre.root, centre.online, NOW)
    assert centre.repository.subjects() == ["firmware", "fraud", "spam"]


def test_a_folder_without_a_repository_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no repository"):
        Repository(tmp_path).subjects()
