# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub desk`, as people start it: the first engineer comes in by a code."""

import http.client
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.console import first_code
from edge.errors import ConfigError
from edge.trust.keys import new_key
from hil.hub.__main__ import app
from tests.console.site_house import PASSWORD, Browser
from tests.hil.hub.places import ROOT

CODE = re.compile(r"([A-Z2-9]{4}-){2}[A-Z2-9]{4}")


def typed(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    if done.exception:
        raise done.exception
    return done.output


def test_the_first_engineer_comes_in_by_the_code_that_is_printed(tmp_path: Path) -> None:
    new_key(tmp_path / "online.key")
    command = [sys.executable, "-m", "hil.hub", "desk", "--listen", "127.0.0.1:0",
               "--folder", str(tmp_path), "--online-key", str(tmp_path / "online.key")]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            code = CODE.search(process.stdout.readline())
            assert code
            assert "/first" in process.stdout.readline()
            port = int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
            browser = Browser(port)
            browser.get("/first")
            fields = {"name": "asel", "password": PASSWORD, "again": PASSWORD}
            assert browser.post("/first", code=code[0], **fields).status == 303
            assert "asel, engineer" in browser.get("/").words
            assert "became engineer by the code 127.0.0.1" in browser.get("/acts").words
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
                line.request("GET", "/stops", headers={"Cookie": "x=y"})
                assert line.getresponse().status == 403
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


def test_a_code_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    code = CODE.search(typed("desk-code", "--folder", str(tmp_path)))
    assert code
    assert (tmp_path / "desk" / first_code.FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("words", "why"), [
    (("--listen", "0.0.0.0:0"), "every address"),
    (("--listen", "192.0.2.1:8090"), "without a certificate"),
    (("--listen", "127.0.0.1:0", "--certificate", "x.pem"), "both are needed"),
    (("--listen", "127.0.0.1:0", "--online-key", "nothing.key"), "no key file"),
])  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        typed("desk", *words, "--folder", str(tmp_path))
