# SPDX-License-Identifier: Apache-2.0
"""With what the page of a box proves itself to browsers: in the folder of the identity, beside it.

    page.key   made here; or put here by hand
    pages.pem  the hub's authority for pages: browsers believe it, no box does
    page.crt   written last; or put here by hand

What a person put here stays as it is: a certificate that is not of `pages.pem`, or not of the key
beside it. Whoever takes both files away gets a pair from the hub again.
"""

from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from edge.blocklist.store import sync_folder
from edge.errors import ConfigError
from edge.trust.certificate import (
    check_issued,
    check_names,
    check_page_certificate,
    common_name,
    names_of,
    new_request,
    public_octets,
    read_chain,
)
from edge.trust.enrol import EnrolRefused, Fault
from edge.trust.identity import AUTHORITY, RENEWED_AFTER, made_key
from edge.trust.private import write_private

KEY, CERTIFICATE = "page.key", "page.crt"
PAGES = "pages.pem"
MENDED = f"take {KEY} and {CERTIFICATE} away, and the hub gives others"


class PageCertificate(NamedTuple):
    """A certificate that is there."""

    node: str
    names: tuple[str, ...]
    begins_s: int
    ends_s: int
    by_hand: bool
    "Whether a person put it there."

    def due(self, now_s: int) -> bool:
        """Whether it has passed two thirds of its life."""
        return now_s >= self.begins_s + (self.ends_s - self.begins_s) * RENEWED_AFTER

    def is_for(self, host: str) -> bool:
        """Whether a browser that was sent to this host takes it for the right one."""
        domain = host.partition(".")[2]
        return host in self.names or bool(domain and f"*.{domain}" in self.names)


def read_page_certificate(path: Path) -> PageCertificate | None:
    """Return what a person put at a place; None if there is nothing. Raises `ConfigError`."""
    chain = _read(path)
    return _told(chain[0], by_hand=True) if chain else None


def host_of(people: str) -> str:
    """Return the host of `page.people`; empty where only this machine itself sees the page."""
    host = people.rpartition(":")[0].strip("[]").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return "" if host.rpartition(".")[2] == "localhost" else host
    return "" if address.is_loopback or address.is_unspecified else str(address)


class PageIdentity:
    """The certificate of the page of a box, as the hub gives it."""

    def __init__(self, folder: Path, node: str, host: str) -> None:
        """Use the folder of the identity of `node`; `host` is where people see the page."""
        self.node = node
        self.names = tuple(dict.fromkeys((node, host)))
        self._folder = folder

    def shown(self) -> PageCertificate | None:
        """Return what is known of the certificate that is there. Raises `ConfigError`."""
        chain = _read(self._folder / CERTIFICATE)
        return _told(chain[0], by_hand=self._is_by_hand(chain)) if chain else None

    def due(self, now_s: int) -> bool:
        """Whether a certificate is to be asked for. Raises `ConfigError` where it is damaged."""
        shown = self.shown()
        if shown is None or shown.by_hand:
            return shown is None
        return not self._fits(shown) or shown.due(now_s)

    def request(self) -> str:
        """Return a request; its key is made if there is none.

        Raises `ConfigError`, `EnrolRefused` for names that no hub gives.
        """
        check_names(self.names, self.node)
        return new_request(made_key(self._folder / KEY, MENDED), self.node, self.names)

    def take(self, certificate: str, authority: str, now_s: int) -> None:
        """Keep what the hub gave, on disk before this returns. Raises `EnrolRefused`.

        Later than the one before, if that was for the same names; never in the place of one by
        hand. Raises `ConfigError` where what is there cannot be read, or not be written.
        """
        before = self.shown()
        chain = read_chain(certificate)
        if before and before.by_hand:
            raise EnrolRefused(Fault.NAME_TAKEN, f"{CERTIFICATE} was put there by hand")
        own_key = public_octets(made_key(self._folder / KEY, MENDED))
        check_page_certificate(chain, authority, own_key, self.node, self.names, now_s)
        self._check_apart(authority)
        ends_s = _seconds(chain[0].not_valid_after_utc)
        if before and self._fits(before) and ends_s <= before.ends_s:
            raise EnrolRefused(Fault.EXPIRED, "the certificate does not last longer than ours")
        if authority != self._text(PAGES):
            # One of an earlier authority would pass for one by hand beside this.
            (self._folder / CERTIFICATE).unlink(missing_ok=True)
            sync_folder(self._folder)
            write_private(self._folder / PAGES, authority.encode())
        write_private(self._folder / CERTIFICATE, certificate.encode())

    def _check_apart(self, authority: str) -> None:
        """See that whoever signs for pages is not believed to sign for brokers."""
        pages = {public_octets(one) for one in read_chain(authority)}
        brokers = self._text(AUTHORITY)
        if brokers and not pages.isdisjoint(map(public_octets, read_chain(brokers))):
            raise EnrolRefused(Fault.WRONG_AUTHORITY, "boxes believe it to sign for brokers")

    def _fits(self, shown: PageCertificate) -> bool:
        return shown.node == self.node and set(shown.names) == set(self.names)

    def _is_by_hand(self, chain: list[x509.Certificate]) -> bool:
        try:
            check_issued([*chain, *read_chain(self._text(PAGES))[:1]])
            if not (self._folder / KEY).exists():
                return True
            key = made_key(self._folder / KEY, MENDED)
        except (EnrolRefused, ConfigError):
            return True
        return public_octets(key) != public_octets(chain[0])

    def _text(self, name: str) -> str:
        return _text(self._folder / name) or ""


def _text(path: Path) -> str | None:
    """Return what a file says; None if it is not there. Raises `ConfigError`."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def _read(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a file; none if it is not there. Raises `ConfigError`."""
    text = _text(path)
    if text is None:
        return []
    try:
        return read_chain(text)
    except EnrolRefused as error:
        raise ConfigError(f"{path}: {error}") from error


def _told(own: x509.Certificate, *, by_hand: bool) -> PageCertificate:
    begins, ends = own.not_valid_before_utc, own.not_valid_after_utc
    name = common_name(own.subject)
    return PageCertificate(name, _names(own), _seconds(begins), _seconds(ends), by_hand)


def _names(own: x509.Certificate) -> tuple[str, ...]:
    try:
        return names_of(own)
    except EnrolRefused:  # by hand: it may say of mail addresses what it likes
        return ()


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
