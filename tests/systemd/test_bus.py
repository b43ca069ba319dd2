# SPDX-License-Identifier: Apache-2.0
"""Who may speak to the installer: asked of a real bus, with RAUC's own policy beside ours."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.systemd.trixie import UNITS

pytestmark = [pytest.mark.root, pytest.mark.peer("dbus-daemon", "busctl", "setpriv")]

NAME = "de.pengutronix.rauc"
POLICY = UNITS / "dbus-1" / "system.d" / f"{NAME}.conf"
UPLINK = "daemon"
"Who is the uplink here: any user that every Debian has."

PACKAGED = f"""<busconfig>
  <policy user="root"><allow own="{NAME}"/></policy>
  <policy context="default">
    <allow send_destination="{NAME}"/><allow receive_sender="{NAME}"/>
  </policy>
</busconfig>
"""
"What it comes to that RAUC 1.13 is packaged with: whoever is on this machine may install."

BUS = """<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><deny own="*"/><deny send_type="method_call"/>
    <allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>{folder}/usr</includedir>
  <includedir>{folder}/etc</includedir>
</busconfig>
"""


OWNER = f"""
import asyncio, sys
from dbus_fast.aio import MessageBus

async def own():
    bus = await MessageBus(bus_address=sys.argv[1]).connect()
    await bus.request_name("{NAME}")
    print("there", flush=True)
    await bus.wait_for_disconnect()

asyncio.run(own())
"""
"Has the installer's name, and no object: whoever may ask is told that there is none."


@contextmanager
def owned(address: str) -> Iterator[None]:
    """Have somebody at the name: rules for a destination hold for nobody else."""
    command = [sys.executable, "-c", OWNER, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"there\n"
        try:
            yield
        finally:
            owner.terminate()


@contextmanager
def bus(folder: Path, *, ours: bool) -> Iterator[str]:
    folder.chmod(0o755)
    for name in ("usr", "etc"):
        (folder / name).mkdir()
    (folder / "usr" / f"{NAME}.conf").write_text(PACKAGED)
    if ours:
        text = POLICY.read_text().replace("qalqan-uplink", UPLINK)
        (folder / "etc" / POLICY.name).write_text(text)
    (folder / "bus.conf").write_text(BUS.format(folder=folder))
    command = ["dbus-daemon", f"--config-file={folder}/bus.conf", "--print-address=1", "--nofork"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as daemon:
        assert daemon.stdout
        address = daemon.stdout.readline().decode().strip()
        try:
            with owned(address):
                yield address
        finally:
            daemon.terminate()


def call(address: str, user: str, interface: str, member: str, *words: str) -> str:
    """Return what a user is told that calls: not that it worked, as there is no object."""
    done = subprocess.run(
        ["setpriv", f"--reuid={user}", f"--regid={user if user != 'nobody' else 'nogroup'}",
         "--clear-groups", "busctl", f"--address={address}", "--auto-start=no",
         "--timeout=5", "call", NAME, "/", interface, member, *words],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return done.stderr


INSTALL = (f"{NAME}.Installer", "InstallBundle", "sa{sv}", "/data/x.raucb", "0")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Every user must reach the socket of the bus."""
    with TemporaryDirectory(prefix="bus-") as name:
        yield Path(name)


def refused(answer: str) -> bool:
    return "rejected" in answer.lower() or "access denied" in answer.lower()


def test_by_the_packaged_policy_anybody_may_install(folder: Path) -> None:
    """The fault that ours mends: without it this test would prove nothing."""
    with bus(folder, ours=False) as address:
        assert not refused(call(address, "nobody", *INSTALL))


@pytest.mark.parametrize(
    ("user", "words", "may"),
    [
        ("nobody", INSTALL, False),
        ("nobody", (f"{NAME}.Installer", "GetSlotStatus"), False),
        ("games", INSTALL, False),
        ("root", INSTALL, True),
        (UPLINK, INSTALL, True),
        (UPLINK, (f"{NAME}.Installer", "Mark", "ss", "good", "booted"), True),
        (UPLINK, ("org.freedesktop.DBus.Properties", "Get", "ss", "a", "b"), True),
        (UPLINK, ("org.freedesktop.DBus.Properties", "Set", "ssv", "a", "b", "s", "c"), False),
        (UPLINK, ("org.freedesktop.DBus.Introspectable", "Introspect"), True),
        (UPLINK, ("org.example.Other", "Do"), False),
    ],
)
def test_who_may_speak_to_the_installer(
    folder: Path, user: str, words: tuple[str, ...], may: bool
) -> None:
    with bus(folder, ours=True) as address:
        answer = call(address, user, *words)
    assert refused(answer) is not may, answer
