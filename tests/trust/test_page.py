# SPDX-License-Identifier: Apache-2.0
"""The files of a page's certificate: taken from the hub whole, and never from a person."""

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge.console import serve
from edge.errors import ConfigError
from edge.trust import page as page_module
from edge.trust.certificate import names_of, read_request
from edge.trust.enrol import EnrolRefused, Fault
from edge.trust.page import PageIdentity, host_of, read_page_certificate
from hil.hub.authority import Authority
from tests.hil.hub.boxes import NOW
from tests.trust.cut import everywhere

DAY = 86_400
YEAR = 365 * DAY
HOST = "10.0.0.5"
FILES = {"page.key", "pages.pem", "page.crt"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pages"), NOW, "Qalqan pages")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "identity"


@pytest.fixture
def page(folder):
    return PageIdentity(folder, "astana-1", HOST)


def issue(authority, page, now_s=NOW, names=None, node="astana-1"):
    asked = read_request(PageIdentity(page._folder, node, page.names[-1]).request(), node)
    made = authority.page(asked, names or page.names, now_s)
    return made.public_bytes(Encoding.PEM).decode()


def give(authority, page, now_s=NOW, **how):
    page.take(issue(authority, page, now_s, **how), authority.pem, now_s)


def names(folder):
    return {path.name for path in folder.iterdir()}


def by_hand(folder, *hosts):
    """Put a pair there as a person does."""
    made = trustme.CA().issue_cert(*hosts)
    folder.mkdir(exist_ok=True)
    made.private_key_pem.write_to_path(folder / "page.key")
    (folder / "page.crt").write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))


def test_the_files_are_those_that_systemd_hands_to_the_page():
    assert (page_module.CERTIFICATE, page_module.KEY) == (serve.CERTIFICATE, serve.KEY)


@pytest.mark.parametrize(("people", "host"), [
    ("10.0.0.5:8443", "10.0.0.5"), ("[FD00::5]:8443", "fd00::5"),
    ("Astana-1.Example:8443", "astana-1.example"), ("astana-1:8443", "astana-1"),
    ("127.0.0.1:8443", ""), ("127.9.9.9:1", ""), ("[::1]:8443", ""), ("localhost:8443", ""),
    ("a.localhost:1", ""), ("0.0.0.0:8443", ""), ("[::]:8443", ""), ("", ""),
])  # fmt: skip
def test_where_people_reach_it_is_named_and_what_reaches_nobody_is_not(people, host):
    assert host_of(people) == host


def test_a_request_is_in_the_name_of_the_box_and_its_key_stays(page, folder):
    assert page.due(NOW)
    asked = read_request(page.request(), "astana-1")
    assert names_of(asked) == ("astana-1", HOST)
    assert names(folder) == {"page.key"}
    assert (folder / "page.key").stat().st_mode & 0o777 == 0o600
    key = (folder / "page.key").read_bytes()
    page.request()
    assert (folder / "page.key").read_bytes() == key
    assert names_of(read_request(PageIdentity(folder, "a", "a").request(), "a")) == ("a",)


@pytest.mark.parametrize("host", ["box.example", "8.8.8.8", "192.0.2.1"])
def test_names_that_no_hub_gives_are_not_asked_for(folder, host):
    with pytest.raises(EnrolRefused, match=f"wrong-name: .*{host}"):
        PageIdentity(folder, "astana-1", host).request()
    assert not folder.exists()


def test_what_the_hub_gives_is_kept_for_one_user(authority, page, folder):
    give(authority, page)
    assert names(folder) == FILES
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert (folder / "pages.pem").read_text() == authority.pem
    assert page.shown() == page_module.PageCertificate(
        "astana-1", ("astana-1", HOST), NOW - 3600, NOW + YEAR, by_hand=False
    )


