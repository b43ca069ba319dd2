# SPDX-License-Identifier: Apache-2.0
"""The initial RAM disk: an archive in the kernel's format, the same each time, and its script."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from image import initrd
from image.places import FILES, HERE, listed

SHELL = frozenset(
    {"case", "cd", "done", "echo", "esac", "export", "false", "fi", "for", "local", "read"}
    | {"return", "umask", "break", "kill"}
)
"Words of the shell itself."


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "tool").write_text("#!/bin/sh\n")
    (place / "bin" / "tool").chmod(0o755)
    (place / "bin" / "link").symlink_to("tool")
    (place / "dev").mkdir()
    return place


def test_the_same_folder_is_the_same_archive(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tree, other, symlinks=True)
    for path in other.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert initrd.pack(tree, 1_700_000_000) == initrd.pack(other, 1_700_000_000)


def test_every_member_is_whole(tree: Path) -> None:
    packed, found, at = initrd.pack(tree, 0), {}, 0
    assert len(packed) % 512 == 0
    while True:
        assert packed[at : at + 6] == b"070701"
        fields = [int(packed[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name_end = at + 110 + fields[11]
        name = packed[at + 110 : name_end - 1].decode()
        body = name_end + -name_end % 4
        if name == "TRAILER!!!":
            break
        found[name] = (fields[1], packed[body : body + fields[6]], fields[9:11])
        at = body + fields[6]
        at += -at % 4
    assert found["bin/tool"] == (0o100755, b"#!/bin/sh\n", [0, 0])
    assert found["bin/link"][:2] == (0o120777, b"tool")
    assert found["dev/console"] == (0o020600, b"", [5, 1])


def test_the_first_script_is_a_shell_script() -> None:
    subprocess.run(["sh", "-n", HERE / "initrd" / "init"], check=True)


def test_the_first_script_calls_nothing_that_is_not_there() -> None:
    text = (HERE / "initrd" / "init").read_text()
    no_code = r"^ *#.*| # .*|\$\(\(tries.*\)\)|(?:say|give_up) \".*\""
    code = re.sub(no_code, "", text, flags=re.MULTILINE)
    pieces = re.split(r"\$\(\(|\$\(|[;|&({!\n]|\b(?:do|else|exec|if|then|until)\b", code)
    begun = {piece.split()[0].rstrip("})") for piece in pieces if piece.split()}
    known = set(listed("busybox")) - {"sh"}
    assert known <= begun
    own = set(re.findall(r"^([a-z_]+)\(\)", text, re.MULTILINE))
    others = begun - known - own - SHELL
    assert not [word for word in others if re.fullmatch(r"[a-z][a-z0-9_]+", word)]


def test_it_mounts_what_stands_in_fstab_with_the_same_words() -> None:
    text = (HERE / "initrd" / "init").read_text()
    for line in (FILES / "etc/fstab").read_text().splitlines():
        if line.startswith("#"):
            continue
        _, place, kind, words, _, check = line.split()
        assert check == "0", "it is mounted when systemd would check it"
        kinds = "-o bind" if kind == "none" else f"-t {kind} -o {words.removesuffix(',nofail')}"
        assert re.search(rf"mount {re.escape(kinds)} .*/sysroot{place}\b", text), line
