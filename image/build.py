# SPDX-License-Identifier: Apache-2.0
"""Builds the image of one board, and its update: `python -m image.build`, `make image`."""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from edge import __version__
from image import bundle, disk, filesystems, firmware, initrd, keys, loader, root, sbom, wheels
from image.apt import Apt
from image.board import BOARDS, MIB, PARTITIONS, X86_64, Board
from image.command import BuildError, Inside, Progress, run
from image.lock import Lock, Package, digest, read
from image.places import DEBIAN_LOCK, DEPOT, KEYS, MADE, SOURCE, WHEELS
from image.system import Builder, data_tree, profile

BOOT_SIZE = 40 * MIB
"Of the file system that is written to a boot slot: an update carries it as it is."
COUNTED_MB = 170
"What the compressed image may be, in 10^6 octets."


class Wish(NamedTuple):
    """What is asked for."""

    board: Board
    profile: str
    version: str
    epoch: int
    overlay: Path | None
    out: Path
    keys: keys.Keys
    bundle: bool
    disk: bool
    fresh: bool
    "Whether even our wheel is made anew."


def build(wish: Wish, progress: Progress) -> dict[str, Any]:
    """Build; return sizes and hashes of what was made, by name.

    Raises:
        BuildError: It cannot be built; says why.
    """
    lock = read(DEBIAN_LOCK)
    system, unpacked = lock[f"{wish.board.name}.system"], lock[f"{wish.board.name}.unpacked"]
    packages = _fetch(lock, wish.board, progress)
    tools_root = _root("tools", packages["tools"], wish.epoch, progress)
    base = _root(f"{wish.board.name}.system", system, 0, progress, suffix=".tar")
    laid_out = _unpack(wish.board, unpacked, tools_root, progress)
    wish.out.mkdir(parents=True, exist_ok=True)
    tools = Inside(tools_root, wish.out, laid_out, wish.keys.key.parent)

    others = wheels.fetch(wheels.runtime(), wish.board)
    own = _own_wheel(wish, tools_root, laid_out, progress)
    site = wish.out / "site"
    shutil.rmtree(site, ignore_errors=True)
    wheels.unpack([*others, own], site)

    progress.say("system: laying it out")
    builder = Builder(wish.board, wish.out / "root", tools, wish.epoch)
    tree = builder.unpack(base, laid_out)
    names = {"compatible": wish.board.compatible, "watchdog_s": str(wish.board.watchdog_s)}
    builder.add_house(site, names, wish.keys.keyring)
    for folder in (profile(wish.profile), wish.overlay):
        if folder is not None:
            builder.overlay(folder, {})
    builder.set_up(wish.version, wish.epoch)
    bill = sbom.bill(wish.board, wish.version, wish.epoch, [*system, *unpacked], [*others, own])
    (wish.out / "sbom.json").write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    initrd.gather(laid_out, tree, tools, wish.out / "initrd")
    builder.finish(bill)
    made = _images(wish, laid_out, tools, progress)
    return _report(wish, made, progress)


def tools_of(epoch: int, progress: Progress) -> Path:
    """Return the root with the programs that write x86-64 images; made if it is not there."""
    packages = _fetch(read(DEBIAN_LOCK), X86_64, progress)
    return _root("tools", packages["tools"], epoch, progress)


def _own_wheel(wish: Wish, tools_root: Path, laid_out: Path, progress: Progress) -> Path:
    """Return our wheel; the one of the last build if nothing of it has changed."""
    name = f"{wish.board.name}-own-{wheels.state(tools_root, laid_out)}-{wish.epoch}"
    kept = WHEELS / name
    if wish.fresh or not kept.exists():
        progress.say("program: compiling the wheel")
        foreign = None if wish.board is X86_64 else laid_out
        own = wheels.build(wish.board, tools_root, wish.out / "own", wish.epoch, foreign)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        shutil.copy2(own, kept / own.name)
    return next(kept.glob("*.whl"))


