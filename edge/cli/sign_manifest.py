# SPDX-License-Identifier: Apache-2.0
"""`qalqan list sign-manifest`: sign what was handed out, without the repository and the network."""

from pathlib import Path
from typing import Annotated

import typer

from edge import clock
from edge.blocklist.manifest import Manifest, read_manifest
from edge.blocklist.store import replace
from edge.errors import ConfigError, InputError
from edge.trust import handed
from edge.trust.keys import read_signer
from edge.trust.roles import LIST_SIDES, MOST_MANIFEST
from edge.verdict.explain import utc

_NS = 10**9


def sign_manifest(  # noqa: PLR0913 - what is signed is said in full
    file: Annotated[Path, typer.Argument(help="The manifest, as the hub's desk handed it out.")],
    *,
    side: Annotated[str, typer.Option("--as", help="operator or prosecutor.")],
    key: Annotated[Path, typer.Option(help="Private key file of who signs.")],
    number: Annotated[int, typer.Option(min=1, help="Of the signature, as the desk names it.")],
    out: Annotated[Path, typer.Option(help="File of the signature, to be carried back.")],
    repository: Annotated[
        Path | None, typer.Option(help="A copy of the centre's folder: shows what is changed.")
    ] = None,
    sha256: Annotated[str, typer.Option(help="That the file must have: as the desk shows.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Sign a manifest on the signer's own machine; the desk takes the signature back.

    Example: qalqan list sign-manifest fraud-8.json --as operator --key operator.key --number 5
    --out fraud-8-operator.json
    """
    if side not in LIST_SIDES:
        raise ConfigError(f"{side} signs no list: it is {' or '.join(LIST_SIDES)}")
    octets = _read(file)
    manifest = read_manifest(octets)
    digest = handed.digest(octets)
    if sha256 and sha256.lower() != digest:
        raise InputError(f"{file}: is another file than the desk shows: SHA-256 {digest}")
    _show(manifest, digest)
    if repository:
        _compare(repository, manifest)
    if not yes:
        typer.confirm(f"Sign this as {side} of {manifest.list}?", abort=True)
    place = (manifest.list, side, number)
    replace(out, handed.sign(place, octets, read_signer(key), clock.now_ns() // _NS))
    typer.echo(f"{out}: signed as {side}; hand it in at the desk")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_MANIFEST)
    except OSError as refusal:
        raise InputError(f"{file}: {refusal.strerror}") from refusal


def _show(manifest: Manifest, digest: str) -> None:
    typer.echo(f"{manifest.list} {manifest.version}: {manifest.entries} entries")
    typer.echo(f"issued {utc(manifest.issued)}, taken until {utc(manifest.expires)}")
    typer.echo(f"list SHA-256 {manifest.digest}")
    typer.echo(f"file SHA-256 {digest}")


def _compare(folder: Path, manifest: Manifest) -> None:
    """Show what the draft in a folder changes. Raises `InputError` if it is another list."""
    from edge.cli.list import opened, show_changes  # noqa: PLC0415 - this is a command of it

    desk = opened(folder, manifest.list)
    if desk.draft().layout.digest.hex() != manifest.digest:
        raise InputError(f"{folder}: its draft of {manifest.list} is not the list that is signed")
    show_changes(desk)
