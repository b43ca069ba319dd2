# SPDX-License-Identifier: Apache-2.0
"""Makes a machine what its configuration says; what is done is not done again.

    ESP qalqan/edge.toml ─► state/edge.toml, once        ESP qalqan/enrol.code ─► identity, once
    [box] ─► name, network, who may speak with whom      identity/pseudonym.key, if there is none

The root of the image is read-only, so what systemd must know is below `/run`: written there, and
kept for the next start (`edge.box.kept`). Configuration and machine cannot disagree for longer.
"""

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from edge import config as config_file
from edge.blocklist.store import replace
from edge.box import kept
from edge.config import Config
from edge.errors import ConfigError
from edge.report import pseudonym
from edge.trust.private import write_private

CONFIG = "edge.toml"
CODE = "enrol.code"
FOLDER = "qalqan"
"Of the ESP."
MOST_OCTETS = 1 << 20
SERIAL = frozenset({"e1_serial", "serial_mml"})
"Drivers that open a serial line."
DROP_IN = "50-qalqan-box.conf"
SERIAL_IN = "60-qalqan-serial.conf"
NETWORK = "Generated from [box] in edge.toml."
BOX, NAME, PAGE, PEOPLE, HUB = "qalqan-box", "hostname", "page", "people", "hub"
"Below /run: what is neither systemd's nor ours, but asked for by units and the initial RAM disk."

_NODE = re.compile(r"^\[node\][ \t]*(#.*)?$", re.MULTILINE)


class Machine(NamedTuple):
    """The places of the machine that are written; others in tests."""

    run: Path = Path("/run")
    drop_ins: Path = Path("/usr/lib/qalqan/drop-ins")
    name_it: Callable[[str], object] = socket.sethostname
    box: Path | None = Path("/data/box")
    "Where it is kept for the next start; None if it is not."
    image: Path = Path("/usr/lib/qalqan/image-id")
    "What changes whenever the image does."
    root: Path = Path("/")


def place(esp: Path, state: Path) -> list[str]:
    """Take what whoever flashed the image left on the ESP; return what was done, for people.

    A configuration that cannot be used is not taken. Raises `ConfigError`, for people, if there is
    none yet then.
    """
    done = []
    path, found = state / CONFIG, esp / FOLDER / CONFIG
    if not path.exists():
        if not found.exists():
            raise ConfigError(f"{found}: is not there: this box does not know yet what it is to do")
        text = _text(found)
        config_file.parse(text, found)  # what is wrong is said of the lines that a person wrote
        text = with_state(text, state)
        if config_file.parse(text, path).node.state_dir.resolve() != state.resolve():
            raise ConfigError(f"{found}: node.state_dir: leave it out; here it is {state}")
        _place(path, text)
        done.append(f"{path}: taken from {found}")
    code = esp / FOLDER / CODE
    ours = state / "identity" / CODE
    if code.exists() and not ours.exists() and not (ours.parent / "key.pem").exists():
        write_private(ours, _text(code).encode())
        done.append(f"{ours}: taken from {code}")
    return done


def with_state(text: str, state: Path) -> str:
    """Return a configuration that names the state folder, if it named none."""
    return text if "state_dir" in text else _NODE.sub(f'\\g<0>\nstate_dir = "{state}"', text, 1)


def make_secret(state: Path) -> list[str]:
    """Make what numbers are hashed with until the hub gives a better one: `core` only reads it."""
    path = state / "identity" / pseudonym.FILE
    if path.exists():
        return []
    write_private(path, os.urandom(pseudonym.SECRET_OCTETS).hex().encode())
    return [f"{path}: made"]


def make_machine(config: Config, machine: Machine) -> list[str]:
    """Write below `/run` what systemd must know, and name the machine; return what was written."""
    network, units = (machine.run / "systemd" / name for name in ("network", "system"))
    box = machine.run / BOX
    for folder in (network, units, box):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    old = (network.glob("[59]0-qalqan-*"), units.glob(f"*/{DROP_IN}"), units.glob(f"*/{SERIAL_IN}"))
    for path in (*chain(*old), box / PAGE, box / PEOPLE, box / HUB):
        path.unlink(missing_ok=True)
    files = files_of(config, machine)
    for name, text in files.items():
        _write(machine.run / name, text)
    machine.name_it(_name(config))
    return [Path(name).relative_to("systemd").as_posix() for name in files if BOX not in name]


def files_of(config: Config, machine: Machine) -> dict[str, str]:
    """Return all that is made of a configuration, by name below `/run`."""
    files = {f"systemd/network/{name}": text for name, text in networks(config).items()}
    for unit, text in drop_ins(config).items():
        files[f"systemd/system/{unit}.service.d/{DROP_IN}"] = text
    if needs_serial(config):
        text = (machine.drop_ins / "serial.conf").read_text(encoding="utf-8")
        files[f"systemd/system/qalqan-core.service.d/{SERIAL_IN}"] = text
    files[f"{BOX}/{NAME}"] = _name(config) + "\n"
    if config.page.is_there:
        files[f"{BOX}/{PAGE}"] = ""
    if config.page.people:
        files[f"{BOX}/{PEOPLE}"] = ""
    if config.hub.brokers:
        files[f"{BOX}/{HUB}"] = ""
    return files


