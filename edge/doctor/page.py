# SPDX-License-Identifier: Apache-2.0
"""The page that people see: the certificate by which browsers know it."""

from collections.abc import Iterator

from edge.doctor.finding import Finding, fail, ok, warn
from edge.doctor.patient import Patient
from edge.errors import ConfigError
from edge.trust.certificate import check_names
from edge.trust.enrol import EnrolRefused
from edge.trust.page import (
    MENDED,
    PageCertificate,
    PageIdentity,
    host_of,
    read_page_certificate,
)

DAY_S = 86_400
NS = 1_000_000_000
SOON_DAYS = 30
"Before the end of one that nobody but a person renews."
LASTS = "of {name}, {days} days left"
UNUSABLE = "cannot be used: {why}"
RENEWED = "it is renewed when the hub is reached: see the line `hub`"
ASK = "tell the centre"


def certificate(patient: Patient) -> Iterator[Finding]:
    """Yield how long the page's certificate lasts, and whether browsers take it."""
    table = patient.config.page
    host = host_of(table.people or "")
    if not host:
        return
    page = PageIdentity(patient.places.identity, patient.config.node.name, host)
    try:
        named = table.certificate
        shown = read_page_certificate(named) if named else page.shown()
    except ConfigError as error:
        yield fail("certificate:page", UNUSABLE, ASK, why=str(error))
        return
    if shown is None:
        yield _none(patient, page)
    else:
        yield _judged(shown, host, patient.moments.now().at // NS)


def _none(patient: Patient, page: PageIdentity) -> Finding:
    hub = patient.config.hub
    if patient.config.page.certificate or not hub.brokers or not hub.tls:
        return fail("certificate:page", "there is none", ASK)
    try:
        check_names(page.names, page.node)
    except EnrolRefused as error:
        return fail("certificate:page", UNUSABLE, ASK, why=f"page.people: {error}")
    return fail("certificate:page", "there is none", RENEWED)


def _judged(shown: PageCertificate, host: str, now_s: int) -> Finding:
    days = max(shown.ends_s - now_s, 0) // DAY_S
    if now_s < shown.begins_s:
        return fail(
            "certificate:page", "of {name}: it has not begun", "the clock is wrong: set it",
            name=shown.node,
        )  # fmt: skip
    why = ""
    if not shown.is_for(host):
        why = f"browsers look for {host}, and it is for {', '.join(shown.names) or 'nobody'}"
    if shown.by_hand:
        over = f"it was put here by hand and is over; {MENDED}" if now_s >= shown.ends_s else ""
        return _by_hand(shown.node, days, over, why)
    if now_s >= shown.ends_s:
        return fail("certificate:page", "of {name}: it is over", RENEWED, name=shown.node)
    if why:
        return warn("certificate:page", UNUSABLE, RENEWED, why=why)
    if shown.due(now_s):
        return warn("certificate:page", LASTS, RENEWED, name=shown.node, days=days)
    return ok("certificate:page", LASTS, name=shown.node, days=days)


def _by_hand(node: str, days: int, over: str, why: str) -> Finding:
    """Judge one that nobody but a person renews; `over` and `why` say what is wrong with it."""
    name = f"{node}, put here by hand"
    if over:
        return fail("certificate:page", UNUSABLE, ASK, why=over)
    if why:
        return warn("certificate:page", UNUSABLE, ASK, why=f"{why}; it was put here by hand")
    if days < SOON_DAYS:
        return warn("certificate:page", LASTS, ASK, name=name, days=days)
    return ok("certificate:page", LASTS, name=name, days=days)
