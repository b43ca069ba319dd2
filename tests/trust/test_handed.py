# SPDX-License-Identifier: Apache-2.0
"""What a side signs on its own machine is taken as if it had signed here, and nothing else is."""

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, TargetFile

from edge.trust import handed
from edge.trust.handed import MOST_OCTETS, ROLE_S, Flaw, NotTaken
from tests.trust.centre import NOW, Box, Centre

SIDES = ("operator", "prosecutor")


@pytest.fixture
def centre(tmp_path):
    made = Centre(tmp_path / "centre")
    made.add("77172000001")
    made.sign(sides=())
    return made


def signed(centre, side="operator", key=None, number=1, manifest=None, now_s=NOW):
    octets = manifest or centre.desk().manifest.read_bytes()
    return handed.sign(("fraud", side, number), octets, key or centre.keys["fraud", side], now_s)


def take(centre, octets, side="operator", now_s=NOW):
    centre.repository.take("fraud", side, centre.desk().manifest, octets, now_s)


def flaw(centre, octets, **more):
    with pytest.raises(NotTaken) as caught:
        take(centre, octets, **more)
    assert str(caught.value)
    return caught.value.flaw


def resigned(centre, change):
    metadata = Metadata.from_bytes(signed(centre))
    change(metadata.signed)
    metadata.sign(centre.keys["fraud", "operator"])
    return metadata.to_bytes()


def test_two_that_sign_elsewhere_have_a_list_published_that_a_box_takes(centre, tmp_path):
    for side in SIDES:
        take(centre, signed(centre, side), side)
    desk = centre.desk()
    assert centre.repository.signed("fraud", desk.manifest) == list(SIDES)
    centre.repository.publish("fraud", desk.manifest, centre.online, NOW)
    desk.publish()
    assert Box(tmp_path / "box", centre).update().version == 1
    assert centre.repository.next_number("fraud", "operator") == 2


def test_what_is_signed_here_and_elsewhere_is_alike(centre):
    name = centre.desk().manifest
    centre.repository.sign("fraud", "operator", name, centre.keys["fraud", "operator"], NOW)
    assert (centre.repository.pending / "fraud-operator.json").read_bytes() == signed(centre)


@pytest.mark.parametrize("octets", [b"", b"{}", b"[" * 5000, b"\xff", b"x" * (MOST_OCTETS + 1)])
def test_what_cannot_be_read_is_named(centre, octets):
    assert flaw(centre, octets) is Flaw.UNREADABLE


def test_metadata_of_another_kind_is_none(centre):
    assert flaw(centre, Metadata(Root()).to_bytes()) is Flaw.UNREADABLE


def test_a_wrong_key_and_the_key_of_the_other_side(centre):
    assert flaw(centre, signed(centre, key=CryptoSigner.generate_ed25519())) is Flaw.WRONG_KEY
    assert flaw(centre, signed(centre, "prosecutor")) is Flaw.OTHER_SIDE
    spam = centre.keys["spam", "operator"]
    assert flaw(centre, signed(centre, key=spam)) is Flaw.WRONG_KEY


def test_what_was_changed_after_it_was_signed_is_signed_by_nobody(centre):
    octets = signed(centre).replace(b'"version":1}', b'"version":2}')
    assert flaw(centre, octets) is Flaw.WRONG_KEY


def test_another_manifest_and_an_old_one(centre):
    old = centre.desk().manifest.read_bytes()
    assert flaw(centre, signed(centre, manifest=old + b" ")) is Flaw.OTHER_MANIFEST
    centre.add("77172000002")
    centre.sign(sides=())
    assert flaw(centre, signed(centre, manifest=old)) is Flaw.OTHER_MANIFEST


def test_more_than_the_manifest_is_not_signed_along(centre):
    more = {"fraud/operator/x": TargetFile.from_data("fraud/operator/x", b"x", ["sha256"])}
    assert flaw(centre, resigned(centre, lambda one: one.targets.update(more))) is (
        Flaw.OTHER_MANIFEST
    )


@pytest.mark.parametrize("number", [2, 7])
def test_a_number_that_is_not_the_next(centre, number):
    assert flaw(centre, signed(centre, number=number)) is Flaw.OTHER_NUMBER


def test_a_number_that_was_used(centre):
    centre.publish()
    centre.add("77172000002")
    centre.sign(sides=())
    assert flaw(centre, signed(centre, number=1)) is Flaw.OTHER_NUMBER
    take(centre, signed(centre, number=2))


def test_what_has_expired_meanwhile(centre):
    assert flaw(centre, signed(centre), now_s=NOW + ROLE_S + 1) is Flaw.EXPIRED


def test_one_side_signs_once(centre):
    take(centre, signed(centre))
    assert flaw(centre, signed(centre)) is Flaw.TWICE
    assert centre.repository.signed("fraud", centre.desk().manifest) == ["operator"]
