# SPDX-License-Identifier: Apache-2.0
"""What people put into their browsers is printed, and nothing else on standard output."""

import subprocess
import sys

from edge.trust.certificate import fingerprint, read_chain
from hil.hub import pages
from tests.hil.hub import places


def test_the_authority_of_pages_is_printed_and_where_it_goes_is_said(tmp_path):
    command = [sys.executable, "-m", "hil.hub", "page-authority", "--folder", str(tmp_path / "hub")]
    done = subprocess.run(
        command, cwd=places.ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0
    assert done.stdout == pages.authority_of(tmp_path / "hub").pem
    (own,) = read_chain(done.stdout)
    assert fingerprint(own) in done.stderr
    assert "browser" in done.stderr
