# SPDX-License-Identifier: Apache-2.0
"""The hub's end of enrolment: who is given a certificate, and everybody who is not."""

import threading

import pytest
from securesystemslib.signer import CryptoSigner

from edge.evidence.note import read_key
from edge.report import topic
from edge.report.enrol.renewal import Renew, Renewed
from edge.report.message import Enrolled
from edge.trust.enrol import CODE_VALID_S, EnrolRefused, Fault, write_code
from edge.trust.identity import root_of
from edge.trust.repository import Repository
from hil.hub import cosign, roll
from hil.hub.enrolment import (
    MOST_IN_ONE_NAME,
    MOST_KEPT,
    MOST_TRIES,
    REQUESTS,
    RESERVED,
    Enrolment,
    parts_of,
    shared_by_all,
)
from tests.hil.hub.boxes import NOW, NS, Box, Hub

WRONG = write_code(bytes(10))
YEAR = 365 * 86_400


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.store.close()


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "identity")


def fault(function, *args, **kwargs):
    with pytest.raises(EnrolRefused) as caught:
        function(*args, **kwargs)
    return caught.value.fault


def test_a_box_whose_code_is_typed_in_is_enrolled(hub, box):
    assert box.ask(hub) == ()
    (pending,) = hub.enrolment.pending(NOW)
    assert (pending.node, pending.first_s, pending.is_answered) == ("astana-1", NOW, False)
    certificate = hub.enrolment.approve("astana-1", box.code.lower().replace("-", " "), NOW)
    (answer,) = box.ask(hub)
    box.take(answer)
    standing = box.identity.standing()
    assert (standing.name, standing.issuer, standing.ends_s) == (
        "astana-1",
        "Qalqan hub",
        NOW + YEAR,
    )
    assert (box.identity.folder / "certificate.pem").read_text() == certificate
    assert (box.identity.folder / "pseudonym.key").read_text() == hub.shared["pseudonym"]
    assert (box.identity.folder / "hub.key").read_text().strip() == hub.shared["cosigner"]


def test_the_answer_is_said_at_once_and_again_whenever_it_is_asked_for(hub, box):
    box.ask(hub)
    hub.enrolment.approve("astana-1", box.code, NOW)
    (said,) = hub.said()
    assert [said] == list(box.ask(hub)) == list(box.ask(hub, NOW + 3600))
    assert hub.enrolment.approve("astana-1", box.code, NOW) == hub.enrolment.approve(
        "astana-1", box.code, NOW + 1
    )
    assert hub.said() == []
    box.take(said)


def test_several_workers_give_one_certificate(hub, box):
    workers = [Enrolment(hub.store, hub.authority, hub.shared) for _ in range(3)]
    box.ask(hub)
    given = []

    def approve(worker):
        given.append(worker.approve("astana-1", box.code, NOW))

    threads = [threading.Thread(target=approve, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == 3
    assert len(set(given)) == 1
    with hub.store.reading() as connection:
        assert len(roll.valid(connection, "astana-1", NOW)) == 1


def test_a_wrong_code_is_said_and_counted_and_the_fifth_is_the_last(hub, box):
    box.ask(hub)
    for left in range(MOST_TRIES - 1, -1, -1):
        with pytest.raises(
            EnrolRefused, match=f"wrong-code: astana-1 shows another code; {left} tr"
        ):
            hub.enrolment.approve("astana-1", WRONG, NOW)
    assert hub.enrolment.pending(NOW)[0].tries == MOST_TRIES
    assert fault(hub.enrolment.approve, "astana-1", box.code, NOW) is Fault.TOO_MANY_TRIES
    assert box.ask(hub) == ()
    box.identity.drop()
    box.ask(hub)
    hub.enrolment.approve("astana-1", box.code, NOW)


def test_what_is_no_code_costs_no_try(hub, box):
    box.ask(hub)
    assert fault(hub.enrolment.approve, "astana-1", "7K3Q", NOW) is Fault.BAD_CODE
    assert hub.enrolment.pending(NOW)[0].tries == 0


def test_nobody_is_enrolled_who_did_not_ask(hub, box):
    assert fault(hub.enrolment.approve, "astana-1", box.code, NOW) is Fault.NOBODY_ASKS
    box.ask(hub)
    assert fault(hub.enrolment.approve, "astana-2", box.code, NOW) is Fault.NOBODY_ASKS


def test_a_request_is_forgotten_after_a_day(hub, box):
    box.ask(hub)
    assert hub.enrolment.pending(NOW + CODE_VALID_S) == []
    late = NOW + CODE_VALID_S
    assert fault(hub.enrolment.approve, "astana-1", box.code, late) is Fault.NOBODY_ASKS


def test_whoever_swaps_the_request_gets_nothing(hub, box, tmp_path):
    thief = Box(tmp_path / "thief")
    box.ask(hub, request=thief.identity.ask(NOW).request)
    assert fault(hub.enrolment.approve, "astana-1", box.code, NOW) is Fault.WRONG_CODE
    # Both stand side by side, and the code tells them apart.
    box.ask(hub)
    assert len(hub.enrolment.pending(NOW)) == 2
    hub.enrolment.approve("astana-1", box.code, NOW)
    (answer,) = box.ask(hub)
    box.take(answer)


def test_a_request_that_is_replayed_brings_a_certificate_that_only_its_box_can_use(
    hub, box, tmp_path
):
    caught = box.request()
    box.enrol(hub)
    (again,) = hub.enrolment.take("astana-1", "request", caught, NOW * NS)
    thief = Box(tmp_path / "thief")
    assert fault(thief.take, again) is Fault.WRONG_PROOF
    assert hub.shared["pseudonym"].encode() not in again.payload


def test_an_answer_of_another_deployment_is_refused(hub, box, tmp_path):
    (tmp_path / "false").mkdir()
    false_hub = Hub(tmp_path / "false")
    box.ask(false_hub)
    false_hub.enrolment.approve("astana-1", box.code, NOW)
    (forged,) = box.ask(false_hub)
    false_hub.store.close()
    box.ask(hub)
    hub.enrolment.approve("astana-1", box.code, NOW)
    (answer,) = box.ask(hub)
    theirs = Enrolled.model_validate_json(forged.payload)
    for changed in ({"certificate": theirs.certificate}, {"authority": theirs.authority},
                    {"sealed": theirs.sealed}, {"proof": theirs.proof}):  # fmt: skip
        assert fault(box.take, answer, **changed) is Fault.WRONG_PROOF
        assert not box.identity.is_enrolled
    box.take(answer)


@pytest.mark.parametrize("payload", [
    b"", b"{}", b"\xff", b"[" * 20_000, b'{"node":"astana-1","request":"","proof":""}',
])  # fmt: skip
def test_what_is_no_request_is_counted(hub, payload):
    assert hub.enrolment.take("astana-1", "request", payload, NOW * NS) == ()
    assert hub.enrolment.refused == {"unreadable": 1}
    assert hub.enrolment.pending(NOW) == []


def test_a_request_on_anothers_topic_or_in_the_name_of_all_is_counted(hub, box, tmp_path):
    assert hub.enrolment.take("astana-2", "request", box.request(), NOW * NS) == ()
    assert hub.enrolment.take("astana-1", "answer", box.request(), NOW * NS) == ()
    for name in (topic.ALL, f"{RESERVED}herald"):
        assert Box(tmp_path / name, name).ask(hub) == ()
    assert hub.enrolment.refused == {"wrong-name": 4}
    box.ask(hub, request="-----BEGIN")
    assert hub.enrolment.refused["bad-request"] == 1


def test_a_flood_in_one_name_or_in_all_is_bounded_and_the_box_gets_through(hub, box, tmp_path):
    request = box.identity.ask(NOW).request
    for number in range(3 * MOST_IN_ONE_NAME):
        box.ask(hub, NOW + number, proof=f"{number:064x}")
    assert len(hub.enrolment.pending(NOW)) == MOST_IN_ONE_NAME
    rows = [{"node": f"n{number}", "digest": "", "request": request, "proof": "",
             "first": NOW, "heard": NOW} for number in range(2 * MOST_KEPT)]  # fmt: skip
    with hub.store.writing() as connection:
        connection.execute(REQUESTS.insert(), rows)
    box.ask(hub, NOW + 60)
    with hub.store.reading() as connection:
        assert len(connection.execute(REQUESTS.select()).all()) == MOST_KEPT
    hub.enrolment.approve("astana-1", box.code, NOW + 60)
    (answer,) = box.ask(hub, NOW + 60)
    box.take(answer, NOW + 60)


def test_a_name_is_given_to_another_box_only_when_somebody_says_so(hub, box, tmp_path):
    box.enrol(hub)
    spare = Box(tmp_path / "spare")
    spare.ask(hub)
    assert fault(hub.enrolment.approve, "astana-1", spare.code, NOW) is Fault.NAME_TAKEN
    spare.enrol(hub, again=True)
    (revoked,) = roll.revoked(hub.store, NOW)
    assert f"{revoked.serial:x}" == box.identity.standing().serial
    assert roll.revoke(hub.store, "astana-1", NOW) == 1
    assert len(roll.revoked(hub.store, NOW)) == 2
    assert roll.revoked(hub.store, NOW + YEAR) == ()


def renew(hub, box, now_s, node="astana-1"):
    said = Renew(request=box.identity.request()).model_dump_json().encode()
    return hub.renewals.take(node, topic.RENEW, said, now_s * NS)


def test_a_certificate_is_renewed_and_a_lost_answer_is_given_again(hub, box):
    box.enrol(hub)
    later = NOW + YEAR * 2 // 3 + 1
    assert box.identity.due_for_renewal(later)
    (first,), (second,) = renew(hub, box, later), renew(hub, box, later + 60)
    assert first == second
    assert first.topic == topic.down("astana-1", "renewed")
    box.identity.renew(Renewed.model_validate_json(first.payload).certificate, later)
    assert box.identity.standing().ends_s == later + YEAR
    assert not box.identity.due_for_renewal(later)


def test_only_a_box_with_a_valid_certificate_is_renewed(hub, box, tmp_path):
    later = NOW + YEAR * 2 // 3 + 1
    assert renew(hub, box, later) == ()
    box.enrol(hub)
    thief = Box(tmp_path / "thief")
    assert renew(hub, thief, later) == ()
    assert renew(hub, box, NOW + YEAR) == ()
    assert hub.renewals.refused == {"wrong-key": 3}
    assert renew(hub, box, later, node="astana-2") == ()
    assert hub.renewals.refused["bad-request"] == 1
    for payload in (b"", b"{}", b"\xff", b" " * 20_000):
        assert hub.renewals.take("astana-1", topic.RENEW, payload, later * NS) == ()
    assert hub.renewals.refused["unreadable"] == 4
    roll.revoke(hub.store, "astana-1", NOW)
    assert renew(hub, box, later) == ()


def test_a_worker_of_the_hub_has_both_parts_and_all_workers_one_authority(hub, tmp_path):
    first, second = parts_of(hub.store, tmp_path), parts_of(hub.store, tmp_path)
    assert set().union(*(part.hears for part in first)) == {"request", topic.RENEW}
    assert first[0]._authority.pem == second[0]._authority.pem
    assert first[0]._shared == second[0]._shared


def test_the_secret_of_a_deployment_is_made_once(tmp_path):
    first = shared_by_all(tmp_path)
    assert shared_by_all(tmp_path) == first
    assert len(bytes.fromhex(first["pseudonym"])) == 32
    assert read_key(first["cosigner"]).name == cosign.load(tmp_path).vkey.split("+")[0]
    assert (tmp_path / "authority" / "pseudonym.key").stat().st_mode & 0o777 == 0o600


def test_the_root_of_the_repository_comes_with_the_certificate(hub, box, tmp_path):
    repository = Repository(tmp_path / "repository")
    repository.create(CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519(), NOW)
    hub.enrolment._shared = shared_by_all(tmp_path)
    box.enrol(hub)
    root = root_of(None, box.identity.folder)
    assert root.read_bytes() == (repository.metadata / "1.root.json").read_bytes()
    assert root_of(tmp_path / "named.json", box.identity.folder) == tmp_path / "named.json"
    assert root_of(None, tmp_path) is None
