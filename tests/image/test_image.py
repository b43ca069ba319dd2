# SPDX-License-Identifier: Apache-2.0
"""The image itself: built twice it is the same, its update is whole, and it starts and hears."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from image import lock
from image.board import place_of
from image.command import Inside
from image.places import DEBIAN_LOCK, KEYS, MADE
from image.run import SMALL_CARD, prepare, put
from tests.image.machine import Machine, running

pytestmark = [
    pytest.mark.image,
    pytest.mark.root,
    pytest.mark.peer("mmdebstrap", "qemu-system-x86_64", "mcopy"),
]

ROOT = Path(__file__).parents[2]
EDGE_TOML = """
[node]
name = "rig-1"
state_dir = "/var/lib/qalqan"

[tap.mirror]
driver = "afpacket"
interface = "lo"
blocks = 4

[trunk.intl]
class = "international"
peers = ["198.51.100.0/24"]
"""
SET_ID = stat.S_ISUID | stat.S_ISGID
LONGEST_START_S = 120
"On a machine that does something else too; what was measured is in build/image/boot.json."


def build(out: Path, *words: str) -> dict[str, Any]:
    """Build an image into a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "image.build", "--json", "--out", out, *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def hil(tmp_path_factory) -> dict[str, Any]:
    return build(tmp_path_factory.mktemp("hil"), "--profile", "hil")


def test_two_builds_are_the_same(hil: dict[str, Any], tmp_path: Path) -> None:
    again = build(tmp_path, "--profile", "hil", "--fresh", "--only", "disk")
    for name in ("system.img", "boot.img", "esp.img", "disk"):
        assert hil["files"][name]["sha256"] == again["files"][name]["sha256"], name


def test_it_is_small(hil: dict[str, Any]) -> None:
    assert hil["files"]["packed"]["octets"] <= 170e6
    assert hil["files"]["bundle"]["octets"] <= 170e6


def test_rauc_accepts_the_update_and_names_it(hil: dict[str, Any]) -> None:
    bundle = Path(hil["files"]["bundle"]["path"])
    tools = MADE / f"tools-{lock.digest(lock.read(DEBIAN_LOCK)['tools'])}"
    inside = Inside(tools, bundle.parent, KEYS)
    said = inside.run(
        ["rauc", f"--conf={bundle.parent / 'rauc.conf'}", "info", "--output-format=json", bundle]
    )
    found = json.loads(said)
    assert found["compatible"] == "qalqan-edge-x86_64"
    assert found["version"] == hil["version"]
    assert found["format"] == "verity"
    assert [name for image in found["images"] for name in image] == ["boot", "system"]


def test_it_starts_and_hears(hil: dict[str, Any], tmp_path: Path) -> None:
    image, disk = Path(hil["files"]["disk"]["path"]), tmp_path / "disk.img"
    with running(image, disk, EDGE_TOML) as machine:
        first_s = hears_after_s(machine)
        assert "active" in machine.ask("systemctl is-active qalqan-core")
        assert "erofs" in machine.ask("findmnt -no FSTYPE /")
        number = machine.ask("cat /etc/machine-id").split()[-1]
        assert machine.ask("cat /data/machine-id").split()[-1] == number
        assert "Booted from: system.0 (A)" in machine.ask("rauc status", 120)
        machine.ask("until [ -e /data/.grown ]; do sleep 1; done", 120)
        size = machine.ask("findmnt -bno SIZE /data").split()[-1]
        assert int(size) > 2 << 30, "the data partition did not grow"
        assert machine.ask("systemctl --failed --no-legend --plain") == ""
        machine.ask("sync")
    with running(image, disk, keep=True) as machine:  # the plug was pulled
        later_s = hears_after_s(machine)
        made = {"v": 1, "first_hears_s": round(first_s, 1), "hears_s": round(later_s, 1)}
        (MADE / "boot.json").write_text(json.dumps(made))
        sys.stdout.write(f"boot to hearing: {made}\n")
        assert machine.ask("cat /etc/machine-id").split()[-1] == number
        assert "rig-1" in lines(machine.ask("hostname"))
        for unit in ("first-boot", "migrate", "folders", "grow"):
            shown = machine.ask(f"systemctl show -p ConditionResult --value qalqan-{unit}")
            assert "no" in lines(shown), f"{unit} had nothing to do"
        machine.ask("test -e /run/systemd/network/90-qalqan-any.network")
        machine.ask("echo '# another' >> /data/qalqan/edge.toml; sync")
    with running(image, disk, keep=True) as machine:
        hears_after_s(machine)
        shown = machine.ask("systemctl show -p ConditionResult --value qalqan-first-boot")
        assert "yes" in lines(shown), "of another configuration the machine is made anew"


