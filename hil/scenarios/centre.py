# SPDX-License-Identifier: Apache-2.0
"""Lists that no box may take: signed by one side alone, or by both and yet beyond the guards."""

from pathlib import Path

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Targets

from edge.blocklist.csvfile import entry_of
from edge.blocklist.entry import Entry
from edge.blocklist.manifest import Guards
from edge.trust.repository import Repository
from edge.trust.roles import TARGETS, role_of
from hil.demo.region import LIST, Centre

DAYS = 30
OPERATOR = "operator"


def blocking(pattern: str) -> Entry:
    """Return an entry that blocks all that call from a number or a prefix."""
    return entry_of({
        "pattern": pattern, "party": "calling", "action": "block", "category": "bank security",
        "basis": "RIG-WRONG",
    })  # fmt: skip


class OneSided(Repository):
    """A repository in which one side alone puts a list in force, which the true one refuses."""

    def force(self, side: str, manifest: Path, online: Signer, now_s: int) -> None:
        """Put in force what one side has signed."""
        name = role_of(LIST, side)
        waiting = self.pending / f"{name}.json"
        metadata: Metadata[Targets] = Metadata.from_file(str(waiting))
        (target,) = metadata.signed.targets.values()
        place = self.folder / TARGETS / LIST / side
        named = place / f"{target.hashes['sha256']}.{manifest.name}"
        named.write_bytes(manifest.read_bytes())
        self._save(name, metadata)
        waiting.unlink()
        self._bind(online, now_s)


class WrongCentre(Centre):
    """The centre's keys in the hands of somebody who may not use them so."""

    def __init__(self, centre: Centre) -> None:
        """Take over what a centre has."""
        self.__dict__.update(vars(centre))

    def alone(self, entry: Entry, now_s: int) -> None:
        """Publish a list with one more entry, which the operator alone has signed."""
        desk = self._desk()
        desk.edit(added=[entry])
        desk.prepare(now_s, DAYS, Guards())
        self._repository.sign(LIST, OPERATOR, desk.manifest, self._keys[OPERATOR], now_s)
        repository = OneSided(self.folder)
        repository.force(OPERATOR, desk.manifest, self._online, now_s)
        desk.edit(removed=[entry])

    def edit(
        self, now_s: int, *, added: tuple[Entry, ...] = (), removed: tuple[Entry, ...] = (),
        guards: Guards = Guards(),  # noqa: B008 - frozen
    ) -> int:  # fmt: skip
        """Publish a list that both sides have signed, whatever is in it; return its version."""
        desk = self._desk()
        desk.edit(added=added, removed=removed)
        manifest = desk.prepare(now_s, DAYS, guards)
        for side, key in self._keys.items():
            self._repository.sign(LIST, side, desk.manifest, key, now_s)
        self._repository.publish(LIST, desk.manifest, self._online, now_s)
        desk.publish()
        return manifest.version