def make_and_keep(path: Path, machine: Machine) -> list[str]:
    """Make the machine by a file, and keep it for the next start; return what was done.

    Raises `ConfigError`. What cannot be kept is made again at the next start.
    """
    sums = None
    if machine.box:
        with suppress(OSError):
            kept.forget(machine.box)
            sums = kept.sums_of((path, machine.image), machine.root)
    config = config_file.load(path)
    done = make_machine(config, machine)
    if machine.box and sums:
        with suppress(OSError):
            kept.keep(files_of(config, machine), sums, machine.box, machine.root)
            done.append(f"{machine.box}: kept")
    return done


def told_of(machine: Machine) -> dict[str, str]:
    """Return what systemd is told of units, by name: when it changes, it must read them anew."""
    units = machine.run / "systemd" / "system"
    found = (*units.glob(f"*/{DROP_IN}"), *units.glob(f"*/{SERIAL_IN}"))
    return {str(path): path.read_text(encoding="utf-8") for path in found}


def _name(config: Config) -> str:
    return config.box.hostname or config.node.name


def networks(config: Config) -> dict[str, str]:
    """Return the files of systemd-networkd, by name.

    Where no port is named that speaks, whatever does not mirror asks for an address by DHCP.
    """
    files = {}
    if not config.box.port:
        lines = ["DHCP=ipv4", "IPv6AcceptRA=no"]
        files["90-qalqan-any.network"] = _network("en* eth*", ["RequiredForOnline=no"], lines)
    for name, port in config.box.port.items():
        lines = [f"Address={address}" for address in port.addresses] or ["DHCP=ipv4"]
        lines += [f"Gateway={port.gateway}"] if port.gateway else []
        lines += [f"DNS={one}" for one in port.dns] + [f"NTP={one}" for one in port.ntp]
        # A router on the way must not give this box an address, or another way out.
        lines += ["IPv6AcceptRA=no", "LLMNR=no", "MulticastDNS=no"]
        files[f"50-qalqan-{name}.network"] = _network(name, ["RequiredForOnline=routable"], lines)
    for name in config.box.mirrors:
        lines = ["LinkLocalAddressing=no", "IPv6AcceptRA=no", "LLDP=no", "EmitLLDP=no", "DHCP=no"]
        link = ["ARP=no", "Multicast=no", "RequiredForOnline=no", "ActivationPolicy=always-up"]
        files[f"50-qalqan-{name}.network"] = _network(name, link, lines)
    return files


def _network(name: str, link: list[str], network: list[str]) -> str:
    lines = [f"# {NETWORK}", "[Match]", f"Name={name}", "", "[Link]", *link]
    return "\n".join([*lines, "", "[Network]", *network, ""])


def drop_ins(config: Config) -> dict[str, str]:
    """Return who may speak with each process, as a drop-in of its unit."""
    box = config.box
    files = {
        "qalqan-core": _lines(f"IPAddressAllow={net}" for net in box.switches),
        "qalqan-page": _lines(f"IPAddressAllow={net}" for net in box.operators),
    }
    if brokers := _addresses(config):
        allowed = ["localhost", *brokers, *_resolvers(config)]
        files["qalqan-uplink"] = _lines(
            ["IPAddressDeny=any", *(f"IPAddressAllow={one}" for one in allowed)]
        )
    else:
        files["qalqan-uplink"] = _lines(f"IPAddressDeny={net}" for net in box.switches)
    return {unit: text for unit, text in files.items() if text}


def _lines(lines: Iterable[str]) -> str:
    listed = list(lines)
    return "\n".join([f"# {NETWORK}", "[Service]", *listed, ""]) if listed else ""


def _addresses(config: Config) -> list[str]:
    """Return the addresses of the brokers, if all are named by address."""
    if not config.hub.brokers:
        return []
    from edge.report.hub.dial import parsed  # noqa: PLC0415 - it brings TLS

    found = []
    for endpoint in config.hub.brokers:
        try:
            found.append(str(ip_address(parsed(endpoint)[0])))
        except ValueError:
            return []
    return found


def _resolvers(config: Config) -> list[str]:
    return [str(one) for port in config.box.port.values() for one in port.dns]


def needs_serial(config: Config) -> bool:
    """Whether a part of the box hangs on a serial line."""
    return any(part.driver in SERIAL for part in (*config.tap.values(), *config.enforcer.values()))


def _text(path: Path) -> str:
    """Read a file that a person wrote, with whatever editor. Raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
        text = octets.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as refusal:
        raise ConfigError(f"{path}: {refusal.strerror}") from refusal
    except UnicodeDecodeError as wrong:
        raise ConfigError(f"{path}: octet {wrong.start} is not UTF-8") from wrong
    if len(octets) > MOST_OCTETS:
        raise ConfigError(f"{path}: is larger than {MOST_OCTETS} octets")
    return text


def _place(path: Path, text: str) -> None:
    """Write a file for the owner of its folder, whole and on disk."""
    replace(path, text.encode())
    path.chmod(0o640)
    owner = path.parent.stat()
    with suppress(PermissionError):
        shutil.chown(path, owner.st_uid, owner.st_gid)


def _write(path: Path, text: str) -> None:
    """Write a file that systemd, and its own users, may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    path.parent.chmod(0o755)
