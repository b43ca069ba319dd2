# SPDX-License-Identifier: Apache-2.0
"""Every attack that TUF names, and those that two roles invite: named, and nothing is changed."""

import shutil
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Metadata, TargetFile, Targets
from typing_extensions import override

from edge.blocklist.manifest import Guards
from edge.errors import ConfigError, DriverLost
from edge.model.verdict import Action
from edge.trust.alarm import Alarm, Refused
from edge.trust.fetch import LocalFetcher
from tests.blocklist.images import entry
from tests.trust.centre import DAY, HOSPITAL, NOW, Box, Centre


@pytest.fixture
def world(tmp_path):
    """A centre whose version 1 an appliance follows; version 2 is drafted."""
    centre = Centre(tmp_path / "centre")
    centre.add("77172000001")
    centre.publish()
    box = Box(tmp_path / "box", centre)
    assert box.update().version == 1
    centre.add("77172000002")
    return SimpleNamespace(centre=centre, box=box, path=tmp_path)


def refused(world, now_s=NOW + 1, box=None):
    """Return the alarm of an update, which must have changed nothing."""
    box = box or world.box
    before = box.everything()
    with pytest.raises(Refused) as caught:
        box.update(now_s)
    assert box.everything() == before
    assert caught.value.alarm.value in str(caught.value)
    return caught.value.alarm


def metadata(world, name):
    """Return path and content of the newest metadata of a role."""
    repository = world.centre.repository
    path = repository.metadata / f"{repository._version(name)}.{name}.json"
    return path, Metadata.from_file(str(path))


def resign(path, content, signer):
    content.sign(signer)
    content.to_file(str(path))


def test_what_both_sign_is_taken(world):
    world.centre.publish()
    applied = world.box.update()
    assert (applied.version, applied.before, applied.by_delta) == (2, 1, True)
    assert world.box.update() is None
    assert world.box.store.state().highest == 2


def test_rollback_of_the_repository(world):
    old = world.path / "old"
    shutil.copytree(world.centre.folder, old)
    world.centre.publish()
    world.box.update()
    shutil.rmtree(world.centre.folder)
    old.rename(world.centre.folder)
    assert refused(world) is Alarm.ROLLBACK


def test_rollback_of_the_list_in_new_metadata(world):
    [first] = [path.read_bytes() for path in world.centre.folder.glob("targets/fraud/operator/*")]
    world.centre.publish()
    world.box.update()
    world.centre.force(first)
    assert refused(world) is Alarm.ROLLBACK


def test_freeze(world):
    assert refused(world, now_s=NOW + 8 * DAY) is Alarm.FREEZE


def test_freeze_with_a_clock_set_back(world):
    world.centre.publish(now_s=NOW + 60 * DAY)
    world.box.update(NOW + 60 * DAY)
    path = world.centre.repository.metadata / "timestamp.json"
    content = Metadata.from_file(str(path))
    content.signed.version += 1
    content.signed.expires = datetime.fromtimestamp(NOW + 30 * DAY, UTC)
    resign(path, content, world.centre.online)
    assert world.box.updates.trusted_s(NOW) == NOW + 60 * DAY
    assert refused(world, now_s=NOW) is Alarm.FREEZE


def test_a_manifest_that_has_expired(world):
    world.centre.publish(days=1)
    assert refused(world, now_s=NOW + 2 * DAY) is Alarm.FREEZE


def test_mix_and_match_of_a_newer_timestamp_and_an_older_snapshot(world):
    old, _ = metadata(world, "snapshot")
    world.centre.publish()
    newest, _ = metadata(world, "snapshot")
    newest.write_bytes(old.read_bytes())
    assert refused(world) is Alarm.MIX_AND_MATCH


def test_mix_and_match_of_a_side_and_an_older_snapshot(world):
    old, _ = metadata(world, "fraud-operator")
    world.centre.publish()
    newest, _ = metadata(world, "fraud-operator")
    newest.write_bytes(old.read_bytes())
    assert refused(world) is Alarm.MIX_AND_MATCH


def test_fast_forward_of_the_list(world):
    world.centre.forge(version=1 << 62)
    assert refused(world) is Alarm.FAST_FORWARD


def test_fast_forward_of_time(world):
    world.centre.publish(now_s=NOW + 1000 * DAY)
    assert refused(world) is Alarm.FAST_FORWARD


