# SPDX-License-Identifier: Apache-2.0
"""The rolls: which certificates were given to boxes and their pages, and which are taken back.

Two tables, as a certificate of a page lets nobody in.
"""

import hashlib
from typing import NamedTuple

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edge.trust.certificate import common_name, public_octets
from hil.hub.authority import Revoked
from hil.hub.store import TABLES, Store


def _roll(name: str) -> sa.Table:
    return sa.Table(
        name,
        TABLES,
        sa.Column("serial", sa.Text, primary_key=True, doc="In hex: it has 160 bits."),
        sa.Column("node", sa.Text, nullable=False, index=True),
        sa.Column("key", sa.Text, nullable=False, doc="SHA-256 of the public key."),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("begins", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger, nullable=False, default=0),
    )


CERTIFICATES = _roll("certificates")
"Of boxes."
PAGES = _roll("page_certificates")


class Given(NamedTuple):
    """A certificate that was given."""

    serial: str
    node: str
    key: str
    certificate: str
    begins: int
    ends: int
    revoked: int


def key_of(holder: x509.CertificateSigningRequest | x509.Certificate) -> str:
    """Return how the roll knows a key."""
    return hashlib.sha256(public_octets(holder)).hexdigest()


def enter(
    connection: sa.Connection, certificate: x509.Certificate, of: sa.Table = CERTIFICATES
) -> str:
    """Put a new certificate on the roll; returns it in PEM."""
    text = certificate.public_bytes(Encoding.PEM).decode()
    given = Given(
        f"{certificate.serial_number:x}",
        common_name(certificate.subject),
        key_of(certificate),
        text,
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
        0,
    )
    connection.execute(of.insert().values(given._asdict()))
    return text


def valid(
    connection: sa.Connection, node: str, now_s: int, of: sa.Table = CERTIFICATES
) -> list[Given]:
    """Return the certificates of an appliance that hold now, the last first."""
    table = of.c
    found = connection.execute(
        sa.select(of)
        .where(table.node == node, table.revoked == 0, table.ends > now_s)
        .order_by(table.ends.desc())
    )
    return [Given(*row) for row in found]


def take_back(connection: sa.Connection, node: str, now_s: int, *, but: str = "") -> int:
    """Revoke the certificates of an appliance, but for those of a key; returns how many.

    Those of its page go with the last of them.
    """
    count = _take_back(connection, CERTIFICATES, node, now_s, but)
    if count and not valid(connection, node, now_s):
        count += _take_back(connection, PAGES, node, now_s, "")
    return count


def _take_back(connection: sa.Connection, of: sa.Table, node: str, now_s: int, but: str) -> int:
    table = of.c
    done = connection.execute(
        of.update()
        .where(table.node == node, table.revoked == 0, table.ends > now_s, table.key != but)
        .values(revoked=now_s)
    )
    return done.rowcount


def revoke(store: Store, node: str, now_s: int) -> int:
    """Revoke all certificates of an appliance: stolen, or gone for good; returns how many."""
    with store.writing() as connection:
        return take_back(connection, node, now_s)


def revoked(store: Store, now_s: int, of: sa.Table = CERTIFICATES) -> tuple[Revoked, ...]:
    """Return what a broker, or a browser, must refuse though it has not ended."""
    table = of.c
    wanted = sa.select(table.serial, table.revoked).where(table.revoked > 0, table.ends > now_s)
    with store.reading() as connection:
        return tuple(
            Revoked(int(row.serial, 16), row.revoked) for row in connection.execute(wanted)
        )