def lines(shown: str) -> list[str]:
    """Return what was printed by line: between them the console has what systemd says meanwhile."""
    return [line.strip() for line in shown.splitlines()]


def hears_after_s(machine: Machine) -> float:
    """Wait until it hears; return how long that took, seconds."""
    machine.until(r"qalqan: starting slot A", 60)
    machine.until(r"Started .*qalqan-core", LONGEST_START_S)
    return machine.seconds()


@pytest.mark.parametrize("is_there", [False, True], ids=["no partition", "no file system"])
def test_without_its_data_it_starts_again_and_the_try_counts(
    hil: dict[str, Any], tmp_path: Path, is_there: bool
) -> None:
    image, disk = Path(hil["files"]["disk"]["path"]), tmp_path / "disk.img"
    prepare(image, disk, SMALL_CARD)
    table = json.loads(subprocess.check_output(["sfdisk", "--json", disk]))["partitiontable"]
    (data,) = [part for part in table["partitions"] if part["name"] == "data"]
    if is_there:
        with disk.open("r+b") as file:
            file.seek(data["start"] * 512)
            file.write(bytes(data["size"] * 512))
    else:
        subprocess.run(["sfdisk", "-q", "--delete", disk, "6"], check=True)
    with running(image, disk, keep=True) as machine:
        machine.until(r"'data'.*; restarting in 10 s", 120)
        machine.until(r"qalqan: starting slot", 60)


def test_a_damaged_file_system_is_mended_before_it_is_mounted(
    hil: dict[str, Any], tmp_path: Path
) -> None:
    image, disk = Path(hil["files"]["disk"]["path"]), tmp_path / "disk.img"
    prepare(image, disk, SMALL_CARD)
    data = f"{disk}?offset={place_of('data')}"
    subprocess.run(["debugfs", "-w", "-R", "ssv state 2", data], check=True, capture_output=True)
    with running(image, disk, EDGE_TOML, keep=True) as machine:
        machine.until(r"the file system of 'data' is checked", 120)
        machine.until(r"Started .*qalqan-core", LONGEST_START_S)
        state = machine.ask("dumpe2fs -h $(findmnt -no SOURCE /data) 2>/dev/null | grep state:")
        assert state.split(":")[1].split() == ["clean"]


def test_the_one_that_is_sold_has_no_way_in(tmp_path: Path) -> None:
    build(tmp_path, "--only", "disk")
    system = tmp_path / "root"
    for name in ("usr/bin/login", "usr/sbin/sshd", "usr/bin/su", "usr/bin/dpkg", "usr/bin/apt"):
        assert not (system / name).exists(), name
    for name in ("etc/passwd", "etc/shadow"):
        lines = (system / name).read_text().splitlines()
        assert all(line.split(":")[1] in {"*", "!", "!*", "x"} for line in lines), name
    assert not [
        path for path in system.rglob("*") if path.lstat().st_mode & SET_ID and path.is_file()
    ]
    assert (system / "etc/machine-id").read_text() == ""
    assert not list(system.rglob("hil-console.service"))
    bill = json.loads((system / "usr/lib/qalqan/sbom.json").read_text())
    assert {"rauc", "systemd", "tuf"} <= {part["name"] for part in bill["components"]}


def test_a_stick_starts_what_is_on_it(hil: dict[str, Any], tmp_path: Path) -> None:
    """Both boot slots of the disk are lost; the stick bears the same labels as the disk."""
    image, disk, stick = Path(hil["files"]["disk"]["path"]), tmp_path / "d.img", tmp_path / "s.img"
    for one in (disk, stick):
        prepare(image, one, SMALL_CARD)
    with disk.open("r+b") as file:
        for label in ("boot_a", "boot_b"):
            file.seek(place_of(label))
            file.write(bytes(1 << 20))
    put(stick, "esp", "qalqan/recovery", b"")
    usb = (  # the firmware finds what it is told the order of, which is behind the disk
        "-device", "qemu-xhci", "-drive", f"if=none,id=stick,format=raw,file={stick}",
        "-device", "usb-storage,drive=stick,removable=on,bootindex=1",
    )  # fmt: skip
    with running(image, disk, keep=True, more=usb) as machine:
        machine.until(r"no slot can be started; put in the recovery stick", 60)
        machine.until(r"qalqan: starting slot A", 120)
        for place in ("/", "/data", "/efi"):
            assert "/dev/sd" in machine.ask(f"findmnt -no SOURCE {place}", 300), place
