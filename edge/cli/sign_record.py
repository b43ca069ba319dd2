# SPDX-License-Identifier: Apache-2.0
"""`qalqan list urgent sign-record`: sign what was handed out, with no repository and network."""

from pathlib import Path
from typing import Annotated

import typer

from edge.blocklist.manifest import Signed, read_record, write_signed
from edge.blocklist.store import replace
from edge.cli.centre import KeyFile, Side, Yes, carried, check_side, now_s
from edge.cli.entries import moment, show_record
from edge.errors import InputError
from edge.trust.keys import read_signer
from edge.trust.roles import MOST_MANIFEST
from edge.trust.urgent import countersign


def sign_record(
    file: Annotated[Path, typer.Argument(help="The record, as the hub's desk handed it out.")],
    *,
    side: Side,
    key: KeyFile,
    sha256: Annotated[str, typer.Option(help="That the file must have: as the desk shows.")],
    out: Annotated[Path, typer.Option(help="File of the signature, to be carried back.")],
    yes: Yes = False,
) -> None:
    """Sign an urgent record on the signer's own machine; the desk takes the signature back.

    Example: qalqan list urgent sign-record fraud-urgent-5.json --as prosecutor --key
    prosecutor.key --sha256 HASH --out fraud-urgent-5-prosecutor.json
    """
    check_side(side)
    octets = carried(file, sha256, MOST_MANIFEST)
    record = read_record(octets)
    if record.expires <= now_s():
        raise InputError(f"{file}: has ended, {moment(record.expires)}")
    typer.echo(f"{record.list} urgent {record.seq}: until {moment(record.expires)}")
    show_record(record)
    typer.echo(f"file SHA-256 {sha256.lower()}")
    if not yes:
        typer.confirm(f"Sign this as {side} of {record.list}?", abort=True)
    replace(out, write_signed(countersign(Signed(octets, ()), read_signer(key))))
    typer.echo(f"{out}: signed as {side}; hand it in at the desk")
