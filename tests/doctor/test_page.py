# SPDX-License-Identifier: Apache-2.0
"""The certificate of the page: the hub's is judged by its life, one by hand by its names too."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding

from edge.doctor import page
from edge.trust.certificate import read_request
from edge.trust.page import PageIdentity
from hil.hub.authority import Authority
from tests.doctor.bed import Bed, lines

NOW_S = 1_800_000_000
DAY = 86_400
PEOPLE = '[page]\npeople = "{}:8443"\n'


def found(bed: Bed, now_s: int = NOW_S) -> list[tuple[str, str, str]]:
    """Return check, level and what was seen."""
    patient = bed.patient()
    patient.moments._now_ns = lambda: now_s * 10**9
    assert lines(page.certificate(patient)) == [
        (one.check, one.level.value) for one in page.certificate(patient)
    ]
    return [(one.check, one.level.value, one.text) for one in page.certificate(patient)]


def give(bed: Bed, host: str = "10.0.0.5") -> None:
    """Have the hub give a certificate, for a year."""
    folder = bed.folder / "identity"
    authority = Authority(bed.folder / "pages", NOW_S, "Qalqan pages")
    own = PageIdentity(folder, "bench", host)
    made = authority.page(read_request(own.request(), "bench"), own.names, NOW_S)
    own.take(made.public_bytes(Encoding.PEM).decode(), authority.pem, NOW_S)


def by_hand(folder: Path, host: str, days: int) -> None:
    """Put a certificate there as a person does, that ends in so many days."""
    ends = datetime.fromtimestamp(NOW_S, UTC) + timedelta(days=days, hours=1)
    made = trustme.CA().issue_cert(host, common_name="box", not_after=ends)
    folder.mkdir(exist_ok=True)
    made.private_key_pem.write_to_path(folder / "page.key")
    made.cert_chain_pems[0].write_to_path(folder / "page.crt")


@pytest.mark.parametrize(("days", "level", "says"), [
    (0, "ok", "of bench, 365 days left"), (242, "ok", "of bench, 123 days left"),
    (244, "warn", "of bench, 121 days left"), (366, "fail", "of bench: it is over"),
    (-1, "fail", "of bench: it has not begun"),
])  # fmt: skip
def test_that_of_the_hub(bed: Bed, days: int, level: str, says: str) -> None:
    bed.more = PEOPLE.format("10.0.0.5")
    give(bed)
    assert found(bed, NOW_S + days * DAY) == [("certificate:page", level, says)]


def test_that_of_a_page_which_moved(bed: Bed) -> None:
    bed.more = PEOPLE.format("10.0.0.6")
    give(bed)
    says = "cannot be used: browsers look for 10.0.0.6, and it is for bench, 10.0.0.5"
    assert found(bed) == [("certificate:page", "warn", says)]


@pytest.mark.parametrize(("host", "days", "level", "says"), [
    ("10.0.0.5", 90, "ok", "of box, put here by hand, 90 days left"),
    ("10.0.0.5", 20, "warn", "of box, put here by hand, 20 days left"),
    ("10.0.0.5", -1, "fail", "cannot be used: it was put here by hand and is over; take"),
    ("box.example", 90, "warn", "cannot be used: browsers look for 10.0.0.5, and it is for box.ex"),
])  # fmt: skip
def test_one_that_was_put_there_by_hand(
    bed: Bed, host: str, days: int, level: str, says: str
) -> None:
    bed.more = PEOPLE.format("10.0.0.5")
    by_hand(bed.folder / "identity", host, days)
    ((check, how, seen),) = found(bed)
    assert (check, how) == ("certificate:page", level)
    assert seen.startswith(says)


def test_one_that_the_configuration_names(bed: Bed) -> None:
    by_hand(bed.folder / "own", "10.0.0.5", 90)
    names = 'certificate = "own/page.crt"\nkey = "own/page.key"\n'
    bed.more = PEOPLE.format("10.0.0.5") + names
    assert found(bed) == [("certificate:page", "ok", "of box, put here by hand, 90 days left")]
    (bed.folder / "own" / "page.crt").unlink()
    assert found(bed) == [("certificate:page", "fail", "there is none")]


@pytest.mark.parametrize(("host", "says"), [
    ("10.0.0.5", "there is none"),
    ("box.example", "cannot be used: page.people: wrong-name: a page of bench may not be called"),
])  # fmt: skip
def test_there_is_none(bed: Bed, host: str, says: str) -> None:
    bed.more = PEOPLE.format(host)
    ((check, level, seen),) = found(bed)
    assert (check, level) == ("certificate:page", "fail")
    assert seen.startswith(says)
    bed.toml = bed.toml.partition("[hub]")[0]
    assert found(bed) == [("certificate:page", "fail", "there is none")]


def test_what_is_damaged_is_named(bed: Bed) -> None:
    bed.more = PEOPLE.format("10.0.0.5")
    by_hand(bed.folder / "identity", "10.0.0.5", 90)
    (bed.folder / "identity" / "page.crt").write_text("torn")
    ((check, level, seen),) = found(bed)
    assert (check, level) == ("certificate:page", "fail")
    assert "page.crt: unreadable" in seen


@pytest.mark.parametrize(
    "more", ["", PEOPLE.format("127.0.0.1"), '[page]\nlisten = "10.0.0.5:1"\n']
)
def test_a_page_that_needs_none(bed: Bed, more: str) -> None:
    bed.more = more
    assert found(bed) == []
