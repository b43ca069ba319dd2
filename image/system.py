# SPDX-License-Identifier: Apache-2.0
"""The tree of the system: Debian, drivers, the program, units; without all that is not used."""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.update import migrate
from image import modules
from image.board import PYTHON, Board
from image.command import BuildError, Inside, run
from image.places import FILES, HERE, SOURCE, listed

HOME = "usr/lib/qalqan"
UNITS = ("*.service", "*.target", "*.path", "*.timer", "*.socket")
FROM_SYSTEMD = {
    "sysusers.d": "usr/lib/sysusers.d",
    "tmpfiles.d": "usr/lib/tmpfiles.d",
    "system-preset": "usr/lib/systemd/system-preset",
    "journald.conf.d": "usr/lib/systemd/journald.conf.d",
    "system.conf.d": "usr/lib/systemd/system.conf.d",
    "dbus-1/system.d": "etc/dbus-1/system.d",
    "drop-ins": "usr/lib/qalqan/drop-ins",
}
"Folders of `systemd/`, and where the system looks for them."

MASKED = listed("units_masked")
"What a box without users, of a system that never changes, has no use for."

DROPPED = listed("files_dropped")
"Patterns of what is removed once all is set up: it is used to set up, or by nobody."

SET_ID = stat.S_ISUID | stat.S_ISGID

SHADOWED = ("data", "efi", "var", "boot", "etc/qalqan")
"Empty folders that something is mounted on."


class Builder:
    """One system being made."""

    def __init__(self, board: Board, root: Path, tools: Inside, epoch: int) -> None:
        """Begin with an empty folder."""
        self.board = board
        self.root = root
        self._tools = tools
        self._environ = {"SOURCE_DATE_EPOCH": str(epoch)}
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)

    def unpack(self, base: Path, unpacked: Path) -> Path:
        """Lay down Debian and the drivers; return `lib/modules/VERSION`.

        Raises:
            BuildError: A driver that is needed is not there any more.
        """
        run(["tar", "--extract", "--numeric-owner", "--xattrs", "-C", self.root, "-f", base])
        source = next((unpacked / "usr/lib/modules").iterdir())
        tree = self.root / "usr/lib/modules" / source.name
        shutil.copytree(source, tree)
        modules.prune(tree)
        if missing := modules.missing(tree, self.board.name):
            raise BuildError(f"drivers are missing: {', '.join(missing)}: image/modules.py")
        self._tools.run(["depmod", "--basedir", self.root, tree.name])
        return tree

    def add_house(self, site: Path, names: Mapping[str, str], keyring: Path) -> None:
        """Add the program, the units and the files; `names` fill `@name@` in files `*.in`."""
        home = self.root / HOME
        shutil.copytree(site, home / "site-packages")
        self._text("usr/lib/python3/dist-packages/qalqan.pth", f"/{HOME}/site-packages\n")
        self.overlay(FILES, names)
        for pattern in UNITS:
            for path in sorted((SOURCE / "systemd").glob(pattern)):
                self._copy(path, self.root / "usr/lib/systemd/system" / path.name)
        for folder, place in FROM_SYSTEMD.items():
            for path in sorted((SOURCE / "systemd" / folder).glob("*.*")):
                self._copy(path, self.root / place / path.name)
        self._copy(keyring, self.root / "etc/rauc/keyring.pem")
        own = migrate.own_schema()
        self._text(f"{HOME}/schema.json", migrate.written(own).decode())
        if own.v == 1:  # a folder of the first version need not say so
            self._text(f"{HOME}/schema-is-first", "")
        for name in ("LICENSE", "README.md"):
            if (SOURCE / name).exists():
                self._copy(SOURCE / name, self.root / "usr/share/doc/qalqan" / name)

    def overlay(self, folder: Path, names: Mapping[str, str]) -> None:
        """Lay a folder over the system; git keeps no modes but `x`."""
        for path in sorted(folder.rglob("*")):
            target = self.root / path.relative_to(folder)
            if path.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                target.symlink_to(path.readlink())
            elif path.suffix == ".in":
                text = path.read_text(encoding="utf-8")
                for name, value in names.items():
                    text = text.replace(f"@{name}@", value)
                self._text(str(target.with_suffix("").relative_to(self.root)), text)
            elif path.is_file():
                self._copy(path, target)

    def set_up(self, version: str, epoch: int) -> None:
        """Make users, choose what starts, name the version.

        Raises:
            BuildError: systemd's tools refused a file of ours.
        """
        inside = Inside(self.root)
        inside.run(["systemd-sysusers"], environ=self._environ)
        inside.run(["systemctl", "preset-all"], environ=self._environ)
        units = self.root / "etc/systemd/system"
        for name in MASKED:
            (units / name).unlink(missing_ok=True)
            (units / name).symlink_to("/dev/null")
        release = self.root / "usr/lib/os-release"
        text = release.read_text(encoding="utf-8")
        text += f"IMAGE_ID={self.board.compatible}\nIMAGE_VERSION={version}\n"
        release.write_text(text, encoding="utf-8")
        self._text("etc/hostname", "qalqan\n")
        self._text("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        self._link("etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf")
        self._link("etc/localtime", "/usr/share/zoneinfo/UTC")
        self._link("etc/mtab", "../proc/self/mounts")
        self._text("usr/lib/clock-epoch", "")
        os.utime(self.root / "usr/lib/clock-epoch", (epoch, epoch))

    def finish(self, bill: Mapping[str, Any]) -> None:
        """Compile Python, keep the bill of materials, remove what is not used."""
        self._text(f"{HOME}/sbom.json", json.dumps(bill, indent=1) + "\n")
        for pattern in DROPPED:
            for path in sorted(self.root.glob(pattern)):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        for path in self.root.rglob("*"):
            if not path.is_symlink() and path.stat().st_mode & SET_ID and path.is_file():
                path.chmod(path.stat().st_mode & ~SET_ID & 0o7777)  # units give rights, files none
        for path in sorted(self.root.rglob("__pycache__")):
            shutil.rmtree(path)
        self._tools.run(
            ["python3", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode",
             "unchecked-hash", "-s", self.root, "-p", "/", self.root / "usr/lib/python3",
             self.root / f"usr/lib/python{PYTHON}", self.root / HOME / "site-packages"],
        )  # fmt: skip
        self._text("etc/machine-id", "")
        (self.root / "etc/machine-id").chmod(0o444)
        for name in SHADOWED:
            (self.root / name).mkdir(exist_ok=True)
        self._text(f"{HOME}/image-id", self._digest() + "\n")

    def _digest(self) -> str:
        """Return what changes whenever a file of the system does."""
        whole = hashlib.sha256()
        for path in sorted(self.root.rglob("*")):
            whole.update(f"{path.relative_to(self.root)}\0{path.lstat().st_mode:o}\0".encode())
            if path.is_symlink():
                whole.update(str(path.readlink()).encode())
            elif path.is_file():
                with path.open("rb") as file:
                    whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()

    def _text(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")

    def _link(self, name: str, target: str) -> None:
        path = self.root / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def data_tree(place: Path) -> None:
    """Lay out what the data partition begins with."""
    shutil.rmtree(place, ignore_errors=True)
    for name in ("qalqan", "log", "systemd", "rauc"):
        (place / name).mkdir(parents=True)


def profile(name: str) -> Path | None:
    """Return what a profile lays over the system; None for the one that is sold.

    Raises:
        BuildError: There is no such profile.
    """
    folder = HERE / "profiles" / name
    if name == "production":
        return None
    if not folder.is_dir():
        raise BuildError(f"no profile {name!r}; there are: production, hil")
    return folder
