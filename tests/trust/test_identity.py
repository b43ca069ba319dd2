# SPDX-License-Identifier: Apache-2.0
"""The files of an identity: whole or not there, for one user alone, asked for until they are."""

import os

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge.errors import ConfigError
from edge.report import pseudonym
from edge.report.message import Enrolled
from edge.trust.certificate import new_request, public_octets, read_chain, read_request
from edge.trust.enrol import Answer, EnrolRefused, Fault, fits
from edge.trust.identity import Identity, write_private
from tests.hil.hub.boxes import NOW, Box, Hub
from tests.trust.cut import everywhere

DAY = 86_400
YEAR = 365 * DAY
ENROLLED = {"authority.pem", "certificate.pem", "hub.key", "key.pem", "pseudonym.key"}


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.store.close()


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "identity")


def names(identity):
    return {path.name for path in identity.folder.iterdir()}


def answered(hub, box):
    """What the hub answers to a box whose code was typed in."""
    box.ask(hub)
    hub.enrolment.approve(box.node, box.code, NOW, again=True)
    (answer,) = box.ask(hub)
    return answer


def test_first_boot_makes_a_key_a_request_and_a_code(box):
    asking = box.identity.ask(NOW)
    assert names(box.identity) == {"key.pem", "request.json"}
    assert {path.stat().st_mode & 0o777 for path in box.identity.folder.iterdir()} == {0o600}
    assert box.identity.folder.stat().st_mode & 0o777 == 0o700
    assert fits(asking.keys, asking.request, asking.proof)
    assert not box.identity.is_enrolled
    assert (box.identity.folder / "key.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_the_code_stays_for_a_day_and_the_key_for_good(box):
    first = box.identity.ask(NOW)
    assert box.identity.ask(NOW + DAY - 1) == first
    assert Identity(box.identity.folder, "astana-1").ask(NOW) == first
    for other in (box.identity.ask(NOW + DAY), box.identity.ask(NOW - 1)):
        assert other.code != first.code
    keys = {public_octets(read_request(asking.request, "astana-1")) for asking in (first, other)}
    assert len(keys) == 1


AGREED = "7K3Q-M2ZD-0FHX-9WTB"


def test_a_code_that_was_agreed_on_is_good_once(box):
    first = box.identity.ask(NOW, AGREED.lower())
    assert first.code == AGREED
    assert box.identity.ask(NOW + 1, AGREED) == first
    assert box.identity.ask(NOW + DAY, AGREED).code != AGREED


def test_a_code_that_is_none_makes_nothing(box):
    with pytest.raises(EnrolRefused):
        box.identity.ask(NOW, "7K3Q")
    assert not box.identity.folder.exists()


def test_two_boxes_share_neither_key_nor_code(box, tmp_path):
    mine, other = box.identity.ask(NOW), Identity(tmp_path / "other", "astana-1").ask(NOW)
    assert mine.code != other.code
    assert (box.identity.folder / "key.pem").read_bytes() != (
        tmp_path / "other/key.pem"
    ).read_bytes()


def test_a_box_that_was_renamed_or_whose_request_was_damaged_asks_anew(box):
    first = box.identity.ask(NOW)
    renamed = Identity(box.identity.folder, "astana-2").ask(NOW)
    assert renamed.node == "astana-2"
    assert renamed.code != first.code
    for damaged in (b"", b"{}", b'{"node":1}', msgspec.json.encode(
        msgspec.structs.replace(renamed, code="7K3Q"))):  # fmt: skip
        (box.identity.folder / "request.json").write_bytes(damaged)
        assert Identity(box.identity.folder, "astana-2").ask(NOW).code != renamed.code


def test_an_enrolled_box_has_its_files_for_one_user(hub, box):
    box.enrol(hub)
    assert names(box.identity) == ENROLLED
    assert {path.stat().st_mode & 0o777 for path in box.identity.folder.iterdir()} == {0o600}
    standing = box.identity.standing()
    assert (standing.name, standing.begins_s, standing.ends_s) == (
        "astana-1",
        NOW - 3600,
        NOW + YEAR,
    )
    assert len(standing.fingerprint.split(":")) == 32


def test_a_secret_of_the_box_gives_way_to_that_of_the_deployment(hub, box):
    own = pseudonym.load(box.identity.folder).of("+447700900123", 0)
    box.enrol(hub)
    shared = pseudonym.load(box.identity.folder).of("+447700900123", 0)
    assert shared == pseudonym.Pseudonyms(bytes.fromhex(hub.shared["pseudonym"])).of(
        "+447700900123", 0
    )
    assert shared != own


def test_a_hub_that_shares_nothing_leaves_the_secret_of_the_box(hub, box):
    own = pseudonym.load(box.identity.folder).of("+447700900123", 0)
    hub.enrolment._shared = {}
    box.enrol(hub)
    assert pseudonym.load(box.identity.folder).of("+447700900123", 0) == own


@pytest.mark.parametrize(("name", "value"), [
    ("pseudonym", "ab"), ("pseudonym", "zz" * 32), ("pseudonym", "ab" * 31),
    ("cosigner", "hub"), ("cosigner", "hub+00000000+AAAA"),
    ("root", "{}"), ("root", "no JSON"), ("root", '{"signed": {"_type": "targets"}}'),
])  # fmt: skip
def test_a_secret_that_is_none_is_refused_and_nothing_is_kept(hub, box, name, value):
    hub.enrolment._shared = {**hub.shared, name: value}
    with pytest.raises(EnrolRefused, match=r"unreadable: the (secret|key|root)"):
        box.take(answered(hub, box))
    assert names(box.identity) == {"key.pem", "request.json"}


def test_a_clock_that_is_behind_is_named_and_the_answer_is_good_later(hub, box):
    box.identity.ask(NOW - 2 * DAY)
    answer = answered(hub, box)
    asking = box.identity.ask(NOW)
    said = Enrolled.model_validate_json(answer.payload)
    made = Answer(said.certificate, said.authority, said.sealed, said.proof)
    with pytest.raises(EnrolRefused, match=r"not-yet-valid: .* this clock says 2030-03-15"):
        box.identity.take(asking, made, NOW - 2 * DAY)
    assert names(box.identity) == {"key.pem", "request.json"}
    box.identity.take(asking, made, NOW)


def test_a_cut_at_any_instant_leaves_no_half_identity(hub, tmp_path):
    def first_boot(number):
        box = boxes[number] = Box(tmp_path / str(number))
        return box.identity.folder, lambda: box.identity.ask(NOW)

    boxes: dict[int, Box] = {}
    for number in everywhere(first_boot):
        boxes[number].enrol(hub, again=True)
        assert names(boxes[number].identity) == ENROLLED
    assert len(boxes) > 8


def test_a_cut_while_the_answer_is_kept_asks_again_with_the_same_code(hub, tmp_path):
    def keep(number):
        box = boxes[number] = Box(tmp_path / str(number))
        answer = answered(hub, box)
        codes[number] = box.code
        return box.identity.folder, lambda: box.take(answer)

    boxes: dict[int, Box] = {}
    codes: dict[int, str] = {}
    enrolled: set[bool] = set()
    for number in everywhere(keep):
        box = boxes[number]
        enrolled.add(box.identity.is_enrolled)
        if box.identity.is_enrolled:
            box.identity.standing()
            assert names(box.identity) >= ENROLLED
        else:
            assert box.code == codes[number]
            box.take(*box.ask(hub))
        assert names(box.identity) - ENROLLED <= {"request.json"}
    assert enrolled == {True, False}


def test_a_cut_while_another_hub_is_joined_mixes_no_two_identities(hub, tmp_path):
    (tmp_path / "second").mkdir()
    second = Hub(tmp_path / "second")

    def rejoin(number):
        box = boxes[number] = Box(tmp_path / str(number))
        box.enrol(hub, again=True)
        answer = answered(second, box)
        return box.identity.folder, lambda: box.take(answer)

    boxes: dict[int, Box] = {}
    for number in everywhere(rejoin):
        identity = boxes[number].identity
        if identity.is_enrolled:
            authority = (identity.folder / "authority.pem").read_text()
            secret = (identity.folder / "pseudonym.key").read_text()
            at = second if authority == second.authority.pem else hub
            (issuer,) = read_chain(authority)
            read_chain((identity.folder / "certificate.pem").read_text())[
                0
            ].verify_directly_issued_by(issuer)
            assert secret == at.shared["pseudonym"]
    second.store.close()


def test_a_cut_while_a_certificate_is_renewed_leaves_the_old_or_the_new(hub, tmp_path):
    later = NOW + 300 * DAY

    def renew(number):
        box = boxes[number] = Box(tmp_path / str(number))
        box.enrol(hub, again=True)
        request = read_request(box.identity.request(), "astana-1")
        issued = hub.authority.issue(request, later).public_bytes(Encoding.PEM).decode()
        return box.identity.folder, lambda: box.identity.renew(issued, later)

    boxes: dict[int, Box] = {}
    for number in everywhere(renew):
        assert boxes[number].identity.standing().ends_s in {NOW + YEAR, later + YEAR}
        assert not boxes[number].identity.due_for_renewal(NOW)


def test_renewal_is_due_at_two_thirds_of_the_life(hub, box):
    box.enrol(hub)
    standing = box.identity.standing()
    due = standing.begins_s + (standing.ends_s - standing.begins_s) * 2 // 3
    assert not box.identity.due_for_renewal(due - 1)
    assert box.identity.due_for_renewal(due + 1)


def issued(authority, key, node="astana-1", now_s=NOW):
    """A certificate for somebody else's key or name."""
    identity_key = key or ec.generate_private_key(ec.SECP256R1())
    request = read_request(new_request(identity_key, node), node)
    return authority.issue(request, now_s).public_bytes(Encoding.PEM).decode()


def test_a_renewal_that_is_not_ours_changes_nothing(hub, box, tmp_path):
    box.enrol(hub)
    before = (box.identity.folder / "certificate.pem").read_bytes()
    own = box.identity._key()
    (tmp_path / "second").mkdir()
    second = Hub(tmp_path / "second")
    second.store.close()
    later = NOW + DAY
    for certificate, expected in (
        (issued(hub.authority, None, now_s=later), Fault.WRONG_KEY),
        (issued(hub.authority, own, "astana-2", later), Fault.WRONG_NAME),
        (issued(second.authority, own, now_s=later), Fault.WRONG_AUTHORITY),
        (issued(hub.authority, own, now_s=later + 30 * DAY), Fault.NOT_YET_VALID),
        (before.decode(), Fault.EXPIRED),
        ("", Fault.UNREADABLE),
    ):
        with pytest.raises(EnrolRefused) as caught:
            box.identity.renew(certificate, later)
        assert caught.value.fault is expected
    assert (box.identity.folder / "certificate.pem").read_bytes() == before


def test_what_is_missing_or_damaged_is_named(hub, box):
    with pytest.raises(
        ConfigError, match=r"certificate\.pem: is not there; `qalqan enrol` gets it"
    ):
        box.identity.standing()
    box.enrol(hub)
    (box.identity.folder / "certificate.pem").write_text("torn")
    with pytest.raises(ConfigError, match=r"certificate\.pem: unreadable"):
        box.identity.standing()
    (box.identity.folder / "key.pem").write_text("torn")
    with pytest.raises(ConfigError, match=r"key\.pem: is no key; `qalqan enrol --again`"):
        box.identity.request()
    other = ec.generate_private_key(ec.SECP384R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (box.identity.folder / "key.pem").write_bytes(pem)
    with pytest.raises(ConfigError, match=r"key\.pem: is not on the curve P-256"):
        box.identity.request()


def test_a_box_that_drops_its_identity_asks_with_another_key(hub, box):
    box.enrol(hub)
    key = (box.identity.folder / "key.pem").read_bytes()
    box.identity.drop()
    assert names(box.identity) == {"authority.pem", "hub.key", "pseudonym.key"}
    box.identity.ask(NOW)
    assert (box.identity.folder / "key.pem").read_bytes() != key


@pytest.mark.root
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path):
    folder = tmp_path / "identity"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    write_private(folder / "key.pem", b"")
    assert (folder / "key.pem").stat().st_uid == 65534


def test_a_folder_that_takes_nothing_is_named(tmp_path):
    (tmp_path / "identity").write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"key\.pem"):
        Identity(tmp_path / "identity", "astana-1").ask(NOW)
