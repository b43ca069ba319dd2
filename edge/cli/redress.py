# SPDX-License-Identifier: Apache-2.0
"""`qalqan redress`: the signed card that a rejected caller is shown (RFC 8688)."""

from pathlib import Path
from typing import Annotated

import typer

from edge import clock
from edge.cli import jsonlines
from edge.cli.printable import printable
from edge.errors import InputError, TrustError
from edge.trust.jcard import (
    Said,
    card_of,
    check as check_card,
    read,
    read_certificate,
    read_key,
    sign,
)
from edge.verdict.explain import utc

app = typer.Typer(help="What a stopped caller can turn to.", no_args_is_help=True)

SCHEMA = 1
_NS = 10**9

File = Annotated[Path, typer.Argument(help="A signed card.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command()
def card(
    name: Annotated[str, typer.Option(help="Who rejects: the operator's name.")],
    key: Annotated[Path, typer.Option(help="Private key on P-256, PEM.")],
    x5u: Annotated[str, typer.Option(help="Where its certificate can be fetched, https.")],
    out: Annotated[Path, typer.Option(help="File to be made, for the web server.")],
    contact: Annotated[
        list[str],
        typer.Option(help="+77172000001, redress@operator.example, https://...; one of each."),
    ],
) -> None:
    """Sign the card that `answer.card_url` leads to; put the file on that web server.

    Example: qalqan redress card --name "Operator" --contact +77172000001
    --key card.pem --x5u https://operator.example/card.cer --out card.jws
    """
    signed = sign(card_of(name, contact), read_key(key), x5u, clock.now_ns() // _NS)
    try:
        with out.open("x", encoding="ascii") as file:
            file.write(signed)
    except OSError as refusal:
        raise InputError(f"{out}: {refusal.strerror}") from refusal
    typer.echo(f"{out}: signed; serve it as application/jose, and name it in answer.card_url")


@app.command()
def check(
    file: File,
    certificate: Annotated[Path, typer.Option(help="The certificate at its x5u, PEM.")],
    *,
    json: Json = False,
) -> None:
    """Say whether a card holds, and what it says.

    Example: qalqan redress check card.jws --certificate card.cer
    """
    try:
        found = check_card(_text(file), read_certificate(certificate), clock.now_ns() // _NS)
    except TrustError as wrong:
        raise TrustError(f"{file}: {wrong}") from wrong
    _tell(found, json=json)


@app.command()
def show(file: File, *, json: Json = False) -> None:
    """Print what a card says, whoever signed it.

    Example: qalqan redress show card.jws --json
    """
    try:
        _tell(read(_text(file)), json=json)
    except TrustError as wrong:
        raise TrustError(f"{file}: {wrong}") from wrong


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as refusal:
        raise InputError(f"{file}: cannot be read: {refusal}") from refusal


def _tell(found: Said, *, json: bool) -> None:
    said = {**found.card._asdict(), "x5u": found.x5u}
    if json:
        jsonlines.put({"schema": SCHEMA, **said, "iat": found.iat})
        return
    for word, value in said.items():
        if value:
            typer.echo(f"{word}: {printable(value)}")
    typer.echo(f"signed: {utc(found.iat)}")
