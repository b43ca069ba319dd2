# SPDX-License-Identifier: Apache-2.0
"""The commands by which a person at the hub lets boxes in, and out."""

import typer
from cryptography import x509
from typer.testing import CliRunner

from edge import clock
from edge.trust.enrol import EnrolRefused
from hil.hub import admission
from tests.hil.hub.boxes import NS, Box, Hub

app = typer.Typer()
for command in (admission.pending, admission.enrol, admission.revoke):
    app.command()(command)


def run(folder, *words):
    return CliRunner().invoke(app, [*map(str, words), "--folder", str(folder)])


def test_a_box_is_listed_let_in_and_taken_out_again(tmp_path):
    now_s = clock.now_ns() // NS
    hub, box = Hub(tmp_path, now_s), Box(tmp_path / "identity")
    box.ask(hub, now_s)
    code = box.identity.ask(now_s).code
    listed = run(tmp_path, "pending").output
    assert listed.startswith("astana-1  key ")
    assert "0 codes tried" in listed

    wrong = run(tmp_path, "enrol", "astana-1", "0000-0000-0000-0000")
    assert isinstance(wrong.exception, EnrolRefused)
    assert "4 tries are left" in str(wrong.exception)
    assert "astana-1 is enrolled" in run(tmp_path, "enrol", "astana-1", code.lower()).output
    assert "answered" in run(tmp_path, "pending").output
    (answer,) = box.ask(hub, now_s)
    box.take(answer, now_s)

    crl = tmp_path / "revoked.pem"
    said = run(tmp_path, "revoke", "astana-1", "--write", crl).output
    assert said.startswith("astana-1: 1 certificates revoked")
    revoked = x509.load_pem_x509_crl(crl.read_bytes())
    assert [f"{one.serial_number:x}" for one in revoked] == [box.identity.standing().serial]
    hub.store.close()
