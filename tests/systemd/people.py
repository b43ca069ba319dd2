# SPDX-License-Identifier: Apache-2.0
"""The processes of a house as the users of their units, in folders made as tmpfiles.d says."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.flows.house import ROOT, House, Part
from tests.systemd.trixie import UNITS

IDS = {"root": 0, "qalqan-core": 64100, "qalqan-uplink": 64101, "qalqan-page": 64102}
GROUPS = {"root": 0, "qalqan": 64200, "systemd-journal": 0}
"Numbers are enough: nobody on this machine need have these names."
UMASK = "0027"


ASKED = f"""import sys
open({str(ROOT / "README.md")!r}).close()
print(sys.base_prefix, *sys.version_info[:2])"""
"Whether Python runs, and may read the checkout: in a home of root's nobody else may."


def python() -> list[str]:
    """Return a Python of our version that these users may run; skips where there is none."""
    for program in (sys.executable, "/usr/bin/python3"):
        told = _as("qalqan-core", program, "-c", ASKED)
        base = sys.base_prefix if program == sys.executable else "/usr"
        if told == f"{base} {sys.version_info[0]} {sys.version_info[1]}":
            return [program]
    pytest.skip("no Python of this version, and checkout, that another user may read")


def _as(user: str, *words: str) -> str:
    done = subprocess.run([*become(user), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def become(user: str) -> list[str]:
    """Return what a command begins with that is run with a user's rights, and no others."""
    return [
        "setpriv", f"--reuid={IDS[user]}", f"--regid={GROUPS['qalqan']}", "--clear-groups",
        "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
        "sh", "-c", f'umask {UMASK}; exec "$@"', "sh",
    ]  # fmt: skip


def make_folders(state: Path, run: Path) -> None:
    """Make what `tmpfiles.d/qalqan.conf` names, at other places and with other numbers."""
    for line in (UNITS / "tmpfiles.d" / "qalqan.conf").read_text().splitlines():
        if line.startswith("#"):
            continue
        kind, name, mode, user, group, *rest = line.split()
        if not name.startswith(("/data/qalqan", "/run/qalqan")):
            continue
        path = Path(name.replace("/data/qalqan", str(state)).replace("/run/qalqan", str(run)))
        if kind == "L+":
            path.symlink_to(rest[-1].replace("/run/qalqan", str(run)))
            continue
        if kind == "d":
            path.mkdir(exist_ok=True)
        if path.exists():
            os.chown(path, IDS[user], GROUPS[group])
            path.chmod(int(mode, 8))


def part(one: House, name: str, **environ: str) -> Part:
    """Return a process of the appliance, as its unit would run it."""
    paths = f"{ROOT}:{sysconfig.get_path('purelib')}"
    more = [f"{key}={value}" for key, value in {"PYTHONPATH": paths, **environ}.items()]
    words = ["env", "PYTHONDONTWRITEBYTECODE=1", *more, *python(), "-m", "edge", name]
    return Part(
        one.folder / f"{name}.log", *become(f"qalqan-{name}"), *words, "--config", str(one.config)
    )
