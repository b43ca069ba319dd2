# SPDX-License-Identifier: Apache-2.0
"""`qalqan list sign-manifest`: sign what was handed out, without the repository and the network."""

from pathlib import Path
from typing import Annotated

import typer

from edge.blocklist.manifest import Manifest, read_manifest
from edge.blocklist.store import replace
from edge.cli.centre import KeyFile, Side, Yes, carried, check_side, now_s, opened, show_changes
from edge.errors import InputError
from edge.trust import handed
from edge.trust.keys import read_signer
from edge.trust.roles import MOST_MANIFEST
from edge.verdict.explain import utc


def sign_manifest(  # noqa: PLR0913 - what is signed is said in full
    file: Annotated[Path, typer.Argument(help="The manifest, as the hub's desk handed it out.")],
    *,
    side: Side,
    key: KeyFile,
    number: Annotated[int, typer.Option(min=1, help="Of the signature, as the desk names it.")],
    out: Annotated[Path, typer.Option(help="File of the signature, to be carried back.")],
    repository: Annotated[
        Path | None, typer.Option(help="A copy of the centre's folder: shows what is changed.")
    ] = None,
    sha256: Annotated[str, typer.Option(help="That the file must have: as the desk shows.")] = "",
    yes: Yes = False,
) -> None:
    """Sign a manifest on the signer's own machine; the desk takes the signature back.

    Example: qalqan list sign-manifest fraud-8.json --as operator --key operator.key --number 5
    --out fraud-8-operator.json
    """
    check_side(side)
    octets = carried(file, sha256, MOST_MANIFEST)
    manifest = read_manifest(octets)
    _show(manifest, handed.digest(octets))
    if repository:
        _compare(repository, manifest)
    if not yes:
        typer.confirm(f"Sign this as {side} of {manifest.list}?", abort=True)
    place = (manifest.list, side, number)
    replace(out, handed.sign(place, octets, read_signer(key), now_s()))
    typer.echo(f"{out}: signed as {side}; hand it in at the desk")


def _show(manifest: Manifest, digest: str) -> None:
    typer.echo(f"{manifest.list} {manifest.version}: {manifest.entries} entries")
    typer.echo(f"issued {utc(manifest.issued)}, taken until {utc(manifest.expires)}")
    typer.echo(f"list SHA-256 {manifest.digest}")
    typer.echo(f"file SHA-256 {digest}")


def _compare(folder: Path, manifest: Manifest) -> None:
    """Show what the draft in a folder changes. Raises `InputError` if it is another list."""
    desk = opened(folder, manifest.list)
    if desk.draft().layout.digest.hex() != manifest.digest:
        raise InputError(f"{folder}: its draft of {manifest.list} is not the list that is signed")
    show_changes(desk)
