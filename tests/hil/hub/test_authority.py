# SPDX-License-Identifier: Apache-2.0
"""The hub's CA: made once, and what it signs is what OpenSSL takes for it, and for nothing else."""

import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edge.errors import ConfigError
from edge.trust.certificate import common_name, new_request, public_octets, read_request
from hil.hub.authority import Authority, Revoked

NOW = 1_900_000_000
YEAR = 365 * 86_400


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca", NOW)


def box(authority, node="astana-1", now_s=NOW):
    key = ec.generate_private_key(ec.SECP256R1())
    return authority.issue(read_request(new_request(key, node), node), now_s)


def verify(tmp_path, authority, certificate, purpose, now_s=NOW, *more):
    """Ask OpenSSL, which is what brokers ask."""
    path = tmp_path / "one.pem"
    path.write_bytes(certificate if isinstance(certificate, bytes) else certificate.encode())
    command = ["openssl", "verify", "-x509_strict", "-CAfile", authority.path, "-purpose", purpose,
               "-attime", str(now_s), *more, path]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_an_authority_makes_itself_once_and_keeps_its_key_to_itself(tmp_path, authority):
    again = Authority(tmp_path / "ca", NOW + 5)
    assert again.pem == authority.pem
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "ca").iterdir()} == {0o600}
    assert (
        common_name(x509.load_pem_x509_certificate(authority.pem.encode()).subject) == "Qalqan hub"
    )


def test_a_cut_between_key_and_certificate_is_made_good(tmp_path, authority):
    authority.path.unlink()
    again = Authority(tmp_path / "ca", NOW)
    certificate = box(authority)
    assert "OK" in verify(tmp_path, again, certificate.public_bytes(Encoding.PEM), "sslclient")


def test_a_damaged_key_is_named(tmp_path, authority):
    (tmp_path / "ca" / "authority.key.pem").write_text("no key")
    with pytest.raises(ConfigError, match=r"authority\.key\.pem: is no key"):
        Authority(tmp_path / "ca", NOW)


@pytest.mark.peer("openssl")
def test_a_box_may_be_a_client_and_nothing_else_for_a_year(tmp_path, authority):
    certificate = box(authority)
    pem = certificate.public_bytes(Encoding.PEM)
    assert common_name(certificate.subject) == "astana-1"
    assert "OK" in verify(tmp_path, authority, pem, "sslclient")
    assert "OK" in verify(tmp_path, authority, pem, "sslclient", NOW + YEAR - 1)
    assert "expired" in verify(tmp_path, authority, pem, "sslclient", NOW + YEAR + 1)
    assert "OK" in verify(tmp_path, authority, pem, "sslclient", NOW - 3000)
    assert "purpose" in verify(tmp_path, authority, pem, "sslserver")


@pytest.mark.peer("openssl")
def test_a_broker_serves_under_its_names_alone(tmp_path, authority):
    pem = authority.server(("hub.example", "127.0.0.1"), NOW).certificate
    for name in (("-verify_hostname", "hub.example"), ("-verify_ip", "127.0.0.1")):
        assert "OK" in verify(tmp_path, authority, pem, "sslserver", NOW, *name)
    for name in (("-verify_hostname", "other.example"), ("-verify_ip", "127.0.0.2")):
        assert "mismatch" in verify(tmp_path, authority, pem, "sslserver", NOW, *name)
    assert "purpose" in verify(tmp_path, authority, pem, "sslclient")


@pytest.mark.peer("openssl")
def test_a_worker_is_a_client(tmp_path, authority):
    pem = authority.worker("hub.worker", NOW).certificate
    assert "OK" in verify(tmp_path, authority, pem, "sslclient")
    assert "purpose" in verify(tmp_path, authority, pem, "sslserver")


@pytest.mark.peer("openssl")
def test_a_page_serves_under_the_names_that_were_asked_for_and_asks_nothing(tmp_path, authority):
    key, names = ec.generate_private_key(ec.SECP256R1()), ("astana-1", "10.0.0.5")
    request = read_request(new_request(key, "astana-1", names), "astana-1")
    certificate = authority.page(request, names, NOW)
    assert common_name(certificate.subject) == "astana-1"
    assert public_octets(certificate) == public_octets(key)
    pem = certificate.public_bytes(Encoding.PEM)
    for name in (("-verify_hostname", "astana-1"), ("-verify_ip", "10.0.0.5")):
        assert "OK" in verify(tmp_path, authority, pem, "sslserver", NOW, *name)
    assert "mismatch" in verify(
        tmp_path, authority, pem, "sslserver", NOW, "-verify_ip", "10.0.0.6"
    )
    assert "purpose" in verify(tmp_path, authority, pem, "sslclient")


@pytest.mark.peer("openssl")
def test_another_authority_of_the_same_name_has_signed_nothing(tmp_path, authority):
    other = Authority(tmp_path / "other", NOW)
    pem = box(authority).public_bytes(Encoding.PEM)
    assert "OK" not in verify(tmp_path, other, pem, "sslclient")


@pytest.mark.peer("openssl")
def test_what_is_revoked_is_refused_and_the_rest_is_not(tmp_path, authority):
    gone, stays = box(authority), box(authority, "astana-2")
    crl = tmp_path / "revoked.pem"
    crl.write_text(authority.revocations([Revoked(gone.serial_number, NOW)], NOW))
    check = ("-crl_check", "-CRLfile", str(crl))
    for certificate, expected in ((gone, "revoked"), (stays, "OK")):
        pem = certificate.public_bytes(Encoding.PEM)
        assert expected in verify(tmp_path, authority, pem, "sslclient", NOW, *check)


def test_the_key_of_a_certificate_is_the_one_that_asked(authority):
    key = ec.generate_private_key(ec.SECP256R1())
    request = read_request(new_request(key, "astana-1"), "astana-1")
    assert public_octets(authority.issue(request, NOW)) == public_octets(key)