def _fetch(lock: Lock, board: Board, progress: Progress) -> dict[str, list[Package]]:
    """Fetch all packages; return them by root."""
    progress.say("packages: fetching what is not here yet")
    DEPOT.mkdir(parents=True, exist_ok=True)
    tools = [*lock["tools"], *(lock["cross"] if board is not X86_64 else [])]
    Apt(MADE / "apt", "amd64").fetch(tools, DEPOT)
    others = [*lock[f"{board.name}.system"], *lock[f"{board.name}.unpacked"]]
    Apt(MADE / "apt", board.debian).fetch(others, DEPOT)
    return {"tools": tools}


def _root(
    name: str, packages: list[Package], epoch: int, progress: Progress, suffix: str = ""
) -> Path:
    """Return a root made of packages; kept from one build to the next."""
    place = MADE / f"{name}-{digest(packages)}{suffix}"
    if not place.exists():
        progress.say(f"{name}: installing {len(packages)} packages")
        root.make(packages, DEPOT, place, epoch)
    return place


def _unpack(board: Board, packages: list[Package], tools: Path, progress: Progress) -> Path:
    """Return a folder with the packages that are not installed, only unpacked."""
    place = MADE / f"{board.name}.unpacked-{digest(packages)}"
    if not place.exists():
        progress.say(f"kernel: unpacking {len(packages)} packages")
        draft = place.with_name("draft-" + place.name)
        shutil.rmtree(draft, ignore_errors=True)
        for package in packages:
            run(["dpkg-deb", "-x", DEPOT / package.file, draft])
        version = next((draft / "usr/lib/modules").iterdir()).name
        Inside(tools, draft).run(["depmod", "--basedir", draft / "usr", version])
        draft.rename(place)
    return place


def _images(wish: Wish, laid_out: Path, tools: Inside, progress: Progress) -> dict[str, Path]:
    """Write the file systems, the bundle and the disk."""
    out, epoch, name = wish.out, wish.epoch, f"{wish.board.name} {wish.version}"
    progress.say("system: EROFS")
    filesystems.erofs(out / "root", out / "system.img", name, tools, epoch)
    progress.say("boot: RAM disk and loader")
    raw = out / "initrd.cpio"
    raw.write_bytes(initrd.pack(out / "initrd", epoch))
    tools.run(["zstd", "-12", "--quiet", "--force", "-T1", raw, "-o", out / "initrd.img"])
    shutil.copyfile(next((laid_out / "boot").glob("vmlinuz-*")), out / "vmlinuz")
    (out / "slot.env").write_bytes(loader.bootctl("new-slot", str(epoch), wish.board.arguments))
    files = {item: out / item for item in ("vmlinuz", "initrd.img", "slot.env")}
    filesystems.fat(files, out / "boot.img", BOOT_SIZE, "boot", tools, epoch)
    found = {"system.img": out / "system.img", "boot.img": out / "boot.img"}
    if wish.bundle:
        progress.say("bundle: signing")
        made = bundle.make(wish.board, wish.version, epoch, out, wish.keys, tools)
        found["bundle"] = made
    if wish.disk:
        progress.say("disk: putting it together")
        found |= _disk(wish, laid_out, tools)
    return found


