# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub page-authority`: what people put into their browsers, once."""

from pathlib import Path
from typing import Annotated

import typer

from hil.hub import pages

STATE = Path("state/hub")


def page_authority(
    folder: Annotated[Path, typer.Option(help="Where keys, repository and database lie.")] = STATE,
) -> None:
    """Print the authority that signs for the pages of boxes, PEM.

    Example: python -m hil.hub page-authority > qalqan-pages.pem
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = pages.authority_of(folder)
    typer.echo(authority.pem, nl=False)
    typer.echo(
        "Put it into the browser of everybody who looks at boxes, as an authority for web sites:"
        " Firefox: Settings, Certificates, Authorities, Import; Chrome and Edge: the system's"
        f" trusted roots. Its SHA-256 is to be {authority.fingerprint}. Brokers and boxes never"
        " believe it.",
        err=True,
    )