def test_it_is_due_after_two_thirds_of_its_life_or_where_names_have_changed(
    authority, page, folder
):
    give(authority, page)
    due = NOW - 3600 + (YEAR + 3600) * 2 // 3
    assert not page.due(due - 1)
    assert page.due(due + 1)
    give(authority, page, due + 1)
    assert not page.due(due + 1)
    assert page.shown().ends_s == due + 1 + YEAR
    assert PageIdentity(folder, "astana-1", "10.0.0.6").due(due + 1)
    assert PageIdentity(folder, "astana-2", HOST).due(due + 1)


def test_one_that_moved_takes_what_ends_sooner_too(authority, page, folder):
    give(authority, page, NOW + DAY)
    moved = PageIdentity(folder, "astana-1", "10.0.0.6")
    give(authority, moved)
    assert moved.shown().names == ("astana-1", "10.0.0.6")


def test_an_answer_that_is_not_ours_changes_nothing(authority, page, folder, tmp_path):
    give(authority, page)
    other = Authority(tmp_path / "other", NOW)
    later = NOW + DAY
    spare = PageIdentity(tmp_path / "spare", "astana-1", HOST)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for certificate, by, expected in (
        (issue(authority, spare, later), authority, Fault.WRONG_KEY),
        (issue(authority, page, later, node="astana-2"), authority, Fault.WRONG_NAME),
        (issue(authority, page, later, names=("astana-1",)), authority, Fault.WRONG_NAME),
        (issue(other, page, later), authority, Fault.WRONG_AUTHORITY),
        (issue(authority, page, later + DAY), authority, Fault.NOT_YET_VALID),
        (before["page.crt"].decode(), authority, Fault.EXPIRED),
        ("", authority, Fault.UNREADABLE),
    ):
        with pytest.raises(EnrolRefused) as caught:
            page.take(certificate, by.pem, later)
        assert caught.value.fault is expected
    asked = read_request(page.request(), "astana-1")
    client = authority.issue(asked, later).public_bytes(Encoding.PEM).decode()
    with pytest.raises(EnrolRefused, match="wrong-purpose"):
        page.take(client, authority.pem, later)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_who_signs_for_brokers_does_not_sign_for_pages(authority, page, folder):
    """Else whoever stole a page's key could play the broker."""
    page.request()
    (folder / "authority.pem").write_text(authority.pem)
    with pytest.raises(EnrolRefused, match="wrong-authority: boxes believe it"):
        give(authority, page)
    assert names(folder) == {"page.key", "authority.pem"}


def test_another_authority_takes_the_place_of_the_one_before(authority, page, folder, tmp_path):
    give(authority, page)
    other = Authority(tmp_path / "other", NOW)
    give(other, page, NOW + DAY)
    assert (folder / "pages.pem").read_text() == other.pem
    assert page.shown().by_hand is False


# By hand ----------------------------------------------------------------------


def test_a_pair_that_was_put_there_by_hand_is_never_touched(authority, page, folder):
    by_hand(folder, "box.example")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert not page.due(NOW + 100 * YEAR)
    assert page.shown().by_hand
    spare = PageIdentity(folder.parent / "spare", "astana-1", HOST)
    with pytest.raises(EnrolRefused, match=r"name-taken: page\.crt was put there by hand"):
        page.take(issue(authority, spare), authority.pem, NOW)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_pair_in_the_place_of_ours_is_by_hand(authority, page, folder):
    give(authority, page)
    late = issue(authority, page, NOW + DAY)
    by_hand(folder, HOST)
    assert not page.due(NOW + YEAR)
    with pytest.raises(EnrolRefused, match="name-taken"):
        page.take(late, authority.pem, NOW + DAY)
    assert names(folder) == FILES


def test_half_of_a_pair_in_the_place_of_ours_is_by_hand(authority, page, folder):
    """Files are copied one after the other."""
    give(authority, page)
    ours = {path.name: path.read_bytes() for path in folder.iterdir()}
    by_hand(folder, HOST)
    theirs = {path.name: path.read_bytes() for path in folder.iterdir()}
    for half in ("page.key", "page.crt"):
        for name in FILES:
            (folder / name).write_bytes((theirs if name == half else ours)[name])
        assert page.shown().by_hand
        assert not page.due(NOW + YEAR)


