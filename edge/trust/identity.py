# SPDX-License-Identifier: Apache-2.0
"""Who this box is: its key, its certificate, and whom it believes, in one folder.

    key.pem          made here, never leaves
    request.json     what was asked and the code that is shown; gone once there is a certificate
    authority.pem    the hub's CA
    pseudonym.key    what the deployment hashes numbers with
    hub.key          by which the hub's signatures under our checkpoints are known
    root.json        the first root of the repository, by which lists and firmware are believed
    certificate.pem  written last: where it is, the rest is

Every file is renamed into place whole and on disk, so that after a cut the box is enrolled or not,
and if not, asks again with the same code.
"""

import secrets
from contextlib import suppress
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.blocklist.store import sync_folder
from edge.errors import ConfigError, TrustError
from edge.evidence.note import read_key
from edge.report import pseudonym
from edge.trust import enrol, private
from edge.trust.certificate import (
    CURVE,
    check_certificate,
    common_name,
    fingerprint,
    new_request,
    public_octets,
    read_chain,
    read_request,
)
from edge.trust.enrol import Answer, EnrolRefused, Fault

KEY = "key.pem"
REQUEST = "request.json"
AUTHORITY = "authority.pem"
CERTIFICATE = "certificate.pem"
COSIGNER = "hub.key"
ROOT = "root.json"

RENEWED_AFTER = 2 / 3
"Share of its life after which a certificate is renewed."

write_private = private.write_private


class Asking(msgspec.Struct, frozen=True):
    """A request, and the code that a person is to type in at the hub."""

    node: str
    request: str
    code: str
    made_s: int

    def is_open(self, now_s: int) -> bool:
        """Whether the code may still be typed in; a clock that stepped back closes it too."""
        return 0 <= now_s - self.made_s < enrol.CODE_VALID_S

    @property
    def keys(self) -> enrol.Keys:
        """The keys that the box shares with whoever knows the code."""
        return enrol.keys_of(enrol.read_code(self.code), self.node, self.request)

    @property
    def proof(self) -> str:
        """What shows the hub that the request was made where the code is shown."""
        return enrol.prove(self.keys, self.request)


class Standing(msgspec.Struct, frozen=True):
    """A certificate that is there, as people ask about it."""

    name: str
    fingerprint: str
    "SHA-256, as `openssl x509 -fingerprint -sha256` prints it."
    serial: str
    issuer: str
    begins_s: int
    ends_s: int


