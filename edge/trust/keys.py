# SPDX-License-Identifier: Apache-2.0
"""Key files: Ed25519, PKCS 8 in PEM, readable by their owner alone; the public half beside it.

Meant for a desk and for tokens that hand out files; a signer of `securesystemslib` for a hardware
token fits wherever these do.
"""

import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, Key

from edge.blocklist.store import replace
from edge.errors import ConfigError


def new_key(path: Path) -> Key:
    """Write a new key to `path` and its public half to `path`.pub, on disk before this returns.

    Never writes over one. Raises `ConfigError`.
    """
    signer = CryptoSigner.generate_ed25519()
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; a key is never written over") from error
    with os.fdopen(opened, "wb") as file:
        file.write(signer.private_bytes)
        file.flush()
        os.fsync(file.fileno())
    public = {"keyid": signer.public_key.keyid, **signer.public_key.to_dict()}
    replace(path.with_name(path.name + ".pub"), (json.dumps(public, indent=2) + "\n").encode())
    return signer.public_key


def read_signer(path: Path) -> CryptoSigner:
    """Return who signs with a key file. Raises `ConfigError`."""
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
        return CryptoSigner(private)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: is no key file: {error}") from error


def read_public(path: Path) -> Key:
    """Return the public half from its file. Raises `ConfigError`."""
    try:
        fields = json.loads(path.read_text())
        return Key.from_dict(fields.pop("keyid"), fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is no public key: {error}") from error
