# SPDX-License-Identifier: Apache-2.0
"""How far the hub has acknowledged each stream: one small file that `uplink` writes, others read.

It is put in place by a rename, so that it is whole whenever it is read. It need not be on disk: an
older one costs events that are sent twice, which the hub knows by stream and number.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec


def read_acked(path: Path) -> dict[str, int]:
    """Return the last acknowledged number by stream; what cannot be read acknowledges nothing."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError):
        return {}


def write_acked(path: Path, through: Mapping[str, int]) -> None:
    """Say how far the hub has got. Raises `OSError`."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(msgspec.json.encode(dict(through)))
    new.replace(path)
