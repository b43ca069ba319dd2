# SPDX-License-Identifier: Apache-2.0
"""The hub's end of a page's certificate: who is given one, for which names, and who is not."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.report import topic
from edge.report.enrol.page import PageAsk, PageGiven
from edge.report.enrol.renewal import Renew
from edge.trust.certificate import (
    MOST_NAMES,
    check_page_certificate,
    new_request,
    public_octets,
    read_chain,
)
from hil.hub import roll
from hil.hub.pages import FOLDER, MOST_A_DAY, NAME, authority_of, part_of
from hil.hub.store import Store, sqlite_url
from tests.hil.hub.boxes import NOW, NS, Box, Hub

YEAR = 365 * 86_400
KEY = ec.generate_private_key(ec.SECP256R1())
NAMES = ("astana-1", "10.0.0.5")


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.store.close()


@pytest.fixture
def box(tmp_path, hub):
    box = Box(tmp_path / "identity")
    box.enrol(hub)
    return box


def ask(hub, names=NAMES, now_s=NOW, node="astana-1", key=KEY, subject="astana-1"):
    said = PageAsk(request=new_request(key, subject, names)).model_dump_json().encode()
    return hub.pages.take(node, topic.PAGE, said, now_s * NS)


def given(hub, *args, **how):
    (answer,) = ask(hub, *args, **how)
    assert answer.topic == "qalqan/v1/dn/astana-1/page"
    assert not answer.retain
    return PageGiven.model_validate_json(answer.payload)


def test_a_box_is_given_what_serves_under_its_names_and_nothing_else(hub, box):
    said = given(hub)
    assert said.authority == hub.pages_authority.pem
    chain = read_chain(said.certificate)
    check_page_certificate(chain, said.authority, public_octets(KEY), "astana-1", NAMES, NOW)
    with hub.store.reading() as connection:
        (entered,) = roll.valid(connection, "astana-1", NOW, roll.PAGES)
        assert entered.certificate == said.certificate
        (own,) = roll.valid(connection, "astana-1", NOW)
    assert own.serial == box.identity.standing().serial, "the page's lets nobody in"


def test_the_authority_of_pages_is_not_the_one_that_boxes_believe(hub, tmp_path):
    (pages,), (boxes,) = read_chain(hub.pages_authority.pem), read_chain(hub.authority.pem)
    assert public_octets(pages) != public_octets(boxes)
    assert pages.subject.rfc4514_string() == f"CN={NAME}"
    assert authority_of(tmp_path).pem == hub.pages_authority.pem
    assert (tmp_path / FOLDER / "authority.key.pem").stat().st_mode & 0o777 == 0o600


FAULTS = {
    "another box's name": ({"names": ("astana-2",)}, "wrong-name"),
    "above its own name": ({"names": ("box.astana-1",)}, "wrong-name"),
    "a wildcard": ({"names": ("astana-1", "*.example")}, "wrong-name"),
    "a wildcard below its name": ({"names": ("*.astana-1",)}, "wrong-name"),
    "a place on the Internet": ({"names": ("astana-1", "8.8.8.8")}, "wrong-name"),
    "one by IPv6": ({"names": ("astana-1", "2001:db8::1")}, "wrong-name"),
    "no names": ({"names": ()}, "bad-request"),
    "too many": ({"names": tuple(f"10.0.0.{n}" for n in range(MOST_NAMES + 1))}, "bad-request"),
    "in another's name": ({"subject": "astana-2"}, "bad-request"),
    "another box": ({"node": "astana-2", "subject": "astana-2", "names": ("astana-2",)},
                    "nobody-asks"),
    "another kind of key": ({"key": ec.generate_private_key(ec.SECP384R1())}, "bad-request"),
}  # fmt: skip


@pytest.mark.parametrize(("how", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_is_not_given_is_counted_by_fault(hub, box, how, fault):
    assert ask(hub, **how) == ()
    assert hub.pages.refused == {fault: 1}
    with hub.store.reading() as connection:
        assert connection.execute(roll.PAGES.select()).all() == []


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b" " * 20_000])
def test_what_is_no_request_is_counted(hub, box, payload):
    assert hub.pages.take("astana-1", topic.PAGE, payload, NOW * NS) == ()
    assert hub.pages.take("astana-1", "page/x", payload, NOW * NS) == ()
    assert hub.pages.refused == {"unreadable": 2}


def test_a_page_has_a_key_of_its_own(hub, box):
    key = load_pem_private_key((box.identity.folder / "key.pem").read_bytes(), None)
    assert ask(hub, key=key) == ()
    assert hub.pages.refused == {"wrong-key": 1}


def test_with_the_key_of_a_page_nobody_gets_the_certificate_of_a_box(hub, box):
    """The page's process has its key, and is not the box."""
    given(hub)
    said = Renew(request=new_request(KEY, "astana-1")).model_dump_json().encode()
    assert hub.renewals.take("astana-1", topic.RENEW, said, NOW * NS) == ()
    assert hub.renewals.refused == {"wrong-key": 1}