class Identity:
    """The files of a box's identity."""

    def __init__(self, folder: Path, node: str) -> None:
        """Use a folder, for the name that the configuration gives to this box."""
        self.folder = folder
        self.node = node

    @property
    def is_enrolled(self) -> bool:
        """Whether there is a certificate; it may be over."""
        return (self.folder / CERTIFICATE).exists()

    def standing(self) -> Standing:
        """Return what is known of the certificate. Raises `ConfigError` if there is none."""
        own = self._own()
        return Standing(
            common_name(own.subject),
            fingerprint(own),
            f"{own.serial_number:x}",
            common_name(own.issuer),
            int(own.not_valid_before_utc.timestamp()),
            int(own.not_valid_after_utc.timestamp()),
        )

    def due_for_renewal(self, now_s: int) -> bool:
        """Whether the certificate has passed two thirds of its life."""
        standing = self.standing()
        life_s = standing.ends_s - standing.begins_s
        return now_s >= standing.begins_s + life_s * RENEWED_AFTER

    def ask(self, now_s: int, code: str = "") -> Asking:
        """Return the request to be made: the one of before, or a new one with a new code.

        `code` is agreed on beforehand, for the first request of this box. Raises `ConfigError` if
        the key cannot be read, `EnrolRefused` for a code that is none.
        """
        agreed = enrol.write_code(enrol.read_code(code)) if code else ""
        key = self._key()
        asking = self._asking(public_octets(key))
        if asking and asking.is_open(now_s):
            return asking
        first = agreed and not (self.folder / REQUEST).exists()
        code = agreed if first else enrol.write_code(secrets.token_bytes(enrol.CODE_OCTETS))
        asking = Asking(self.node, new_request(key, self.node), code, now_s)
        self._write(REQUEST, msgspec.json.encode(asking))
        return asking

    def take(self, asking: Asking, answer: Answer, now_s: int) -> None:
        """Keep what the hub answered, on disk before this returns. Raises `EnrolRefused`."""
        shared = enrol.open_answer(asking.keys, answer)
        chain = read_chain(answer.certificate)
        own_key = public_octets(self._key())
        check_certificate(chain, answer.authority, own_key, self.node, now_s)
        files = {AUTHORITY: answer.authority, **_shared_files(shared)}
        # One of an earlier life must not stand beside the authority of this one.
        self._remove(CERTIFICATE)
        for name, text in files.items():
            self._write(name, text.encode())
        self._write(CERTIFICATE, answer.certificate.encode())
        self._remove(REQUEST)

    def request(self) -> str:
        """Return a request for the next certificate of the same key. Raises `ConfigError`."""
        return new_request(self._key(), self.node)

    def renew(self, certificate: str, now_s: int) -> None:
        """Put the next certificate in the place of the one before. Raises `EnrolRefused`.

        Later than the one before: an answer that comes twice, or late, takes no time away.
        """
        authority = self._read(AUTHORITY).decode(errors="replace")
        chain, own_key = read_chain(certificate), public_octets(self._key())
        check_certificate(chain, authority, own_key, self.node, now_s)
        if chain[0].not_valid_after_utc <= self._own().not_valid_after_utc:
            raise EnrolRefused(Fault.EXPIRED, "the certificate does not last longer than ours")
        self._write(CERTIFICATE, certificate.encode())

    def drop(self) -> None:
        """Forget certificate, code and key, in this order: the next request is of a new key."""
        for name in (CERTIFICATE, KEY, REQUEST):
            self._remove(name)

    def _own(self) -> x509.Certificate:
        path = self.folder / CERTIFICATE
        try:
            return read_chain(self._read(CERTIFICATE).decode(errors="replace"))[0]
        except EnrolRefused as error:
            raise ConfigError(f"{path}: {error}") from error

    def _asking(self, key: bytes) -> Asking | None:
        """Return what was asked before, if it was in our name, with our key, and can be read."""
        with suppress(FileNotFoundError, msgspec.MsgspecError, EnrolRefused):
            asking = msgspec.json.decode((self.folder / REQUEST).read_bytes(), type=Asking)
            enrol.read_code(asking.code)
            if public_octets(read_request(asking.request, self.node)) == key:
                return asking
        return None

    def _key(self) -> ec.EllipticCurvePrivateKey:
        """Return the key, made if there is none."""
        return made_key(self.folder / KEY, "`qalqan enrol --again` makes another")

    def _read(self, name: str) -> bytes:
        path = self.folder / name
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: is not there; `qalqan enrol` gets it") from error
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error

    def _write(self, name: str, octets: bytes) -> None:
        """Write a file whole or not at all, for the owner of the folder alone."""
        write_private(self.folder / name, octets)

    def _remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.folder / name).unlink()
            sync_folder(self.folder)


def made_key(path: Path, mended: str) -> ec.EllipticCurvePrivateKey:
    """Return the key of a file, made if there is none. Raises `ConfigError`.

    `mended` is said to people where the file holds none.
    """
    if not path.exists():
        made = ec.generate_private_key(CURVE)
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(path, pem)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path}: is no key; {mended}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE.name:
        raise ConfigError(f"{path}: is not on the curve P-256")
    return key


def root_of(named: Path | None, folder: Path) -> Path | None:
    """Return the file of the repository's root: the one named, or that of enrolment, if it came."""
    own = folder / ROOT
    return named or (own if own.exists() else None)


def _shared_files(shared: dict[str, str]) -> dict[str, str]:
    """Return the files in which is kept what the deployment shares, where it does."""
    found = {}
    if secret := shared.get("pseudonym"):
        try:
            whole = len(bytes.fromhex(secret)) == pseudonym.SECRET_OCTETS
        except ValueError:
            whole = False
        if not whole:
            raise EnrolRefused(Fault.UNREADABLE, "the secret that hashes numbers is none")
        found[pseudonym.FILE] = secret
    if cosigner := shared.get("cosigner"):
        try:
            read_key(cosigner)
        except TrustError as error:
            raise EnrolRefused(
                Fault.UNREADABLE, f"the key of the hub's signatures: {error}"
            ) from error
        found[COSIGNER] = cosigner + "\n"
    if root := shared.get("root"):
        _check_root(root)
        found[ROOT] = root
    return found


def _check_root(text: str) -> None:
    """Tell a root.json (TUF 1.0, section 4.3) from other files. Raises `EnrolRefused`."""
    try:
        if msgspec.json.decode(text, type=_Root).signed.type == "root":
            return
    except msgspec.MsgspecError:
        pass
    raise EnrolRefused(Fault.UNREADABLE, "the root of the repository is none")


class _Signed(msgspec.Struct):
    type: str = msgspec.field(name="_type")


class _Root(msgspec.Struct):
    signed: _Signed