def _disk(wish: Wish, laid_out: Path, tools: Inside) -> dict[str, Path]:
    out, epoch = wish.out, wish.epoch
    sizes = {partition.label: partition.size for partition in PARTITIONS}
    for number in (0, 1):
        (out / f"env.{number}").write_bytes(loader.bootctl("new", "A"))
    files = {f"EFI/BOOT/{wish.board.loader}": loader.make(wish.board, laid_out, out, tools, epoch)}
    files |= firmware.files(wish.board, laid_out, out)
    files |= {f"qalqan/env.{number}": out / f"env.{number}" for number in (0, 1)}
    filesystems.fat(files, out / "esp.img", sizes["esp"], "esp", tools, epoch)
    data_tree(out / "data")
    filesystems.ext4(out / "data", out / "data.img", sizes["data"], "data", tools, epoch)
    contents = {
        "esp": out / "esp.img",
        "boot_a": out / "boot.img",
        "system_a": out / "system.img",
        "data": out / "data.img",
    }
    whole = out / f"{wish.board.compatible}-{wish.version}.img"
    disk.assemble(contents, whole, wish.board.name, tools)
    packed = whole.with_suffix(".img.zst")
    tools.run(["zstd", "-9", "--quiet", "--force", "-T2", whole, "-o", packed])
    return {"esp.img": out / "esp.img", "disk": whole, "packed": packed}


def _report(wish: Wish, made: dict[str, Path], progress: Progress) -> dict[str, Any]:
    files: dict[str, dict[str, Any]] = {}
    for name, path in made.items():
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        files[name] = {"path": str(path), "octets": path.stat().st_size, "sha256": sha256}
        progress.say(f"{name}: {path.stat().st_size / 1e6:.1f} MB  {path}")
    if "packed" in files and files["packed"]["octets"] > COUNTED_MB * 1e6:
        raise BuildError(f"the packed image is larger than {COUNTED_MB} MB")
    return {
        "v": 1,
        "compatible": wish.board.compatible,
        "version": wish.version,
        "profile": wish.profile,
        "epoch": wish.epoch,
        "seconds": round(progress.seconds(), 1),
        "files": files,
    }


@contextmanager
def alone() -> Iterator[None]:
    """Keep other builds out until the block ends."""
    MADE.mkdir(parents=True, exist_ok=True)
    with (MADE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def commit_time() -> int:
    """Return SOURCE_DATE_EPOCH: of the environment, else of the last commit; seconds."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    return int(run(["git", "-C", SOURCE, "log", "-1", "--format=%ct"]).strip())


def _wish(words: list[str]) -> tuple[Wish, bool]:
    parser = argparse.ArgumentParser(prog="python -m image.build", description=__doc__)
    parser.add_argument("--arch", choices=sorted(BOARDS), default="x86_64")
    parser.add_argument("--profile", default="production", help="production, or hil for the rig")
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--overlay", type=Path, help="a folder laid over the system: for tests")
    parser.add_argument("--out", type=Path, help="where to; below build/image if not named")
    parser.add_argument("--signer", type=Path, help="certificate that signs the bundle")
    parser.add_argument("--key", type=Path, help="its key")
    parser.add_argument("--keyring", type=Path, help="authority that the appliance trusts")
    parser.add_argument("--only", choices=("bundle", "disk"), help="leave the other one out")
    parser.add_argument("--fresh", action="store_true", help="compile again what has not changed")
    parser.add_argument("--json", action="store_true", help="say the result as JSON")
    given = parser.parse_args(words)
    chosen = [given.signer, given.key, given.keyring]
    if any(chosen) and not all(chosen):
        parser.error("--signer, --key and --keyring go together")
    pair = keys.development(KEYS)
    if all(chosen):
        pair = keys.Keys(*(path.resolve() for path in chosen))
    out = given.out or MADE / f"{given.arch}-{given.profile}-{given.version}"
    wish = Wish(
        board=BOARDS[given.arch],
        profile=given.profile,
        version=given.version,
        epoch=commit_time(),
        overlay=given.overlay,
        out=out.resolve(),
        keys=pair,
        bundle=given.only != "disk",
        disk=given.only != "bundle",
        fresh=given.fresh,
    )
    return wish, given.json


def main() -> None:
    """Build what the command line asks for."""
    wish, as_json = _wish(sys.argv[1:])
    progress = Progress()
    try:
        with alone():
            result = build(wish, progress)
    except BuildError as error:
        sys.stderr.write(f"image: {error}\n")
        sys.exit(1)
    (wish.out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
