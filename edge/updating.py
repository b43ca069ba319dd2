# SPDX-License-Identifier: Apache-2.0
"""Part of the map of `uplink`: what brings the firmware of this box to what the hub wants.

campaign ─► manifest by TUF ─► bundle on a second connection ─► RAUC ─► logind
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from edge import __version__
from edge.errors import ConfigError, TrustError
from edge.report import topic
from edge.report.hub.reach import BACKOFF, Session, Terms
from edge.report.lists.fetch import MqttFetcher
from edge.report.lists.follow import TRUST, Followed
from edge.trust.client import Client
from edge.trust.identity import root_of
from edge.update.blocks import Part
from edge.update.download import Download
from edge.update.firmware import Firmware, Machines
from edge.update.line import Line, Pace
from edge.update.power import Logind
from edge.update.rauc import Rauc
from edge.update.source import Source
from edge.update.state import Folder
from edge.uplink_parts import Kept, Spoken, Start

BULK = "bulk"
"Ends the client id of the second connection, where the broker lets us choose it."
OS_RELEASE = Path("/etc/os-release")


class Trusted(NamedTuple):
    """Where signed things come from, and what they say of the time."""

    fetcher: MqttFetcher
    lists: Mapping[str, Followed]


def trusted(lists: Mapping[str, Followed]) -> Callable[[int], int]:
    """Return what makes of the clock's time one that is never before a signed time seen."""

    def trusted_s(now_s: int) -> int:
        return max((one.updates.trusted_s(now_s) for one in lists.values()), default=now_s)

    return trusted_s


@contextmanager
def named_root(path: Path | None) -> Iterator[bytes]:
    """Yield the root of the repository. Raises `ConfigError` where it is none."""
    try:
        yield path.read_bytes() if path else b""
    except (OSError, TrustError) as error:
        raise ConfigError(f"{path}: is no root of a repository: {error}") from error


def installed_version(path: Path = OS_RELEASE) -> str:
    """Return the version of the image that runs; of this program where there is no image."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return fields.get("IMAGE_VERSION", "").strip("\"'") or __version__


def take_firmware(start: Start, kept: Kept, spoken: Spoken, trusting: Trusted) -> Firmware:
    """Build what takes campaigns. Raises `ConfigError`."""
    folder = Folder(start.places.update)
    with named_root(root_of(start.config.hub.root, start.places.identity)) as root:
        client = Client(folder.path / TRUST, root, trusting.fetcher)
    source = Source(client, trusted(trusting.lists))

    async def fetch(part: Part, came: Callable[[], object]) -> None:
        line = Line(Pace(kbit=start.config.hub.bulk_kbit))
        download = Download(start.config.node.name, part, line, came)
        await Session(bulk_terms(start, line), download, lambda: 0, BACKOFF).forever()
        if download.failed:
            raise download.failed

    machines = Machines(
        folder, Rauc(), Logind(folder.path), source.find, fetch, kept.minutes.put,
        kept.moments.now,
    )  # fmt: skip
    firmware = Firmware(machines, installed_version())
    spoken.handlers[topic.CAMPAIGN] = firmware.hear
    return firmware


def bulk_terms(start: Start, line: Line) -> Terms:
    """Return with whom the second connection is made.

    A client id takes over the session of whoever had it: to the same brokers it is another one.
    Brokers that take it from the certificate need a place of their own for this.
    """
    node, hub = start.config.node.name, start.config.hub
    client = node if hub.bulk_brokers else f"{node}.{BULK}"
    return Terms(
        node, hub.bulk_brokers or hub.brokers, start.identity, hub.keepalive_s, client=client,
        lasting=False, tune=line.tune,
    )  # fmt: skip
