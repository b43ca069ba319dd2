# SPDX-License-Identifier: Apache-2.0
"""Under which licence everything is that is locked, and whether it may be where it is.

    python -m tests.licences            writes `image/LICENCES.md` anew

Asked of the packages as installed: their own expression (PEP 639), else their classifiers.
"""

import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

from image.wheels import closure, locked, runtime

ROOT = Path(__file__).parent.parent
WRITTEN = ROOT / "image" / "LICENCES.md"
SHORT = {"Apache Software License": "Apache-2.0", "MIT License": "MIT", "ISC License (ISCL)": "ISC"}
LONG = {"Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "BSD License": "BSD"}

FREE = frozenset({
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0",
})  # fmt: skip
"What may be linked with ours and sold in a box, its notice beside it."
MAY: Mapping[str, frozenset[str]] = {
    "appliance": FREE,
    "hub": FREE | {"LGPL-3.0-only"},  # imported as it is, and can be replaced
    "tests": FREE | {"GPL-2.0-only", "LGPL-3.0-only", "MPL-2.0", "OLDAP-2.8", "any-OSI"},
}
"What may be where: tests are handed to nobody but with their source."

HEAD = """# Licences

Ours is Apache-2.0. What is built upon, as its own metadata names it; made by
`python -m tests.licences`, compared by the tests, which also refuse what may not be where it is.
Where a package offers a choice (`OR`), the one that is permitted there is taken: pyroute2 under
Apache-2.0, paho-mqtt under BSD-3-Clause.

Debian's packages in the image are of its section *main*, but for the loader of the Raspberry Pi
(raspi-firmware, of *non-free-firmware*: to be used on that board alone). Each has its licence in
`/usr/share/doc/*/copyright` of its package, and is named with version and hash in the image's
`sbom.json`, as are the wheels below. The rig adds labgrid (LGPL-2.1-or-later) in an environment of
its own.
"""


class Built(NamedTuple):
    """A package that is built upon."""

    name: str
    where: str
    "appliance, hub or tests: the first of these that needs it."
    licence: str


def found() -> list[Built]:
    """Return all that is locked and installed here, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    appliance = {one.name for one in runtime()}
    hub = {one.name for one in closure(lock, project["optional-dependencies"]["hub"])}
    return [
        Built(name, _where(name, appliance, hub), licence)
        for name in sorted(lock)
        if (licence := licence_of(name))
    ]


def _where(name: str, appliance: set[str], hub: set[str]) -> str:
    if name in appliance:
        return "appliance"
    return "hub" if name in hub else "tests"


def licence_of(name: str) -> str:
    """Return what a package says of itself; empty if it is not installed here."""
    try:
        said = metadata(name)
    except PackageNotFoundError:  # locked for another Python
        return ""
    if "License-Expression" in said:
        return said["License-Expression"]
    kinds = [
        one.rpartition(" :: ")[2]
        for one in said.get_all("Classifier", [])
        if one.startswith("License ::") and not one.endswith("OSI Approved")
    ]
    names = [SHORT.get(kind) or LONG.get(kind, kind) for kind in kinds]
    return " OR ".join(sorted(names)) or next(iter(said.get_all("License", [])), "unknown")


def is_permitted(built: Built) -> bool:
    """Whether a package may be where it is: one of its choices, with all that this one joins."""
    may = MAY[built.where]
    choices = built.licence.split(" OR ")
    return any(all(part in may for part in choice.split(" AND ")) for choice in choices)


def page(all_of_it: list[Built]) -> str:
    """Return the document."""
    lines = [HEAD, "| package | where | licence |", "|---|---|---|"]
    order = {where: place for place, where in enumerate(MAY)}
    built = sorted(all_of_it, key=lambda one: (order[one.where], one.name))
    rows = [f"| {one.name} | {one.where} | {one.licence} |" for one in built]
    return "\n".join([*lines, *rows]) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(page(found()), encoding="utf-8")
    sys.stdout.write(f"{WRITTEN}\n")