def test_a_young_certificate_is_given_again_and_an_old_one_renewed(hub, box):
    first = given(hub)
    assert given(hub, now_s=NOW + 3600) == first
    assert given(hub, NAMES[::-1], NOW + 3600) == first
    own = Renew(request=box.identity.request()).model_dump_json().encode()
    assert hub.renewals.take("astana-1", topic.RENEW, own, (NOW + YEAR * 2 // 3) * NS)
    later = given(hub, now_s=NOW + YEAR * 2 // 3)
    assert later != first
    assert given(hub, now_s=NOW + YEAR * 2 // 3 + 60) == later


def test_a_page_that_moved_gets_another_and_one_that_moved_back_too(hub, box):
    first = given(hub)
    second = given(hub, ("astana-1", "10.0.0.6"), NOW + 60)
    third = given(hub, NAMES, NOW + 120)
    ends = [read_chain(one.certificate)[0].not_valid_after_utc for one in (first, second, third)]
    assert ends == sorted(set(ends))


def test_nobody_fills_the_roll(hub, box):
    for number in range(MOST_A_DAY):
        given(hub, ("astana-1", f"10.0.0.{number}"), NOW + number)
    assert ask(hub, ("astana-1", "10.0.1.0"), NOW + 60) == ()
    assert hub.pages.refused == {"too-many-tries": 1}
    given(hub, ("astana-1", "10.0.1.0"), NOW + 86_400 + 60)


def test_a_box_that_was_revoked_takes_its_page_along(hub, box, tmp_path):
    serial = read_chain(given(hub).certificate)[0].serial_number
    assert roll.revoke(hub.store, "astana-1", NOW) == 2
    assert [one.serial for one in roll.revoked(hub.store, NOW, roll.PAGES)] == [serial]
    brokers = [f"{one.serial:x}" for one in roll.revoked(hub.store, NOW)]
    assert brokers == [box.identity.standing().serial]
    assert ask(hub, now_s=NOW + 1) == ()
    assert hub.pages.refused == {"nobody-asks": 1}


def test_another_box_of_that_name_takes_over_no_page(hub, box, tmp_path):
    given(hub)
    Box(tmp_path / "spare").enrol(hub, again=True)
    assert len(roll.revoked(hub.store, NOW, roll.PAGES)) == 1


def test_the_page_of_a_box_is_no_other_box_of_its_name(hub, box):
    """It may be enrolled once more, with the key that it has."""
    given(hub)
    box.enrol(hub)
    assert roll.revoked(hub.store, NOW, roll.PAGES) == ()


def test_a_worker_has_the_part(tmp_path):
    store = Store(sqlite_url(tmp_path / "hub.db"))
    assert part_of(store, tmp_path).hears == {topic.PAGE}
    store.close()


def test_the_purpose_is_said_in_the_certificate(hub, box):
    (own,) = read_chain(given(hub).certificate)
    usage = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
