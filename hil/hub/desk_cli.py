# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub desk` and `desk-code`: the page of the whole country, for people."""

from pathlib import Path
from typing import Annotated

import typer

from edge.errors import ConfigError
from edge.trust.keys import read_signer
from hil.hub.store import Store, sqlite_url

STATE = Path("state/hub")

Folder = Annotated[Path, typer.Option(help="Where keys, repository and database lie.")]


def desk(
    listen: Annotated[str, typer.Option(help="Address and port: 127.0.0.1:8090.")],
    db: Annotated[
        str, typer.Option("--db", help="URL: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    ] = "",
    folder: Folder = STATE,
    certificate: Annotated[Path | None, typer.Option(help="Of the page, PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    online_key: Annotated[
        Path | None, typer.Option(help="Private key that puts in force what both have signed.")
    ] = None,
) -> None:
    """Show people the whole country, until Ctrl-C; it runs beside `run`, on the same database.

    Example: python -m hil.hub desk --listen 127.0.0.1:8090
    """
    # What shows pages takes a second to load: too long for every worker of a hub.
    from edge.console.serve import Tls  # noqa: PLC0415 - as said above
    from hil.hub.desk.office import Means  # noqa: PLC0415 - as above
    from hil.hub.desk.run import run  # noqa: PLC0415 - as above

    if (certificate is None) != (key is None):
        raise ConfigError("--certificate, --key: both are needed, or neither")
    tls = Tls(certificate, key) if certificate and key else None
    online = read_signer(online_key) if online_key else None
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(db or sqlite_url(folder / "hub.db"))
    try:
        run(Means(store, folder, online), listen, tls, typer.echo)
    finally:
        store.close()


def desk_code(folder: Folder = STATE) -> None:
    """Make the code with which an engineer comes into the desk: good once, within an hour.

    Example: python -m hil.hub desk-code
    """
    from hil.hub.desk.office import FOLDER  # noqa: PLC0415 - as above
    from hil.hub.desk.run import tell_code  # noqa: PLC0415 - as above

    tell_code(folder / FOLDER, typer.echo)