class Endless(LocalFetcher):
    """Goes on for ever behind every file whose name contains a word."""

    def __init__(self, folder, word):
        super().__init__(folder)
        self._word = word
        self.given = 0

    @override
    def fetch(self, path):
        yield from super().fetch(path)
        while self._word in path:
            self.given += 65536
            yield bytes(65536)


@pytest.mark.parametrize("word", ["timestamp", "snapshot", "operator", "manifest", "blobs"])
def test_endless_data(world, word):
    world.centre.publish()
    fetcher = Endless(world.centre.folder, word)
    box = Box(world.path / "box", world.centre, fetcher=fetcher)
    assert refused(world, box=box) is Alarm.ENDLESS_DATA
    assert fetcher.given < 10_000_000


def test_a_timestamp_by_a_wrong_key(world):
    world.centre.publish()
    path = world.centre.repository.metadata / "timestamp.json"
    resign(path, Metadata.from_file(str(path)), CryptoSigner.generate_ed25519())
    assert refused(world) is Alarm.WRONG_KEY


@pytest.mark.parametrize("role", ["fraud-operator", "fraud-prosecutor", "targets"])
def test_a_wrong_key(world, role):
    world.centre.publish()
    path, content = metadata(world, role)
    content.signed.version += 1
    path = path.with_name(f"{content.signed.version}.{role}.json")
    resign(path, content, CryptoSigner.generate_ed25519())
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.WRONG_KEY


def test_two_operators_and_no_prosecutor(world):
    world.centre.publish()
    path, content = metadata(world, "fraud-prosecutor")
    resign(path, content, world.centre.keys["fraud", "operator"])
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.WRONG_KEY


def test_a_key_on_both_sides(world):
    path, content = metadata(world, "targets")
    roles = content.signed.delegations.roles
    roles["fraud-prosecutor"].keyids = list(roles["fraud-operator"].keyids)
    content.signed.version += 1
    resign(path.with_name(f"{content.signed.version}.targets.json"), content, world.centre.root)
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.ONE_ROLE_ONLY


def test_one_role_only(tmp_path):
    centre = Centre(tmp_path / "centre")
    centre.add("77172000001")
    centre.sign(sides=("operator",))
    with pytest.raises(ConfigError, match="not signed by prosecutor"):
        centre.repository.publish("fraud", centre.desk().manifest, centre.online, NOW)
    pending = centre.repository.pending / "fraud-operator.json"
    pending.rename(centre.repository.metadata / "1.fraud-operator.json")
    centre.repository._bind(centre.online, NOW)
    box = Box(tmp_path / "box", centre)
    with pytest.raises(Refused) as caught:
        box.update()
    assert caught.value.alarm is Alarm.ONE_ROLE_ONLY
    assert box.version == 0


def test_the_sides_name_different_manifests(world):
    world.centre.publish()
    world.centre.add("77172000003")
    world.centre.sign(sides=("operator",))
    pending = world.centre.repository.pending / "fraud-operator.json"
    pending.rename(world.centre.repository.metadata / "3.fraud-operator.json")
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.ROLES_DISAGREE


def test_a_side_that_names_nothing(world):
    world.centre.publish()
    path, content = metadata(world, "fraud-prosecutor")
    content.signed.targets = {}
    content.signed.version += 1
    key = world.centre.keys["fraud", "prosecutor"]
    resign(path.with_name("3.fraud-prosecutor.json"), content, key)
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.ONE_ROLE_ONLY


def test_another_lists_role_has_no_say(world):
    """The sides of `spam` sign what they like under paths of `fraud`: nobody asks them."""
    spam = world.centre.desk("spam")
    spam.prepare(NOW, 30, Guards())
    for side in ("operator", "prosecutor"):
        key = world.centre.keys["spam", side]
        with pytest.raises(ConfigError, match="does not sign"):
            world.centre.repository.sign("fraud", side, spam.manifest, key, NOW)
        world.centre.repository.sign("spam", side, spam.manifest, key, NOW)
        path = world.centre.repository.pending / f"spam-{side}.json"
        content: Metadata[Targets] = Metadata.from_file(str(path))
        target = f"fraud/{side}/manifest.json"
        content.signed.targets[target] = TargetFile.from_file(target, str(spam.manifest))
        resign(path, content, key)
    world.centre.repository.publish("spam", spam.manifest, world.centre.online, NOW)
    before = world.box.everything()
    assert world.box.update() is None
    assert world.box.everything() == before


