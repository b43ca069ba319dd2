# SPDX-License-Identifier: Apache-2.0
"""`qalqan page-code`: the code with which an engineer comes into the page for the first time."""

import typer

from edge import clock, config as config_file
from edge.box.whose import act_as_owner
from edge.cli.options import ConfigFile
from edge.console import first_code
from edge.errors import ConfigError
from edge.places import places_of

app = typer.Typer(help="How the first engineer comes into the page.", no_args_is_help=True)

NS = 1_000_000_000


@app.command(name="page-code")
def page_code(config: ConfigFile) -> None:
    """Make a code for the page of this box: good once, within an hour, for one engineer.

    The one that was made before is worth nothing any more. Who lost their password needs it, too.
    Example: qalqan page-code
    """
    settings = config_file.load(config)
    if not settings.page.people:
        raise ConfigError("page.people: nobody can see the page: name its address and port")
    folder = places_of(settings).page
    act_as_owner(folder if folder.exists() else folder.parent)
    code = first_code.make(folder, clock.now_ns() // NS)
    typer.echo(f"{code}\nwithin an hour, at the page on {settings.page.people}: /first")
