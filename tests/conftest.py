# SPDX-License-Identifier: Apache-2.0
"""What all tests share: who may run, and the list of those that did not.

A test that needs a peer (a program of other hands) or root is skipped by name without it; with
QALQAN_REQUIRE_PEERS=1, as on the server, it fails instead.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("house", deadline=None)  # time is asserted in no test
settings.load_profile("house")

PEERS_REQUIRED = os.environ.get("QALQAN_REQUIRE_PEERS") == "1"

# Debian keeps daemons where a user's PATH does not look.
os.environ["PATH"] += os.pathsep + os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))


def missing(item: pytest.Item) -> list[str]:
    """Return what a test needs and this machine does not have."""
    named = [str(peer) for mark in item.iter_markers("peer") for peer in mark.args]
    absent = [peer for peer in named if shutil.which(peer) is None]
    if item.get_closest_marker("root") and os.geteuid() != 0:
        absent.append("root")
    return absent


def pytest_runtest_setup(item: pytest.Item) -> None:
    absent = missing(item)
    if not absent:
        return
    reason = f"needs {', '.join(absent)}"
    if PEERS_REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def log_as_it_was() -> Iterator[None]:
    """Leave the log of the tests as it is, whatever a process says of its own."""
    yield
    structlog.reset_defaults()
