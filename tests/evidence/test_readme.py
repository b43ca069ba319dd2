# SPDX-License-Identifier: Apache-2.0
"""The way to check a bundle by hand is walked, with the tools that it names."""

import subprocess
from pathlib import Path

import pytest

from edge.evidence.bundle import export, write_folder
from edge.evidence.readme import README
from tests.evidence.box import SEEN_S, Box

pytestmark = pytest.mark.peer("openssl", "sha256sum", "basenc")

CALLS = 11


def script() -> str:
    steps = README[README.index("1. Nothing was changed") :].splitlines()
    return "set -e\n" + "\n".join(line[4:] for line in steps if line.startswith("    "))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    box = Box(tmp_path / "state")
    box.keep(*range(CALLS), 3)
    assert box.sign() == CALLS + 1
    folder = tmp_path / "case"
    write_folder(export(box.log, "c3", print).files, folder)
    return folder


def walk(folder: Path, *, without_sums: bool = False) -> subprocess.CompletedProcess[str]:
    text = script()
    if without_sums:
        text = text.replace("sha256sum --check --quiet SHA256SUMS", "")
    command = ["sh", "-c", text]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_by_hand(folder: Path) -> None:
    done = walk(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Signature Verified Successfully") == 2
    assert str(1970 + SEEN_S // 31_556_952) in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("*/frames.pcapng", b"INVITE", b"INVITF", 1),
        ("*/record.json", b'"mirror"', b'"broken"', 2),
        ("*/proof.txt", b"left ", b"right ", 2),
        ("checkpoint.txt", b"\n12\n", b"\n13\n", 3),
        ("keys.txt", b"hub hub.example", b"hub hub.sample", 4),
    ],
)
def test_what_was_changed_is_found_by_hand(
    folder: Path, file: str, old: bytes, new: bytes, code: int
) -> None:
    path = min(folder.glob(file))
    octets = path.read_bytes()
    assert old in octets
    path.write_bytes(octets.replace(old, new))
    assert walk(folder).returncode == 1
    assert walk(folder, without_sums=True).returncode == code
