# SPDX-License-Identifier: Apache-2.0
"""Updates that must not be installed, each refused by RAUC itself and told under its name."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.update.rauc import _refused
from edge.update.state import Why
from image import bundle, keys
from image.board import X86_64
from image.build import tools_of
from image.command import BuildError, Inside, Progress
from image.keys import Keys

pytestmark = [pytest.mark.image, pytest.mark.root, pytest.mark.peer("mmdebstrap")]

EPOCH = 1_764_115_200
ASKED = """\
[system]
compatible={compatible}
bootloader=noop
bundle-formats=verity

[keyring]
path={keyring}
check-purpose=codesign-rauc
"""
OCTETS = 300_000


class Works(NamedTuple):
    """Where bundles are made and looked at."""

    folder: Path
    tools: Inside
    own: Keys

    def bundle(self, by: Keys | None = None) -> Path:
        """Return a bundle of small images."""
        for name in ("boot.img", "system.img"):
            (self.folder / name).write_bytes(random.Random(name).randbytes(OCTETS))
        return bundle.make(X86_64, "1.2.0", EPOCH, self.folder, by or self.own, self.tools)

    def look(self, path: Path) -> str:
        """Return what RAUC says against a bundle; empty if it takes it."""
        conf = self.folder / "asked.conf"
        conf.write_text(ASKED.format(compatible=X86_64.compatible, keyring=self.own.keyring))
        try:
            self.tools.run(["rauc", f"--conf={conf}", "info", path])
        except BuildError as refusal:
            return str(refusal)
        return ""


@pytest.fixture
def works(tmp_path: Path) -> Works:
    tools = Inside(tools_of(EPOCH, Progress()), tmp_path)
    return Works(tmp_path, tools, keys.development(tmp_path / "keys"))


def truncated(works: Works, _patch: pytest.MonkeyPatch) -> Path:
    path = works.bundle()
    path.write_bytes(path.read_bytes()[: OCTETS // 2])
    return path


def flipped(works: Works, _patch: pytest.MonkeyPatch) -> Path:
    """A bit of the manifest within the signature; one of an image is found block by block."""
    path = works.bundle()
    octets = bytearray(path.read_bytes())
    octets[octets.index(b"version=1.2.0") + len("version=1.")] ^= 1
    path.write_bytes(octets)
    return path


def by_somebody_else(works: Works, _patch: pytest.MonkeyPatch) -> Path:
    return works.bundle(keys.development(works.folder / "others"))


def expired(works: Works, patch: pytest.MonkeyPatch) -> Path:
    """The certificate that signs ended years ago; its authority has not."""
    end, issue = keys.BEGIN.replace(year=2021), keys._issue

    def ending(name: str, key: Any, issuer: Any) -> Any:
        with patch.context() as patched:
            if issuer is not None:
                patched.setattr(keys, "END", end)
            return issue(name, key, issuer)

    patch.setattr(keys, "_issue", ending)
    patch.setattr(bundle, "SYSTEM", "[system]\ncompatible={compatible}\nbootloader=noop\n")
    made = keys.development(works.folder / "expired")
    works.own.keyring.write_bytes(made.keyring.read_bytes())
    return works.bundle(made)


def plain(works: Works, patch: pytest.MonkeyPatch) -> Path:
    patch.setattr(bundle, "MANIFEST", bundle.MANIFEST.replace("verity", "plain"))
    return works.bundle()


Make = Callable[[Works, pytest.MonkeyPatch], Path]


@pytest.mark.parametrize(("make", "why"), [
    (truncated, Why.BUNDLE), (flipped, Why.SIGNATURE), (by_somebody_else, Why.SIGNATURE),
    (expired, Why.SIGNATURE), (plain, Why.PLAIN),
])  # fmt: skip
def test_a_bad_bundle_is_refused_and_named(
    works: Works, monkeypatch: pytest.MonkeyPatch, make: Make, why: Why
) -> None:
    said = works.look(make(works, monkeypatch)).splitlines()
    assert said
    assert _refused(said[-1]).why == why.value, said


def test_a_good_one_is_taken(works: Works) -> None:
    assert works.look(works.bundle()) == ""
