# SPDX-License-Identifier: Apache-2.0
"""Asks Debian: which packages a wish leads to, and their files. From the mirror of this machine."""

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from image.board import SUITE
from image.command import BuildError, run
from image.lock import Package

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
AREAS = "main non-free-firmware"
"The second for what a Raspberry Pi reads before any program of Debian."
TARGETS = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
LINE = re.compile(r"'[^']+' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha>[0-9a-f]{64})")


class Apt:
    """An apt of its own for one kind of processor; the one of this machine is only asked."""

    def __init__(self, folder: Path, processor: str) -> None:
        """Keep its state in `folder`."""
        self._folder = folder / processor
        self._processor = processor

    def refresh(self) -> None:
        """Fetch the indexes anew.

        Raises:
            BuildError: No mirror is known, or none answers.
        """
        for name in ("lists/partial", "archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "etc" / "sources.list").write_text("".join(_sources()), encoding="utf-8")
        self._get("-qq", "update")

    def resolve(self, wishes: Sequence[str], *, essential: bool) -> list[Package]:
        """Return all packages that the wishes lead to, by name.

        Raises:
            BuildError: One of them is not there.
        """
        first = ["?and(?essential,?not(?name(^apt$)))"] if essential else []
        said = self._get(
            "-qq", "--print-uris", "-o", "Acquire::ForceHash=SHA256", "install", *first, *wishes
        )
        found = [LINE.fullmatch(line) for line in said.splitlines()]
        packages = [Package(m["sha"], int(m["size"]), m["file"]) for m in found if m]
        if not packages:
            raise BuildError(f"apt names no package for: {' '.join(wishes)}")
        return sorted(packages, key=lambda package: package.file)

    def fetch(self, packages: Iterable[Package], depot: Path) -> None:
        """Fetch the files that are not in the depot yet.

        Raises:
            BuildError: The mirror has another version by now, or another file.
        """
        missing = [package for package in dict.fromkeys(packages) if not package.is_in(depot)]
        if not missing:
            return
        self.refresh()
        draft = depot / "partial"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        wanted = [f"{p.name}:{p.processor}={p.version}" for p in missing]
        try:
            run(["env", "-C", draft, "apt-get", *self._options(), "-qq", "download", *wanted])
        except BuildError as error:
            raise BuildError(f"{error}\nThe mirror has moved on: `make image-lock`") from error
        for package in missing:
            (draft / package.file).rename(depot / package.file)
            if not package.is_in(depot):
                raise BuildError(f"{package.file} is not the one in packages.lock")

    def _get(self, *words: str) -> str:
        return run(["apt-get", *self._options(), *words])

    def _options(self) -> list[str]:
        folder = self._folder
        chosen = {
            "Dir::State": folder,
            "Dir::State::status": folder / "status",
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder,
            "Dir::Cache::archives": folder / "archives",
            "Dir::Etc": folder / "etc",
            "APT::Architecture": self._processor,
            "APT::Architectures": self._processor,
            "APT::Install-Recommends": "0",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "5",
            # without it an index that did not come is a warning, and nothing is found afterwards
            "APT::Update::Error-Mode": "any",
        }
        return [word for key, value in chosen.items() for word in ("-o", f"{key}={value}")]


def _sources() -> list[str]:
    """Return the lines of sources.list: the mirrors that this machine uses, for our suite."""
    said = run(["apt-get", "indextargets", "--format", TARGETS, "Created-By: Packages"])
    lines = set()
    for line in said.splitlines():
        origin, label, address = line.split("|", 2)
        if origin == "Debian":
            suites = [f"{SUITE}-security"] if "Security" in label else [SUITE, f"{SUITE}-updates"]
            lines |= {f"deb [signed-by={KEYRING}] {address} {suite} {AREAS}\n" for suite in suites}
    if not lines:
        raise BuildError("apt of this machine names no Debian mirror: `apt-get update` first")
    return sorted(lines)
