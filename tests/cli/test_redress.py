# SPDX-License-Identifier: Apache-2.0
"""`qalqan redress`: from a key and a name to a card that anybody can check."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Qalqan

pytestmark = pytest.mark.peer("openssl")

X5U = "https://operator.example/card.cer"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a key and its certificate."""
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    words = f"{make} -subj /CN=operator -keyout key.pem -out card.cer".split()
    subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    return tmp_path


def signed(qalqan: Qalqan, desk: Path, *more: str) -> Path:
    contacts = more or ("--contact", "+77172000001", "--contact", "a@operator.example")
    out = desk / "card.jws"
    done = qalqan(
        "redress", "card", "--name", "Operator", "--key", desk / "key.pem", "--x5u", X5U,
        "--out", out, *contacts,
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{out}: signed;")
    return out


def test_a_card_is_signed_and_checked(qalqan: Qalqan, desk: Path) -> None:
    out = signed(qalqan, desk)
    done = qalqan("redress", "check", out, "--certificate", desk / "card.cer")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:4] == [
        "name: Operator", "tel: +77172000001", "email: a@operator.example", f"x5u: {X5U}",
    ]  # fmt: skip
    (line,) = qalqan("redress", "check", out, "--certificate", desk / "card.cer", "--json").lines
    assert line.keys() == {"schema", "name", "tel", "email", "url", "x5u", "iat"}
    assert line["schema"] == 1
    assert qalqan("redress", "show", out, "--json").lines == [line]


def test_a_card_of_somebody_else_is_shown_and_does_not_hold(qalqan: Qalqan, desk: Path) -> None:
    out = signed(qalqan, desk)
    (desk / "other").mkdir()
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    words = f"{make} -subj /CN=other -keyout other.pem -out other.cer".split()
    subprocess.run(words, cwd=desk, capture_output=True, check=True)
    done = qalqan("redress", "check", out, "--certificate", desk / "other.cer")
    assert (done.code, done.out) == (1, "")
    assert f"qalqan: {out}: it was not signed with" in done.err
    assert qalqan("redress", "show", out).code == 0
    out.write_text("x")
    assert qalqan("redress", "show", out).code == 1


def test_what_cannot_be_is_said_and_nothing_is_written_over(qalqan: Qalqan, desk: Path) -> None:
    out = signed(qalqan, desk)
    words = ("redress", "card", "--name", "O", "--key", desk / "key.pem", "--x5u", X5U)
    done = qalqan(*words, "--out", out, "--contact", "+77172000001")
    assert (done.code, done.err) == (1, f"qalqan: {out}: File exists\n")
    done = qalqan(*words, "--out", desk / "new", "--contact", "nobody")
    assert (done.code, (desk / "new").exists()) == (1, False)
    done = qalqan("redress", "show", desk / "none")
    assert (done.code, "cannot be read" in done.err) == (1, True)
