# SPDX-License-Identifier: Apache-2.0
"""The hub of the rig takes a box in over real brokers. What it gives further is shown in QEMU."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.trust.enrol import EnrolRefused, write_code
from hil.demo.region import HERE, Centre
from hil.hub.mosquitto import Ports
from hil.loopback import free_ports
from hil.rig.hub import LISTENS, RigHub, now_s

CODE = write_code(bytes(range(10)))
NODE = "rig-1"
PATIENCE_S = 60.0


def knock(hub: RigHub, folder: Path) -> "subprocess.Popen[bytes]":
    """Have a box ask for its certificate, with a code that was agreed on."""
    config = folder / "edge.toml"
    config.write_text(f'[node]\nname = "{NODE}"\nstate_dir = "{folder}/state"\n{hub.settings()}')
    (folder / "enrol.code").write_text(CODE)
    return subprocess.Popen([
        sys.executable, "-m", "edge", "enrol", "--config", config, "--code-file",
        folder / "enrol.code", "--broker", f"{LISTENS}:{hub.ports.enrolment}",
    ], stdout=subprocess.DEVNULL)  # fmt: skip


@pytest.mark.peer("mosquitto")
@pytest.mark.slow
def test_a_box_is_taken_in_and_given_all_that_it_believes(tmp_path: Path) -> None:
    hub = RigHub.made(tmp_path / "rig", Ports(*free_ports(4)))
    Centre(hub.repository).publish(HERE / "list.csv", now_s())
    with hub.running():
        box = knock(hub, tmp_path)
        end_s = now_s() + PATIENCE_S
        while not hub.admit(NODE, CODE):
            assert now_s() < end_s
            time.sleep(0.1)  # noqa: TID251 - another process asks
        assert box.wait(PATIENCE_S) == 0
        with pytest.raises(EnrolRefused):
            hub.admit(NODE, "AAAA-AAAA-AAAA-AAAA")
    identity = tmp_path / "state" / "identity"
    root = (hub.repository / "metadata" / "1.root.json").read_bytes()
    assert (identity / "root.json").read_bytes() == root
    assert (identity / "certificate.pem").exists()


def test_ports_that_are_taken_are_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LISTENS, 0))
        other.listen()
        port = other.getsockname()[1]
        hub = RigHub.made(tmp_path, Ports(*free_ports(4))._replace(bulk=port))
        with pytest.raises(ConfigError, match=f"port {port} of loopback is taken"), hub.running():
            pass
        hub.store.close()


def test_a_hub_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    first = RigHub.made(tmp_path / "rig")
    first.store.close()
    again = RigHub(tmp_path / "rig")
    assert again.told("verdict") == []
    assert again.member(NODE) is None
    assert again.admit(NODE, CODE) is False
    again.store.close()
