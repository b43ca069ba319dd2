# SPDX-License-Identifier: Apache-2.0
"""`qalqan list commanders`: whose orders appliances follow, beside those who sign lists."""

from pathlib import Path
from typing import Annotated

import typer

from edge import clock
from edge.trust.keys import read_public, read_signer
from edge.trust.repository import Repository
from edge.trust.roles import COMMAND

_NS = 10**9


def commanders(
    folder: Annotated[Path, typer.Argument(help="Folder of the repository.")],
    root: Annotated[Path, typer.Option(help="Private key that names all others.")],
    online: Annotated[Path, typer.Option(help="Private key that signs what is published.")],
    operator: Annotated[Path, typer.Option(help="Public key of the operator.")],
    engineer: Annotated[Path, typer.Option(help="Public key of the engineer.")],
) -> None:
    """Say who commands the appliances; new keys replace the old ones.

    Both sign what makes an appliance stop more, or changes it; one is enough to make it stop less.

    Example: qalqan list commanders repository --root root.key --online online.key --operator
    a.key.pub --engineer b.key.pub
    """
    repository, now_s = Repository(folder), clock.now_ns() // _NS
    signers = read_signer(root), read_signer(online)
    keys = {"operator": read_public(operator), "engineer": read_public(engineer)}
    if not repository.metadata.exists():
        repository.create(*signers, now_s)
    repository.delegate(COMMAND, keys, *signers, now_s)
    typer.echo(f"{folder}: commands are signed by operator and engineer")
