# SPDX-License-Identifier: Apache-2.0
"""A box that leaves: nothing of its keys and of anybody's number is left on it, and it says so."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge.blocklist.sheet import from_entries
from edge.blocklist.store import Store
from edge.box import decommission
from edge.config import load
from edge.errors import ConfigError
from edge.report import pseudonym
from tests.blocklist.images import entry
from tests.hil.hub.boxes import NOW, Box, Hub

CALLED = [f"+4477009{number:05d}" for number in range(200)]
LISTED = [f"7717200{number:04d}" for number in range(50)]


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "edge.toml"
    path.write_text('[node]\nname = "astana-1"\n')
    return path


def lived_in(state, hub_folder):
    """A state folder after some weeks; returns what may not be read afterwards."""
    hub_folder.mkdir(exist_ok=True)
    hub = Hub(hub_folder)
    Box(state / "identity").enrol(hub, again=True)
    hub.store.close()
    secret = (state / "identity" / pseudonym.FILE).read_text()
    key = "".join((state / "identity" / "key.pem").read_text().splitlines()[1:-1])
    evidence = state / "evidence"
    evidence.mkdir()
    (evidence / "verdicts.jsonl").write_text("\n".join(f'{{"called":"{one}"}}' for one in CALLED))
    (evidence / "frames.pcapng").write_bytes("\0".join(CALLED).encode() * 1000)
    (evidence / "frames.pcapng").chmod(0o400)
    with closing(sqlite3.connect(state / "outbox.db")) as outbox:
        outbox.execute("PRAGMA journal_mode=WAL")
        outbox.execute("CREATE TABLE ev (body TEXT)")
        outbox.executemany("INSERT INTO ev VALUES (?)", [(number,) for number in CALLED])
        outbox.commit()
        outbox.execute("DELETE FROM ev WHERE rowid < 100")
        outbox.commit()
        for name in ("outbox.db-wal", "outbox.db-shm"):  # as a kill leaves them
            (state / f"old-{name}").write_bytes((state / name).read_bytes())
    lists = Store(state / "lists", "fraud")
    lists.write(from_entries("fraud", 1, [entry(number) for number in LISTED]))
    lists.commit(1)
    (state / "config").mkdir()
    (state / "config" / "pending.toml").write_text(f'emergency_callback = ["{CALLED[0]}"]')
    (state / "run").mkdir()
    os.mkfifo(state / "run" / "core.sock")
    (state / "gone").symlink_to("nowhere")
    return [secret, key[:64], key[64:128], key[-64:], *CALLED, *LISTED]


def readable(folder, secrets):
    """Which of these stand in the raw octets of any file below a folder."""
    wanted = re.compile("|".join(map(re.escape, secrets)).encode())
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {found.decode() for path in files for found in wanted.findall(path.read_bytes())}


def test_nothing_is_left_but_the_mark(config, tmp_path):
    state = tmp_path / "state"
    secrets = lived_in(state, tmp_path / "hub")
    assert len(readable(state, secrets)) > len(CALLED)
    told: list[Path] = []
    decommission.wipe(load(config), NOW, told.append)
    assert readable(state, secrets) == set()
    assert [path.name for path in state.iterdir()] == [decommission.MARK]
    assert decommission.mark_of(state) == decommission.Mark("astana-1", NOW, wiped=True)
    names = [path.name for path in told]
    assert names.index("key.pem") < names.index("fraud.look") < names.index("verdicts.jsonl")


def test_a_file_is_written_over_before_it_is_unlinked(config, tmp_path):
    """What is seen through a second name of a file is what the disk holds."""
    state = tmp_path / "state"
    secrets = lived_in(state, tmp_path / "hub")
    other = tmp_path / "other names"
    other.mkdir()
    sizes = {}
    for number, path in enumerate(path for path in state.rglob("*") if path.is_file()):
        os.link(path, other / str(number))
        sizes[str(number)] = path.stat().st_size
    decommission.wipe(load(config), NOW)
    assert readable(other, secrets) == set()
    for path in other.iterdir():
        assert path.read_bytes() == bytes(sizes[path.name])


def test_a_second_call_goes_on_where_a_cut_ended_the_first(config, tmp_path):
    state = tmp_path / "state"
    secrets = lived_in(state, tmp_path / "hub")

    class Cut(Exception):
        pass

    def cut(path):
        if path.name == "fraud.look":
            raise Cut

    with pytest.raises(Cut):
        decommission.wipe(load(config), NOW, cut)
    assert not (state / "identity").exists() or not list((state / "identity").iterdir())
    assert decommission.mark_of(state) == decommission.Mark("astana-1", NOW)
    with pytest.raises(ConfigError, match="was decommissioned"):
        decommission.refuse(state)
    decommission.wipe(load(config), NOW)
    assert readable(state, secrets) == set()
    assert decommission.mark_of(state).wiped


def test_folders_elsewhere_are_wiped_too(tmp_path):
    config = tmp_path / "edge.toml"
    config.write_text('[node]\nname = "astana-1"\n[hub]\nidentity = "keys"\n'
                      '[blocklist]\nfolder = "lists"\n')  # fmt: skip
    for name in ("keys", "lists"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inside").write_text(CALLED[0])
    decommission.wipe(load(config), NOW)
    assert [*(tmp_path / "keys").iterdir(), *(tmp_path / "lists").iterdir()] == []


def test_what_a_link_leads_to_is_named_and_the_rest_is_gone(config, tmp_path):
    state = tmp_path / "state"
    secrets = lived_in(state, tmp_path / "hub")
    (tmp_path / "big disk").mkdir()
    (tmp_path / "big disk" / "archive.db").write_text(CALLED[0])
    (state / "archive").symlink_to(tmp_path / "big disk")
    with pytest.raises(ConfigError, match=r"not wiped:\n.*archive: leads to .*big disk"):
        decommission.wipe(load(config), NOW)
    assert {path.name for path in state.iterdir()} == {decommission.MARK, "archive"}
    assert not decommission.mark_of(state).wiped
    assert readable(state / "evidence", secrets) == set()


@pytest.mark.parametrize("folder", ["/", "..", str(sys.prefix)])
def test_a_slip_in_the_configuration_does_not_cost_the_machine(tmp_path, monkeypatch, folder):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    config = tmp_path / "work" / "edge.toml"
    config.write_text(f'[node]\nname = "astana-1"\nstate_dir = "{folder}"\n')
    with pytest.raises(ConfigError, match="no folder of this box's data"):
        decommission.wipe(load(config), NOW)
    assert config.exists()


def test_a_box_in_service_starts_and_one_out_of_it_does_not(tmp_path):
    decommission.refuse(tmp_path)
    (tmp_path / decommission.MARK).write_bytes(b"torn")
    with pytest.raises(ConfigError, match=r"this box was decommissioned; remove .*decommissioned"):
        decommission.refuse(tmp_path)


def test_who_is_at_work_is_seen(config, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    code = "import sys; file = open(sys.argv[1], 'w'); print(flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, state / "outbox.db"]
    folders = decommission.folders_of(load(config))
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        assert list(decommission.users_of(folders)) == [process.pid]
        process.stdin.close()
    assert decommission.users_of(folders) == {}


def test_the_disk_that_the_machine_runs_on_is_not_filled():
    with pytest.raises(ConfigError, match="is on the disk that the machine runs on"):
        decommission.fill(Path("/"))


OLD = b"a file that was deleted long ago".ljust(1024, b".")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, on a disk with a past, in an image that can be read raw."""
    image, mounted = tmp_path / "disk.img", tmp_path / "disk"
    mounted.mkdir()
    image.write_bytes(OLD * ((24 << 20) // len(OLD)))
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "nodiscard", image], check=True)
    done = subprocess.run(["mount", "-o", "loop", image, mounted], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no loop device: {done.stderr.decode().strip()}")
    try:
        yield image, mounted
    finally:
        subprocess.run(["umount", mounted], check=False)


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mkfs.ext4")
def test_nothing_is_left_on_the_disk_itself(small_disk, tmp_path):
    image, mounted = small_disk
    config = tmp_path / "edge.toml"
    config.write_text(f'[node]\nname = "astana-1"\nstate_dir = "{mounted}"\n')
    secrets = lived_in(mounted, tmp_path / "hub")
    deleted = mounted / "rotated"
    deleted.write_text("\n".join(f"deleted {number}" for number in CALLED))
    os.sync()
    deleted.unlink()
    raw = tmp_path / "raw"
    raw.mkdir()
    os.link(image, raw / "image")
    assert f"deleted {CALLED[0]}".encode() in image.read_bytes()
    decommission.wipe(load(config), NOW)
    decommission.fill(mounted)
    subprocess.run(["umount", mounted], check=True)
    assert readable(raw, secrets) == set()
    free = list(free_blocks(image))
    assert len(free) > 20_000
    assert [block for block in free if block.startswith(OLD[:32])] == []


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mkfs.ext4")
def test_who_may_not_have_all_of_the_disk_is_told_so(small_disk, monkeypatch):
    _, mounted = small_disk
    mounted.chmod(0o777)
    monkeypatch.chdir(mounted)  # what lies above it is for us alone
    os.seteuid(65_534)
    try:
        with pytest.raises(ConfigError, match=r"keeps \d+ blocks from all but root"):
            decommission.fill(Path())
    finally:
        os.seteuid(0)


def free_blocks(image):
    """Return the blocks of an ext4 in which nothing stands, as `dumpe2fs` tells them."""
    words = ["dumpe2fs", image]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    (size,) = map(int, re.findall(r"^Block size: +(\d+)", told, re.MULTILINE))
    octets = image.read_bytes()
    for several in re.findall(r"^  Free blocks: (.+)", told, re.MULTILINE):
        for one in several.split(", "):
            first, _, last = one.partition("-")
            for block in range(int(first), int(last or first) + 1):
                yield octets[block * size : (block + 1) * size]
