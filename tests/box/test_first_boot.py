# SPDX-License-Identifier: Apache-2.0
"""A machine is made what its configuration says; what cannot be used is not taken."""

import os
import stat
from pathlib import Path

import pytest

from edge import config
from edge.box.first_boot import (
    Machine,
    drop_ins,
    make_and_keep,
    make_machine,
    make_secret,
    networks,
    place,
    told_of,
    with_state,
)
from edge.errors import ConfigError
from edge.report import pseudonym

PLAIN = '# by hand\r\n[node] # this box\r\nname = "astana-1"\r\n'
BOX = """
[node]
name = "astana-1"

[tap.probe]
driver = "e1_serial"
port = "/dev/ttyUSB0"

[hub]
brokers = ["203.0.113.7:8883", "[2001:db8::7]:8883"]

[box]
hostname = "edge-astana-1"
mirrors = ["enp2s0"]
switches = ["10.1.0.0/24"]
operators = ["10.0.0.0/24"]

[box.port.enp1s0]
addresses = ["10.0.0.5/24"]
gateway = "10.0.0.1"
dns = ["10.0.0.2"]
ntp = ["10.0.0.3"]

[box.port.enp3s0]
"""
FULL = config.parse(BOX, Path("edge.toml"))


@pytest.fixture
def esp(tmp_path: Path) -> Path:
    (tmp_path / "esp" / "qalqan").mkdir(parents=True)
    return tmp_path / "esp"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    (made / "identity").mkdir(parents=True)
    return made


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "of an editor of Windows"])
def test_what_was_left_on_the_esp_is_taken_once(esp: Path, state: Path, bom: bytes) -> None:
    (esp / "qalqan" / "edge.toml").write_bytes(bom + PLAIN.encode())
    assert len(place(esp, state)) == 1
    found = state / "edge.toml"
    assert config.load(found).node.state_dir == state
    assert stat.S_IMODE(found.stat().st_mode) == 0o640

    (esp / "qalqan" / "edge.toml").write_text('[node]\nname = "another"\n')
    assert place(esp, state) == []
    assert config.load(found).node.name == "astana-1"


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (None, "does not know yet what it is to do"),
        (b"[node]\nnname = 1\n", "edge.toml:2: node.nname: unknown key"),
        (b"\xff\xfe", "octet 0 is not UTF-8"),
        (b'[node]\nname = "a"\nstate_dir = "/elsewhere"\n', "node.state_dir: leave it out"),
        (b"#" * ((1 << 20) + 1), "larger than"),
    ],
)
def test_what_cannot_be_used_is_not_taken(
    esp: Path, state: Path, octets: bytes | None, said: str
) -> None:
    if octets is not None:
        (esp / "qalqan" / "edge.toml").write_bytes(octets)
    with pytest.raises(ConfigError, match=said):
        place(esp, state)
    assert not (state / "edge.toml").exists()


def test_a_state_folder_that_was_named_right_stays(state: Path) -> None:
    text = f'[node]\nname = "a"\nstate_dir = "{state}"\n'
    assert with_state(text, state) == text


def test_a_code_that_was_agreed_on_is_taken_before_there_is_a_key(esp: Path, state: Path) -> None:
    (esp / "qalqan" / "edge.toml").write_text(PLAIN)
    (esp / "qalqan" / "enrol.code").write_text("7K3Q-M2ZD-0FHX-9WTB\r\n")
    place(esp, state)
    kept = state / "identity" / "enrol.code"
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == ("7K3Q-M2ZD-0FHX-9WTB\n", 0o600)
    kept.unlink()
    (state / "identity" / "key.pem").touch()
    assert place(esp, state) == []


def test_the_secret_is_made_once(state: Path) -> None:
    assert len(make_secret(state)) == 1
    first = pseudonym.load(state / "identity").of("+77172000001", 0)
    assert make_secret(state) == []
    assert pseudonym.load(state / "identity").of("+77172000001", 0) == first


