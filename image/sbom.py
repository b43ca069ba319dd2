# SPDX-License-Identifier: Apache-2.0
"""What is inside, as a CycloneDX 1.6 bill of materials: Debian's packages, wheels, our own."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from image.board import SUITE, Board
from image.filesystems import named
from image.lock import Package


def bill(
    board: Board, version: str, epoch: int, packages: Iterable[Package], wheels: Iterable[Path]
) -> dict[str, Any]:
    """Return the bill; the same for the same contents."""
    product = {
        "type": "firmware",
        "bom-ref": board.compatible,
        "name": board.compatible,
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    parts = [*map(_debian, packages), *map(_wheel, wheels)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{named(board.compatible, version, str(epoch), 'sbom')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": product,
        },
        "components": parts,
        "dependencies": [
            {"ref": board.compatible, "dependsOn": [part["bom-ref"] for part in parts]}
        ],
    }


def _debian(package: Package) -> dict[str, Any]:
    address = (
        f"pkg:deb/debian/{quote(package.name)}@{quote(package.version)}"
        f"?arch={package.processor}&distro={SUITE}"
    )
    return _part("library", address, package.name, package.version, package.sha256)


def _wheel(path: Path) -> dict[str, Any]:
    name, version = path.name.split("-")[:2]
    name = re.sub(r"[-_.]+", "-", name).lower()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return _part("library", f"pkg:pypi/{name}@{version}", name, version, sha256)


def _part(kind: str, address: str, name: str, version: str, sha256: str) -> dict[str, Any]:
    return {
        "type": kind,
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }
