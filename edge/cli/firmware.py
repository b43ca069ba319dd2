# SPDX-License-Identifier: Apache-2.0
"""`qalqan firmware`: the centre's side. A bundle is added, signed by two, and published.

Release says that a bundle is what was built and tested, operations that it may be installed now.
All of it works offline, in the folder of the repository; `python -m hil.hub rollout` gives it out.
"""

from pathlib import Path
from typing import Annotated

import typer

from edge import clock
from edge.errors import ConfigError
from edge.trust.keys import new_key, read_public, read_signer
from edge.trust.repository import Repository
from edge.trust.roles import FIRMWARE
from edge.update.desk import FirmwareDesk
from edge.update.manifest import Release

app = typer.Typer(
    help="Add, sign and publish bundles of firmware: what release and operations do.",
    no_args_is_help=True,
)

_NS = 10**9

Folder = Annotated[Path, typer.Argument(help="Folder of the repository.")]
KeyFile = Annotated[Path, typer.Option("--key", help="Private key file of who signs.")]
Side = Annotated[str, typer.Option("--as", help="release or operations.")]
Version = Annotated[str, typer.Argument(help="As the bundle says it: 1.2.0.")]


def _now_s() -> int:
    return clock.now_ns() // _NS


def _line(release: Release) -> str:
    words = [release.version, release.compatible, f"{release.size >> 10} KiB", release.sha256[:16]]
    if release.min_from != "0":
        words.append(f"upon {release.min_from} or newer")
    if release.downgrade_from:
        words.append(f"also upon {', '.join(release.downgrade_from)}")
    return "  ".join(words)


@app.command()
def key(file: Annotated[Path, typer.Argument(help="Where the private key goes.")]) -> None:
    """Make a key; its public half goes to FILE.pub.

    Example: qalqan firmware key release.key
    """
    typer.echo(f"{file}.pub: key {new_key(file).keyid[:16]}...; keep {file} to yourself")


@app.command()
def new(
    folder: Folder,
    root: Annotated[Path, typer.Option(help="Private key that names all others.")],
    online: Annotated[Path, typer.Option(help="Private key that signs what is published.")],
    release: Annotated[Path, typer.Option(help="Public key of release.")],
    operations: Annotated[Path, typer.Option(help="Public key of operations.")],
) -> None:
    """Say who signs firmware; new keys replace the old ones.

    Example: qalqan firmware new repository --root root.key --online online.key --release
    release.key.pub --operations operations.key.pub
    """
    repository, now_s = Repository(folder), _now_s()
    signers = read_signer(root), read_signer(online)
    keys = {"release": read_public(release), "operations": read_public(operations)}
    if not repository.metadata.exists():
        repository.create(*signers, now_s)
    repository.delegate(FIRMWARE, keys, *signers, now_s)
    typer.echo(f"{folder}: firmware is signed by release and operations")


@app.command()
def add(
    folder: Folder,
    bundle: Annotated[Path, typer.Argument(help="Bundle of RAUC, format verity.")],
    min_from: Annotated[str, typer.Option(help="Oldest version that it may follow.")] = "0",
    downgrade_from: Annotated[
        list[str] | None, typer.Option(help="A newer version that it may replace; again for each.")
    ] = None,
) -> None:
    """Add a bundle to the draft; what it is for, it says itself.

    Example: qalqan firmware add repository build/image/qalqan-1.2.0.raucb --min-from 1.0
    """
    release = FirmwareDesk(Repository(folder)).add(bundle, min_from, tuple(downgrade_from or ()))
    typer.echo(f"+ {_line(release)}")


@app.command()
def drop(folder: Folder, version: Version) -> None:
    """Take a version out of the draft: once published, nobody begins to install it.

    Example: qalqan firmware drop repository 1.4.0
    """
    for release in FirmwareDesk(Repository(folder)).drop(version):
        typer.echo(f"- {_line(release)}")


@app.command()
def show(folder: Folder) -> None:
    """Show the draft, and who has signed it.

    Example: qalqan firmware show repository
    """
    repository = Repository(folder)
    desk = FirmwareDesk(repository)
    for release in desk.draft():
        typer.echo(_line(release))
    sides = repository.signed(FIRMWARE, desk.manifest) if desk.pending() else []
    typer.echo(f"waits, signed by {' and '.join(sides)}" if sides else "nothing waits to be signed")


@app.command()
def sign(
    folder: Folder,
    side: Side,
    key: KeyFile,
    days: Annotated[int, typer.Option(min=1, help="It ends then; the first signer's.")] = 90,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Sign the draft for one side, after seeing it; the second signs the very same octets.

    Example: qalqan firmware sign repository --as release --key release.key
    """
    repository = Repository(folder)
    desk, signer = FirmwareDesk(repository), read_signer(key)
    for release in desk.draft():
        typer.echo(_line(release))
    if not yes:
        typer.confirm(f"Sign this as {side} of firmware?", abort=True)
    manifest = desk.prepare(_now_s(), days)
    repository.sign(FIRMWARE, side, desk.manifest, signer, _now_s())
    sides = repository.signed(FIRMWARE, desk.manifest)
    typer.echo(f"firmware {manifest.version}: signed by {' and '.join(sides)}")


@app.command()
def publish(folder: Folder, key: KeyFile) -> None:
    """Put in force what both sides have signed.

    Example: qalqan firmware publish repository --key online.key
    """
    repository = Repository(folder)
    desk = FirmwareDesk(repository)
    manifest = desk.pending()
    if manifest is None:
        raise ConfigError("firmware was changed since it was signed, or was never signed")
    repository.publish(FIRMWARE, desk.manifest, read_signer(key), _now_s())
    typer.echo(f"firmware {manifest.version}: published, {len(manifest.releases)} bundles")
