# SPDX-License-Identifier: Apache-2.0
"""The update of the same build: a RAUC bundle, checked block by block while it is read."""

import os
import shutil
from pathlib import Path

from image.board import Board
from image.command import Inside
from image.keys import Keys

MANIFEST = """\
[update]
compatible={compatible}
version={version}
build={epoch}

[bundle]
format=verity

[image.boot]
filename=boot.img

[image.system]
filename=system.img
"""
"""Boot before system: a slot whose system was written has its kernel already. Without an index of
blocks (`adaptive=`): the bundle is here as a whole, and hashing both slots takes longer than to
write one."""

SYSTEM = """\
[system]
compatible={compatible}
bootloader=noop

[keyring]
path={keyring}
check-purpose=codesign-rauc
"""
"Has the bundle checked as the appliance will check it."

PACKING = "-comp zstd -Xcompression-level 6 -processors 2"


def make(board: Board, version: str, epoch: int, images: Path, keys: Keys, tools: Inside) -> Path:
    """Return the bundle of `boot.img` and `system.img` in the folder `images`.

    Raises:
        BuildError: rauc refused; wrong keys among other reasons.
    """
    content, bundle = images / "bundle", images / f"{board.compatible}-{version}.raucb"
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir()
    text = MANIFEST.format(compatible=board.compatible, version=version, epoch=epoch)
    (content / "manifest.raucm").write_text(text, encoding="utf-8")
    for name in ("boot.img", "system.img"):
        os.link(images / name, content / name)
    bundle.unlink(missing_ok=True)
    settings = images / "rauc.conf"
    settings.write_text(
        SYSTEM.format(compatible=board.compatible, keyring=keys.keyring), encoding="utf-8"
    )
    tools.run(
        ["rauc", f"--conf={settings}", f"--cert={keys.signer}", f"--key={keys.key}", "bundle",
         f"--mksquashfs-args={PACKING}", content, bundle],
        environ={"SOURCE_DATE_EPOCH": str(epoch)},
    )  # fmt: skip
    shutil.rmtree(content)
    return bundle