def test_a_certificate_without_its_key_is_left(authority, page, folder):
    """The other half is on its way."""
    give(authority, page)
    (folder / "page.key").unlink()
    assert page.shown().by_hand
    assert not page.due(NOW + YEAR)
    assert names(folder) == FILES - {"page.key"}


def test_a_certificate_of_theirs_for_our_key_is_by_hand(authority, page, folder, tmp_path):
    give(authority, page)
    other = Authority(tmp_path / "other", NOW)
    (folder / "page.crt").write_text(issue(other, page))
    assert page.shown().by_hand


def test_without_both_files_the_hub_is_asked_again(authority, page, folder):
    by_hand(folder, HOST)
    for name in ("page.key", "page.crt"):
        (folder / name).unlink()
    assert page.due(NOW)
    give(authority, page)
    assert not page.shown().by_hand


def test_what_is_damaged_is_named_and_left(page, folder):
    by_hand(folder, HOST)
    for octets in (b"torn", b""):
        (folder / "page.crt").write_bytes(octets)
        for function in (page.shown, lambda: page.due(NOW), lambda: page.take("", "", NOW)):
            with pytest.raises(ConfigError, match=r"page\.crt: unreadable"):
                function()
    (folder / "page.crt").unlink()
    (folder / "page.key").write_text("torn")
    with pytest.raises(ConfigError, match=r"page\.key: is no key; take page.key and page.crt"):
        page.request()
    rare = ec.generate_private_key(ec.SECP384R1())
    pem = rare.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "page.key").write_bytes(pem)
    with pytest.raises(ConfigError, match=r"page\.key: is not on the curve P-256"):
        page.request()
    assert (folder / "page.key").read_bytes() == pem


@pytest.mark.parametrize(("host", "fits"), [
    ("box.example", True), ("a.mgmt.example", True), (HOST, True),
    ("example", False), ("a.b.mgmt.example", False), ("mgmt.example", False), ("10.0.0.6", False),
])  # fmt: skip
def test_one_by_hand_is_for_its_hosts(folder, host, fits):
    by_hand(folder, "box.example", "*.mgmt.example", HOST)
    assert read_page_certificate(folder / "page.crt").is_for(host) is fits
    assert read_page_certificate(folder / "nowhere.crt") is None


# Cuts -------------------------------------------------------------------------


def test_a_cut_at_any_instant_leaves_none_or_a_whole_pair(authority, tmp_path):
    def keep(number):
        page = pages[number] = PageIdentity(tmp_path / str(number), "astana-1", HOST)
        made = issue(authority, page)
        return tmp_path / str(number), lambda: page.take(made, authority.pem, NOW)

    pages: dict[int, PageIdentity] = {}
    seen = set()
    for number in everywhere(keep):
        page = pages[number]
        shown = page.shown()
        seen.add(shown is not None)
        if shown is None:
            assert page.due(NOW)
            give(authority, page)
        assert page.shown().by_hand is False
    assert seen == {True, False}


def test_a_cut_while_the_authority_changes_leaves_nothing_that_looks_by_hand(authority, tmp_path):
    other = Authority(tmp_path / "other", NOW)

    def change(number):
        page = pages[number] = PageIdentity(tmp_path / str(number), "astana-1", HOST)
        give(authority, page)
        made = issue(other, page, NOW + DAY)
        return tmp_path / str(number), lambda: page.take(made, other.pem, NOW + DAY)

    pages: dict[int, PageIdentity] = {}
    seen = set()
    for number in everywhere(change):
        shown = pages[number].shown()
        assert shown is None or not shown.by_hand
        seen.add(shown and shown.ends_s - NOW)
    assert seen == {None, YEAR, YEAR + DAY}
