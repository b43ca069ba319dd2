# SPDX-License-Identifier: Apache-2.0
"""A certificate for people: for whom it is, who issued it, when it ends."""

from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """What people ask of one."""

    subject: str
    names: tuple[str, ...]
    "By which browsers know it."
    issuer: str
    "Empty where it is not known."
    ends_s: int


def read_certificate(path: Path) -> Certificate | None:
    """Return the first certificate of a PEM file; None if there is none that can be read."""
    # It takes long to load, and only *Box* needs it.
    from cryptography import x509  # noqa: PLC0415 - as said above

    from edge.trust.certificate import common_name  # noqa: PLC0415 - as above

    def called(name: x509.Name) -> str:
        return common_name(name) or name.rfc4514_string()

    try:
        own = x509.load_pem_x509_certificates(path.read_bytes())[0]
        try:
            known = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = tuple(str(one.value) for one in known)
        except x509.ExtensionNotFound:
            names = ()
        ends_s = int(own.not_valid_after_utc.timestamp())
        return Certificate(called(own.subject), names, called(own.issuer), ends_s)
    except (OSError, ValueError, x509.DuplicateExtension, x509.InvalidVersion):
        return None
