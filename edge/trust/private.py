# SPDX-License-Identifier: Apache-2.0
"""Files for one user alone. Apart from what else handles keys, as that takes long to import."""

import os
from pathlib import Path

from edge.blocklist.store import sync_folder
from edge.errors import ConfigError


def write_private(path: Path, octets: bytes) -> None:
    """Write a file for one user alone, whole or not at all, on disk before this returns.

    Written by root, it belongs to whoever owns the folder: a service that reads it.
    Raises `ConfigError`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as out:
            if os.geteuid() == 0:
                owner = path.parent.stat()
                os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
            out.write(octets)
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
