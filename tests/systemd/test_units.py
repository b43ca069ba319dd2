# SPDX-License-Identifier: Apache-2.0
"""Units are right by systemd's own judgement, have few rights, and name what there is."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from edge.box.first_boot import drop_ins
from edge.cli import app
from edge.trust.page import CERTIFICATE, KEY
from edge.update.state import Folder, State, Update
from tests.systemd.trixie import UNITS, inside, installed

SERVICES = sorted(UNITS.glob("*.service"))
UNIT_FILES = sorted([*SERVICES, *UNITS.glob("*.target"), *UNITS.glob("*.path")])
PROCESSES = ("core", "uplink", "page")
MOST_EXPOSURE = 20
"Tenths: `systemd-analyze security` calls up to 2.0 of 10 safe."

KINDS = {
    r"[a-z-]+\.(service|target|path)": "verified below",
    r"drop-ins/serial\.conf": "verified with qalqan-core.service",
    r"sysusers\.d/qalqan\.conf": "test_the_users_that_units_run_as_are_made",
    r"tmpfiles\.d/qalqan\.conf": "tests/systemd/test_rights.py",
    r"system-preset/50-qalqan\.preset": "test_what_is_to_run_is_enabled",
    r"(journald|system)\.conf\.d/qalqan\.conf": "test_the_drop_ins_of_systemd_itself",
    r"dbus-1/system\.d/de\.pengutronix\.rauc\.conf": "tests/systemd/test_bus.py",
    r"README\.md": "read by people; test_the_table_names_every_file",
}
"Every file of `systemd/`, and what tests it."


def named(path: Path) -> str:
    return path.relative_to(UNITS).as_posix()


def settings(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(key.strip(), []).append(value.strip())
    return found


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with installed() as inside_of:
        yield inside_of


def test_every_file_is_tested() -> None:
    files = [named(path) for path in UNITS.rglob("*") if path.is_file()]
    untested = [name for name in files if not any(re.fullmatch(kind, name) for kind in KINDS)]
    assert not untested
    unused = [kind for kind in KINDS if not any(re.fullmatch(kind, name) for name in files)]
    assert not unused


def test_the_table_names_every_file() -> None:
    told = (UNITS / "README.md").read_text(encoding="utf-8")
    files = [named(path) for path in UNITS.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert [name for name in files if f"`{name}`" not in told] == []


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mmdebstrap")
def test_systemd_of_the_image_finds_nothing_wrong(folder: Path) -> None:
    words = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no")
    done = inside(*words, *(folder / named(path) for path in UNIT_FILES))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mmdebstrap")
@pytest.mark.parametrize("path", SERVICES, ids=named)
def test_a_unit_has_few_rights(folder: Path, path: Path) -> None:
    words = ("--offline=true", f"--threshold={MOST_EXPOSURE}", "--no-pager")
    done = inside("systemd-analyze", "security", *words, folder / named(path))
    assert done.returncode == 0, done.stdout


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mmdebstrap")
def test_a_serial_line_takes_no_right_but_its_device(folder: Path) -> None:
    made = inside("sh", "-c", f"mkdir -p {folder}/qalqan-core.service.d && "
                  f"cp {folder}/drop-ins/serial.conf {folder}/qalqan-core.service.d/")  # fmt: skip
    assert made.returncode == 0
    try:
        unit = folder / "qalqan-core.service"
        assert inside("systemd-analyze", "verify", "--man=no", unit).stderr == ""
        words = ("--offline=true", f"--threshold={MOST_EXPOSURE + 3}", "--no-pager")
        done = inside("systemd-analyze", "security", *words, unit)
        assert done.returncode == 0, done.stdout
    finally:
        inside("rm", "-r", folder / "qalqan-core.service.d")


@pytest.mark.peer("systemd-analyze")
@pytest.mark.parametrize("path", SERVICES, ids=named)
def test_a_unit_has_few_rights_by_the_systemd_of_this_machine_too(path: Path) -> None:
    # an older one, as of Debian 12, counts it a tenth worse that `core` starts before all else
    most = MOST_EXPOSURE + (path.stem == "qalqan-core")
    words = ("--offline=true", f"--threshold={most}", "--no-pager")
    done = subprocess.run(
        ["systemd-analyze", "security", *words, str(path)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SERVICES, ids=named)
def test_the_commands_that_units_call_are_there(path: Path) -> None:
    commands = get_command(app)
    for line in settings(path)["ExecStart"]:
        program, *words = shlex.split(line.lstrip("-"))
        if program != "/usr/bin/qalqan":
            continue
        command = commands.get_command(None, words[0])  # type: ignore[attr-defined]
        assert command, words[0]
        known = {option for one in command.params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize(("state", "waits"), [
    (State.REBOOTING, True), (State.PROBATION, True), (State.CONFIRMED, False),
    (State.WAITING, False),
])  # fmt: skip
def test_what_is_given_back_without_us_is_what_waits_to_be_confirmed(
    tmp_path: Path, state: State, waits: bool
) -> None:
    """The condition of the unit, asked of the file that the uplink writes."""
    folder = Folder(tmp_path)
    folder.keep(Update("spring", "1.0", "1.1", state, slot="B"))
    (line,) = settings(UNITS / "qalqan-fallback.service")["ExecCondition"]
    *words, path = shlex.split(line)
    assert path == "/var/lib/qalqan/update/update.json"
    done = subprocess.run([*words, str(tmp_path / "update.json")], check=False)
    assert (done.returncode == 0) is waits


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_comes_back_whatever_ended_it(name: str) -> None:
    unit = settings(UNITS / f"qalqan-{name}.service")
    assert unit["Type"] == ["notify"]
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert int(unit["WatchdogSec"][0]) > 0
    assert unit["User"] == [f"qalqan-{name}"]
    assert (unit["Group"], unit["UMask"]) == (["qalqan"], ["0027"])


def test_what_each_may_not() -> None:
    core, uplink, page = (settings(UNITS / f"qalqan-{name}.service") for name in PROCESSES)
    assert core["CapabilityBoundingSet"] == core["AmbientCapabilities"] == ["CAP_NET_RAW"]
    assert uplink["CapabilityBoundingSet"] == page["CapabilityBoundingSet"] == [""]
    assert (core["IPAddressDeny"], core["IPAddressAllow"]) == (["any"], ["localhost"])
    assert "AF_PACKET" not in uplink["RestrictAddressFamilies"][0]
    assert uplink["SocketBindDeny"] == ["any"]
    assert page["ReadWritePaths"] == ["-/var/lib/qalqan/page -/var/lib/qalqan/requests"]
    assert "identity" in " ".join(page["InaccessiblePaths"])
    groups = {path.stem: settings(path).get("SupplementaryGroups") for path in SERVICES}
    assert {name: more for name, more in groups.items() if more} == {
        "qalqan-page": ["systemd-journal"]
    }
    assert "/var/lib/qalqan/page" in " ".join(uplink["InaccessiblePaths"])
    assert "-/var/lib/qalqan/requests" in core["ReadOnlyPaths"]
    hidden = " ".join(core["InaccessiblePaths"])
    assert "identity" in hidden
    assert "/run/dbus" in hidden


def test_the_page_is_started_anew_when_its_certificate_changes() -> None:
    watched = settings(UNITS / "qalqan-page-renewed.path")
    anew = settings(UNITS / watched["Unit"][0])
    page = settings(UNITS / "qalqan-page.service")
    pair = [f"/var/lib/qalqan/identity/{name}" for name in (CERTIFICATE, KEY)]
    assert page["LoadCredential"] == [f"{Path(path).name}:{path}" for path in pair]
    assert watched["PathChanged"] == pair[:1], "it is written last"
    assert anew["ExecStart"][0].split()[-1] == "qalqan-page.service"
    assert "-/var/lib/qalqan" in anew["InaccessiblePaths"][0].split(), "it reads neither"


def test_the_users_that_units_run_as_are_made() -> None:
    made = (UNITS / "sysusers.d" / "qalqan.conf").read_text()
    users = {user for path in SERVICES for user in settings(path).get("User", [])}
    assert users == set(re.findall(r"^u (\S+)", made, re.MULTILINE))
    numbers = re.findall(r"^u \S+ +(\S+):qalqan", made, re.MULTILINE)
    assert len(set(numbers)) == len(users), "fixed: files on the data partition outlive an image"


def test_what_is_to_run_is_enabled() -> None:
    preset = (UNITS / "system-preset" / "50-qalqan.preset").read_text()
    enabled = set(re.findall(r"^enable (qalqan\S+)", preset, re.MULTILINE))
    wanted = {path.name for path in UNIT_FILES if "WantedBy" in settings(path)}
    assert enabled == wanted


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mmdebstrap")
def test_the_drop_ins_of_systemd_itself(folder: Path) -> None:
    """The files that systemd comes with name every key there is."""
    for name in ("journald", "system"):
        shown = inside("systemd-analyze", "cat-config", f"systemd/{name}.conf").stdout
        known = set(re.findall(r"^#?([A-Za-z]+)=", shown, re.MULTILINE))
        ours = settings(UNITS / f"{name}.conf.d" / "qalqan.conf")
        assert ours
        assert ours.keys() <= known


def test_units_that_get_drop_ins_at_a_start_are_there() -> None:
    from tests.box.test_first_boot import FULL  # noqa: PLC0415 - only its configuration

    assert {path.stem for path in SERVICES} > set(drop_ins(FULL))
