# SPDX-License-Identifier: Apache-2.0
"""A centre that gives out firmware, and bundles that look like RAUC's from outside."""

import random
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from edge.trust.repository import Repository
from edge.trust.roles import FIRMWARE, FIRMWARE_SIDES
from edge.update.desk import FirmwareDesk
from edge.update.manifest import Manifest, write_manifest

NOW = 1_900_000_000
"Later than the machine's clock may be: what is signed then has not expired now."
PRODUCT = "qalqan-edge-x86_64"
MIB = 1 << 20


def bundle(
    path: Path,
    version: str = "1.2.0",
    compatible: str = PRODUCT,
    format_: str = "verity",
    octets: int = MIB + 12_345,
) -> Path:
    """Write what has the shape of a bundle: image, signature with a manifest, its length."""
    image = random.Random(version).randbytes(octets)
    text = f"[update]\ncompatible={compatible}\nversion={version}\n\n[bundle]\nformat={format_}\n"
    signature = b"\x30\x82\x05\x00\x06\x09" + text.encode() + b"\x00\xa0\x82\x03" + bytes(600)
    if format_ == "plain":
        signature = b"\x30\x82\x05\x00\x06\x09" + bytes(700)
    path.write_bytes(image + signature + len(signature).to_bytes(8))
    return path


class Works:
    """A repository in which release and operations sign."""

    def __init__(self, folder: Path, now_s: int = NOW):
        self.folder = folder
        self.now_s = now_s
        self.root, self.online = (CryptoSigner.generate_ed25519() for _ in range(2))
        self.keys = {side: CryptoSigner.generate_ed25519() for side in FIRMWARE_SIDES}
        self.repository = Repository(folder)
        self.repository.create(self.root, self.online, now_s)
        public = {side: key.public_key for side, key in self.keys.items()}
        self.repository.delegate(FIRMWARE, public, self.root, self.online, now_s)
        self.desk = FirmwareDesk(self.repository)

    def give(self, version: str = "1.2.0", **more):
        """Make a bundle, sign and publish it; returns its release."""
        fields = {key: more.pop(key) for key in ("min_from", "downgrade_from") if key in more}
        path = bundle(self.folder / f"{version}.raucb", version, **more)
        release = self.desk.add(path, **fields)
        self.publish()
        return release

    def publish(self, sides=FIRMWARE_SIDES, days: int = 30) -> Manifest:
        manifest = self.desk.prepare(self.now_s, days)
        self.sign(sides)
        return manifest

    def force(self, manifest: Manifest) -> None:
        """Sign and publish whatever manifest."""
        self.desk.manifest.write_bytes(write_manifest(manifest))
        self.sign(FIRMWARE_SIDES)

    def sign(self, sides) -> None:
        for side in sides:
            self.repository.sign(FIRMWARE, side, self.desk.manifest, self.keys[side], self.now_s)
        self.repository.publish(FIRMWARE, self.desk.manifest, self.online, self.now_s)
