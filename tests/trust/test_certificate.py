# SPDX-License-Identifier: Apache-2.0
"""Requests and certificates: one good one each, and every way in which another is not."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.trust.certificate import (
    MOST_NAMES,
    check_certificate,
    check_names,
    check_page_certificate,
    common_name,
    fingerprint,
    named,
    names_of,
    new_request,
    public_octets,
    reached_as,
    read_chain,
    read_request,
)
from edge.trust.enrol import EnrolRefused, Fault

NOW = 1_900_000_000
DAY = timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())
CA_KEY = ec.generate_private_key(ec.SECP256R1())


def pem(made):
    return made.public_bytes(Encoding.PEM).decode()


def certificate(subject="astana-1", issuer="hub", key=KEY, by=CA_KEY, **changed):
    """A certificate; `changed` names what differs from a good one of a box."""
    now = datetime.fromtimestamp(NOW, UTC)
    begins, ends = changed.get("valid", (now - DAY, now + DAY))
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject) if isinstance(subject, str) else subject)
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(changed.get("ca", False), None), critical=True)
    )
    if "names" in changed:
        builder = builder.add_extension(changed["names"], critical=False)
    purposes = changed.get("purposes", [ExtendedKeyUsageOID.CLIENT_AUTH])
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return builder.sign(by, hashes.SHA256())


CA = certificate("hub", key=CA_KEY, ca=True, purposes=[])


def check(*chain, authority=CA, now_s=NOW, key=KEY, node="astana-1"):
    check_certificate(list(chain), pem(authority), public_octets(key), node, now_s)


def fault(*chain, **how):
    with pytest.raises(EnrolRefused) as caught:
        check(*chain, **how)
    return caught.value.fault


def test_a_request_reads_back():
    request = read_request(new_request(KEY, "astana-1"), "astana-1")
    assert common_name(request.subject) == "astana-1"
    assert public_octets(request) == public_octets(KEY)


@pytest.mark.parametrize("key", [
    rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1()),
    ed25519.Ed25519PrivateKey.generate(),
], ids=["rsa", "p-384", "ed25519"])  # fmt: skip
def test_a_request_of_another_kind_of_key_is_refused(key):
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = x509.CertificateSigningRequestBuilder().subject_name(named("astana-1"))
    with pytest.raises(EnrolRefused, match=r"bad-request: its key is not on the curve"):
        read_request(pem(made.sign(key, algorithm)), "astana-1")


def test_a_request_in_another_name_or_two_is_refused():
    with pytest.raises(EnrolRefused, match=r"in the name of 'astana-1', not 'astana-2'"):
        read_request(new_request(KEY, "astana-1"), "astana-2")
    two = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in ("astana-1", "x")])
    made = x509.CertificateSigningRequestBuilder().subject_name(two).sign(KEY, hashes.SHA256())
    with pytest.raises(EnrolRefused, match=r"in the name of ''"):
        read_request(pem(made), "astana-1")


def test_a_request_whose_key_was_exchanged_is_refused():
    mine, theirs = new_request(KEY, "astana-1"), new_request(CA_KEY, "astana-1")
    der = [
        x509.load_pem_x509_csr(text.encode()).public_bytes(Encoding.DER) for text in (mine, theirs)
    ]
    at = der[0].index(public_octets(KEY))
    octets = public_octets(CA_KEY)
    swapped = der[0][:at] + octets + der[0][at + len(octets) :]
    text = pem(x509.load_der_x509_csr(swapped))
    with pytest.raises(EnrolRefused, match="bad-request: it is not signed by its own key"):
        read_request(text, "astana-1")


EMPTY = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"


@pytest.mark.parametrize("text", ["", EMPTY.format("CERTIFICATE REQUEST"), "\0", "é"])
def test_a_request_that_is_none_is_refused(text):
    with pytest.raises(EnrolRefused, match="bad-request: it cannot be read"):
        read_request(text, "astana-1")
    with pytest.raises(EnrolRefused, match="unreadable"):
        read_chain(text)


def test_a_good_certificate_is_taken_with_and_without_a_chain():
    check(certificate())
    between_key = ec.generate_private_key(ec.SECP256R1())
    between = certificate("between", key=between_key, ca=True, purposes=[])
    check(certificate(issuer="between", by=between_key), between)


def test_every_other_certificate_is_refused_by_name():
    other = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(NOW, UTC)
    assert fault(certificate(key=other)) is Fault.WRONG_KEY
    assert fault(certificate("astana-2")) is Fault.WRONG_NAME
    two = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in ("astana-1", "x")])
    assert fault(certificate(two)) is Fault.WRONG_NAME
    assert fault(certificate(by=other)) is Fault.WRONG_AUTHORITY
    assert fault(certificate(issuer="another hub")) is Fault.WRONG_AUTHORITY
    assert fault(certificate(purposes=[ExtendedKeyUsageOID.SERVER_AUTH])) is Fault.WRONG_PURPOSE
    assert fault(certificate(purposes=[])) is Fault.WRONG_PURPOSE
    assert fault(certificate(valid=(now + DAY, now + 2 * DAY))) is Fault.NOT_YET_VALID
    assert fault(certificate(valid=(now - 2 * DAY, now - DAY))) is Fault.EXPIRED
    assert fault(certificate(), now_s=NOW + 86_400) is Fault.EXPIRED


def test_a_box_may_not_issue_for_another():
    neighbour_key = ec.generate_private_key(ec.SECP256R1())
    neighbour = certificate("astana-2", key=neighbour_key)
    forged = certificate(issuer="astana-2", by=neighbour_key)
    assert fault(forged, neighbour) is Fault.WRONG_AUTHORITY
    assert fault(forged, authority=neighbour) is Fault.WRONG_AUTHORITY


NAMES = ("astana-1", "10.0.0.5")
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def page(subject="astana-1", *, names=NAMES, purposes=(SERVER,), **changed):
    return certificate(subject, names=reached_as(names), purposes=purposes, **changed)


def page_fault(*chain, now_s=NOW, authority=CA):
    with pytest.raises(EnrolRefused) as caught:
        check_page_certificate(
            list(chain), pem(authority), public_octets(KEY), "astana-1", NAMES, now_s
        )
    return caught.value.fault


def test_a_request_names_where_a_page_is_reached():
    names = ("astana-1", "astana-1.example", "10.0.0.5", "fd00::5")
    assert names_of(read_request(new_request(KEY, "astana-1", names), "astana-1")) == names
    assert names_of(read_request(new_request(KEY, "astana-1"), "astana-1")) == ()


def test_names_of_another_kind_are_refused():
    mail = x509.SubjectAlternativeName([x509.DNSName("astana-1"), x509.RFC822Name("a@example")])
    with pytest.raises(EnrolRefused, match="bad-request: it names what is neither"):
        names_of(certificate(names=mail))
    octets = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x03\x87\x01\x0a")
    with pytest.raises(EnrolRefused, match="bad-request: its names cannot be read"):
        names_of(certificate(names=octets))


@pytest.mark.parametrize("name", [
    "astana-1", "astana-1.mgmt.example", "10.0.0.5", "172.31.255.1", "192.168.1.1", "100.64.0.1",
    "169.254.7.7", "127.0.0.1", "fd12:3456::1", "fe80::1", "::1",
])  # fmt: skip
def test_a_page_is_called_as_its_box_or_by_a_private_address(name):
    check_names((name,), "astana-1")


@pytest.mark.parametrize("name", [
    "astana-2", "astana-10", "box.astana-1", "*.astana-1", "astana-1.*", "*", "astana-1.", "",
    "astana-1..example", "astana-1.exam ple", "ASTANA-1.example", "astana-1." + "a" * 250,
    "8.8.8.8", "192.0.2.1", "172.32.0.1", "100.128.0.1", "0.1.2.3", "224.0.0.1", "255.255.255.255",
    "2001:db8::1", "2a00::1", "::", "::ffff:8.8.8.8", "64:ff9b::a00:1",
])  # fmt: skip
def test_a_page_may_be_called_nothing_else(name):
    with pytest.raises(EnrolRefused, match="wrong-name: a page of astana-1 may not be called"):
        check_names(("astana-1", name), "astana-1")


def test_a_page_has_some_names_and_not_many():
    many = [f"10.0.0.{number}" for number in range(MOST_NAMES)]
    check_names(many, "astana-1")
    for names in ((), (*many, "astana-1")):
        with pytest.raises(EnrolRefused, match="bad-request"):
            check_names(names, "astana-1")


def test_a_good_certificate_of_a_page_is_taken():
    for good in (page(), page(names=NAMES[::-1])):
        check_page_certificate([good], pem(CA), public_octets(KEY), "astana-1", NAMES, NOW)


def test_every_other_certificate_of_a_page_is_refused_by_name():
    other = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(NOW, UTC)
    assert page_fault(page(key=other)) is Fault.WRONG_KEY
    assert page_fault(page("astana-2")) is Fault.WRONG_NAME
    assert page_fault(page(names=NAMES[:1])) is Fault.WRONG_NAME
    assert page_fault(page(names=(*NAMES, "10.0.0.6"))) is Fault.WRONG_NAME
    assert page_fault(certificate(purposes=[SERVER])) is Fault.WRONG_NAME
    assert page_fault(page(purposes=(CLIENT,))) is Fault.WRONG_PURPOSE
    assert page_fault(page(purposes=(SERVER, CLIENT))) is Fault.WRONG_PURPOSE
    assert page_fault(page(purposes=())) is Fault.WRONG_PURPOSE
    assert page_fault(page(by=other)) is Fault.WRONG_AUTHORITY
    assert page_fault(page(), authority=page()) is Fault.WRONG_AUTHORITY
    assert page_fault(page(valid=(now + DAY, now + 2 * DAY))) is Fault.NOT_YET_VALID
    assert page_fault(page(), now_s=NOW + 86_400) is Fault.EXPIRED


def test_a_fingerprint_is_written_as_openssl_does():
    digest = CA.fingerprint(hashes.SHA256()).hex().upper()
    assert fingerprint(CA) == ":".join(digest[at : at + 2] for at in range(0, 64, 2))
