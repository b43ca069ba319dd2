# SPDX-License-Identifier: Apache-2.0
"""Whose word counts for firmware: the manifest that release and operations signed (TUF 1.0)."""

from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from edge.errors import ConfigError
from edge.trust.alarm import Refused
from edge.trust.client import Client
from edge.trust.roles import FIRMWARE
from edge.update.manifest import HASH, Release, chosen, read_manifest, split_hashes
from edge.update.state import Failed, Why


class Machine(NamedTuple):
    """What a bundle must fit."""

    compatible: str
    "The product, as RAUC calls it."
    installed: str
    "The version that runs."


class Signed(NamedTuple):
    """A bundle that may be installed."""

    release: Release
    hashes: tuple[bytes, ...]
    "Of its blocks."


class Source:
    """Finds bundles in the repository. For a thread: it waits for the hub."""

    def __init__(self, client: Client, trusted_s: Callable[[int], int]) -> None:
        """Ask `client`; `trusted_s` makes of the clock's time one that no signed time is after."""
        self._client = client
        self._trusted_s = trusted_s

    def find(self, version: str, machine: Machine, now_s: int) -> Signed:
        """Return the bundle of a version. Raises `Failed`, or `DriverLost` if nobody answers."""
        now_s = self._trusted_s(now_s)
        try:
            self._client.refresh(now_s)
            manifest = read_manifest(self._client.manifest(FIRMWARE, now_s))
            if manifest.expires <= now_s:
                ago = now_s - manifest.expires
                raise Failed(Why.EXPIRED, f"what was signed has expired {ago} s ago")
            release = chosen(manifest, version, *machine)
            listed = BytesIO()
            size = -(-release.size // release.block) * HASH
            self._client.blob(release.blocks, size, listed)
        except Refused as refused:
            raise Failed(refused.alarm.value, str(refused)) from refused
        except ConfigError as error:
            raise Failed(Why.BUNDLE, str(error)) from error
        return Signed(release, split_hashes(listed.getvalue(), release))
