# SPDX-License-Identifier: Apache-2.0
"""A repository made by `qalqan list` in the folder where a test stands, its keys beside it."""

from typer.testing import CliRunner

from edge.cli.list import app

ADD = ("add", "centre", "fraud", "+77172000001", "--basis", "order 1")


def run(*words, **more):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False, **more)


def begin():
    """Make the keys, and the list `fraud` in the folder `centre`."""
    for name in ("root", "online", "operator", "prosecutor"):
        run("key", name)
    run("new", "centre", "fraud", "--root", "root", "--online", "online",
        "--operator", "operator.pub", "--prosecutor", "prosecutor.pub")  # fmt: skip


def sign(side, key, **more):
    return run("sign", "centre", "fraud", "--as", side, "--key", key, **more)


def publish():
    """Have both sign what is drafted, and put it in force."""
    for side in ("operator", "prosecutor"):
        sign(side, side, input="y\n")
    run("publish", "centre", "fraud", "--key", "online")