def test_a_port_that_speaks_and_one_that_only_hears() -> None:
    files = networks(FULL)
    assert files["50-qalqan-enp1s0.network"].splitlines()[1:] == [
        "[Match]", "Name=enp1s0", "", "[Link]", "RequiredForOnline=routable", "", "[Network]",
        "Address=10.0.0.5/24", "Gateway=10.0.0.1", "DNS=10.0.0.2", "NTP=10.0.0.3",
        "IPv6AcceptRA=no", "LLMNR=no", "MulticastDNS=no",
    ]  # fmt: skip
    assert "DHCP=ipv4" in files["50-qalqan-enp3s0.network"]
    mirror = files["50-qalqan-enp2s0.network"]
    assert "Address=" not in mirror
    assert {"DHCP=no", "ARP=no", "LinkLocalAddressing=no"} <= {*mirror.splitlines()}


def test_who_may_speak_with_whom() -> None:
    found = {unit: text.splitlines()[2:] for unit, text in drop_ins(FULL).items()}
    assert found == {
        "qalqan-core": ["IPAddressAllow=10.1.0.0/24"],
        "qalqan-page": ["IPAddressAllow=10.0.0.0/24"],
        "qalqan-uplink": [
            "IPAddressDeny=any", "IPAddressAllow=localhost", "IPAddressAllow=203.0.113.7",
            "IPAddressAllow=2001:db8::7", "IPAddressAllow=10.0.0.2",
        ],
    }  # fmt: skip


def test_a_hub_that_is_named_is_kept_off_the_switches_alone() -> None:
    named = config.parse(BOX.replace("203.0.113.7", "hub.example"), Path("edge.toml"))
    assert drop_ins(named)["qalqan-uplink"].splitlines()[2:] == ["IPAddressDeny=10.1.0.0/24"]


def test_what_systemd_must_know_is_written_anew_at_each_start(tmp_path: Path) -> None:
    names: list[str] = []
    run = tmp_path / "run"
    (run / "systemd").mkdir(parents=True)
    mask = os.umask(0o077)
    try:
        units = Path(__file__).parents[2] / "systemd" / "drop-ins"
        machine = Machine(run, units, names.append, box=None)
        make_machine(FULL, machine)
    finally:
        os.umask(mask)
    assert names == ["edge-astana-1"]
    written = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    core = "systemd/system/qalqan-core.service.d"
    assert f"{core}/60-qalqan-serial.conf" in written
    assert f"{core}/50-qalqan-box.conf" in written
    for path in run.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044, "systemd-networkd is no root"

    make_machine(config.parse('[node]\nname = "a"\n', Path("edge.toml")), machine)
    assert names[-1] == "a"
    (any_port,) = (run / "systemd" / "network").iterdir()
    assert "Name=en* eth*" in any_port.read_text()
    make_machine(FULL, machine)
    assert not any_port.exists()
    make_machine(config.parse('[node]\nname = "a"\n', Path("edge.toml")), machine)
    assert not (run / core / "60-qalqan-serial.conf").exists()
    assert not (run / core / "50-qalqan-box.conf").exists(), "of a configuration that is gone"


def test_the_page_is_asked_for_where_it_has_an_address(tmp_path: Path) -> None:
    units = Path(__file__).parents[2] / "systemd" / "drop-ins"
    machine = Machine(tmp_path / "run", units, lambda _name: None, box=None)
    page, people = (tmp_path / "run" / "qalqan-box" / name for name in ("page", "people"))
    for table, seen in (("listen", False), ("people", True)):
        text = f'{BOX}[page]\n{table} = "127.0.0.1:8080"\n'
        make_machine(config.parse(text, Path("a.toml")), machine)
        assert (page.exists(), people.exists()) == (True, seen)
    make_machine(FULL, machine)
    assert not page.exists()
    assert not people.exists()


def test_what_is_made_is_kept_of_the_very_same_configuration(tmp_path: Path) -> None:
    units = Path(__file__).parents[2] / "systemd" / "drop-ins"
    path = tmp_path / "edge.toml"
    path.write_text(BOX)
    (tmp_path / "image-id").write_text("1\n")
    box = tmp_path / "box"
    machine = Machine(
        tmp_path / "run", units, lambda _name: None, box, tmp_path / "image-id", tmp_path
    )
    assert f"{box}: kept" in make_and_keep(path, machine)
    assert told_of(machine)
    for made in (tmp_path / "run").rglob("*"):
        assert (
            not made.is_file()
            or (box / "run" / made.relative_to(tmp_path / "run")).read_bytes() == made.read_bytes()
        )
    path.write_text("[nod]\n")
    with pytest.raises(ConfigError):
        make_and_keep(path, machine)
    assert not (box / "stamp").exists()
