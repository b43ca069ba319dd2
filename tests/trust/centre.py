# SPDX-License-Identifier: Apache-2.0
"""A centre and an appliance in two folders: keys, repository, desk, store, client."""

import msgspec
from securesystemslib.signer import CryptoSigner

from edge.blocklist.apply import Settings, Updates
from edge.blocklist.desk import Desk
from edge.blocklist.manifest import Guards, write_manifest
from edge.blocklist.store import Store
from edge.trust.client import Client
from edge.trust.fetch import LocalFetcher
from edge.trust.repository import Repository
from edge.trust.roles import LIST_SIDES
from tests.blocklist.images import entry

NOW = 1_900_000_000
"Later than the machine's clock may be: what is signed then has not expired now."
DAY = 86_400
HOSPITAL = "77172000999"
GUARDS = Guards()


class Centre:
    """A repository for the lists `fraud` and `spam`, with a key for each role."""

    def __init__(self, folder, lists=("fraud", "spam")):
        self.folder = folder
        self.root, self.online = (CryptoSigner.generate_ed25519() for _ in range(2))
        self.keys = {
            (name, side): CryptoSigner.generate_ed25519() for name in lists for side in LIST_SIDES
        }
        self.repository = Repository(folder)
        self.repository.create(self.root, self.online, NOW)
        for name in lists:
            public = {side: self.keys[name, side].public_key for side in LIST_SIDES}
            self.repository.delegate(name, public, self.root, self.online, NOW)

    def desk(self, name="fraud"):
        return Desk(self.folder / "lists" / name, self.repository.blobs, name)

    def sign(self, name="fraud", sides=LIST_SIDES, now_s=NOW, guards=GUARDS, days=30):
        desk = self.desk(name)
        manifest = desk.prepare(now_s, days, guards)
        for side in sides:
            self.repository.sign(name, side, desk.manifest, self.keys[name, side], now_s)
        return manifest

    def publish(self, name="fraud", now_s=NOW, **more):
        """Prepare, sign twice, publish; return the manifest."""
        manifest = self.sign(name, now_s=now_s, **more)
        self.repository.publish(name, self.desk(name).manifest, self.online, now_s)
        self.desk(name).publish()
        return manifest

    def force(self, octets, name="fraud"):
        """Sign twice and publish whatever octets as a manifest."""
        desk = self.desk(name)
        desk.manifest.write_bytes(octets)
        for side in LIST_SIDES:
            self.repository.sign(name, side, desk.manifest, self.keys[name, side], NOW)
        self.repository.publish(name, desk.manifest, self.online, NOW)

    def forge(self, name="fraud", **fields):
        """Sign twice and publish the next version with some fields of its manifest replaced."""
        manifest = self.desk(name).prepare(NOW, 30, Guards())
        self.force(write_manifest(msgspec.structs.replace(manifest, **fields)), name)

    def add(self, *texts, name="fraud", **more):
        self.desk(name).edit(added=[entry(text, **more) for text in texts])


class Box:
    """An appliance that follows one list."""

    def __init__(self, folder, centre, name="fraud", fetcher=None, guards=None, root=None):
        self.store = Store(folder / "lists", name)
        fetcher = fetcher or LocalFetcher(centre.folder)
        self.client = Client(folder / "trust", root or centre.repository.root(), fetcher)
        guards = guards or Guards(canaries=(HOSPITAL,))
        self.updates = Updates(self.store, self.client, Settings("astana-1", guards))

    def update(self, now_s=NOW + 1):
        return self.updates.update(now_s)

    @property
    def version(self):
        found = self.store.open()
        return found.version if found else 0

    def everything(self):
        """Return all that an attack must not change."""
        return {
            path.name: path.read_bytes()
            for path in sorted(self.store.current.parent.iterdir())
            if path.is_file()
        }
