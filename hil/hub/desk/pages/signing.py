# SPDX-License-Identifier: Apache-2.0
"""*Lists*, the next version: prepared, handed out, signed by two on their machines, in force."""

from http import HTTPStatus

from starlette.responses import Response

from edge.console.forms import Nothing
from edge.console.house import UNFIT
from edge.errors import ConfigError, ListError
from edge.trust.handed import NotTaken
from hil.hub.desk.forms import Prepare, Signature
from hil.hub.desk.lists import Pending
from hil.hub.desk.office import Visit, recorded
from hil.hub.desk.pages.lists import named, to


def prepare(visit: Visit) -> Response:
    """Write the manifest of the next version, which both are to sign."""
    form, name = visit.form(Prepare), named(visit)
    with recorded(visit, f"list {name}: prepare the next version, taken for {form.days} days"):
        visit.desk.lists.prepare(name, form.days, visit.desk.wall_s())
    return to(visit, name)


def manifest(visit: Visit) -> Response:
    """Hand out what is to be signed, octet for octet."""
    pending = _pending(visit)
    headers = {"Content-Disposition": f'attachment; filename="{pending.file}"'}
    return Response(pending.octets, media_type="application/json", headers=headers)


def sign(visit: Visit) -> Response:
    """Take a signature: that of the side which the person's role is."""
    form, name, pending = visit.form(Signature), named(visit), _pending(visit)
    if form.sha256 != pending.sha256:
        raise visit.no(
            HTTPStatus.CONFLICT, "Another version was prepared meanwhile: look at the list again."
        )
    side = visit.person.role.value if visit.person else ""
    version = pending.manifest.version
    with recorded(visit, f"list {name}: sign version {version} as {side}, {pending.sha256}"):
        try:
            octets = form.signature.strip().encode()
            visit.desk.lists.take(name, side, octets, visit.desk.wall_s())
        except NotTaken as flaw:
            status = HTTPStatus.CONFLICT if flaw.flaw.value == "twice" else UNFIT
            raise visit.no(status, visit.speech.word("flaw", flaw.flaw.value)) from flaw
    return to(visit, name)


def publish(visit: Visit) -> Response:
    """Put in force what both have signed."""
    visit.form(Nothing)
    name, pending = named(visit), _pending(visit)
    if pending.missing:
        missing = ", ".join(visit.speech.word("role", side) for side in pending.missing)
        raise visit.no(HTTPStatus.CONFLICT, "It is not signed by:", missing)
    with recorded(visit, f"list {name}: put version {pending.manifest.version} in force"):
        try:
            visit.desk.lists.publish(name, visit.desk.wall_s())
        except ConfigError as lack:
            raise visit.no(
                HTTPStatus.CONFLICT, "It could not be put in force:", str(lack)
            ) from lack
    return to(visit, name)


def _pending(visit: Visit) -> Pending:
    """Return what waits to be signed. Raises `Refused`."""
    try:
        found = visit.desk.lists.standing(named(visit)).pending
    except ListError as wrong:
        raise visit.no(HTTPStatus.CONFLICT, "The list is damaged:", str(wrong)) from wrong
    if found is None:
        raise visit.no(HTTPStatus.CONFLICT, "No version waits to be signed.")
    return found