def test_a_manifest_of_another_list_signed_for_this(world):
    world.centre.forge(list="spam")
    assert refused(world) is Alarm.WRONG_LIST


def test_a_manifest_for_another_appliance(world):
    world.centre.forge(scope=("semey-1",))
    assert refused(world) is Alarm.WRONG_LIST


def test_the_holder_of_the_delegations_cannot_name_a_list(world):
    path, content = metadata(world, "targets")
    target = "fraud/operator/manifest.json"
    content.signed.targets[target] = TargetFile.from_data(target, b"{}")
    content.signed.version += 1
    resign(path.with_name(f"{content.signed.version}.targets.json"), content, world.centre.root)
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.BAD_METADATA


def test_a_third_role_before_the_sides_has_no_say(world):
    path, content = metadata(world, "targets")
    roles = content.signed.delegations.roles
    third = DelegatedRole(
        "third", list(roles["spam-operator"].keyids), 1, True, paths=["fraud/*/*"]
    )
    content.signed.delegations.roles = {"third": third, **roles}
    content.signed.version += 1
    resign(path.with_name(f"{content.signed.version}.targets.json"), content, world.centre.root)
    world.centre.repository._bind(world.centre.online, NOW)
    assert refused(world) is Alarm.BAD_METADATA


def test_data_that_is_not_what_was_signed(world):
    manifest = world.centre.publish()
    path = world.centre.repository.blobs / manifest.deltas[0].sha256
    path.write_bytes(bytes(path.stat().st_size))
    assert refused(world) is Alarm.WRONG_HASH


def test_a_list_that_is_not_what_was_signed(world):
    """Both sides signed a digest that the data does not lead to."""
    world.centre.forge(digest="0" * 64)
    assert refused(world) is Alarm.WRONG_HASH


def test_a_manifest_that_is_none(world):
    world.centre.force(b'{"list": "fraud"}')
    assert refused(world) is Alarm.BAD_LIST


def test_another_root(world):
    other = Centre(world.path / "other")
    box = Box(world.path / "stranger", world.centre, root=other.repository.root())
    assert refused(world, box=box) is Alarm.WRONG_KEY


@pytest.mark.parametrize(
    ("listed", "guards", "alarm"),
    [
        pytest.param(HOSPITAL, Guards(), Alarm.CANARY, id="configured canary"),
        pytest.param(HOSPITAL[:-3] + "*", Guards(), Alarm.CANARY, id="canary under a prefix"),
        pytest.param("112", Guards(), Alarm.CANARY, id="emergency"),
        pytest.param(
            "77172000003", Guards(canaries=("77172000003",)), Alarm.CANARY, id="manifest's"
        ),
        pytest.param("77*", Guards(), Alarm.WIDE_PREFIX, id="wide prefix"),
        pytest.param("77000000000..77999999999", Guards(), Alarm.WIDE_PREFIX, id="wide range"),
        pytest.param("7717*", Guards(least_prefix=5), Alarm.WIDE_PREFIX, id="manifest is stricter"),
        pytest.param("77172000003", Guards(most_additions=1), Alarm.MANY_ADDITIONS, id="many"),
    ],
)
def test_guards(world, listed, guards, alarm):
    world.centre.add(listed)
    world.centre.publish(guards=guards)
    assert refused(world) is alarm


def test_guards_hold_for_a_snapshot_as_for_a_delta(world):
    world.centre.add("77172000003")
    world.centre.forge(deltas=(), guards=Guards(most_additions=1))
    assert refused(world) is Alarm.MANY_ADDITIONS


def test_what_is_allowed_may_be_a_canary(world):
    world.centre.desk().edit(added=[entry(HOSPITAL, action=Action.ALLOW)])
    world.centre.publish()
    assert world.box.update().version == 2


def test_a_repository_out_of_reach_is_no_alarm(world):
    shutil.rmtree(world.centre.folder)
    with pytest.raises(DriverLost):
        world.box.update()
    assert world.box.version == 1


def test_before_the_first_update_nobody_is_trusted(world):
    box = Box(world.path / "new", world.centre)
    with pytest.raises(Refused) as caught:
        box.client.signers("fraud")
    assert caught.value.alarm is Alarm.WRONG_KEY
