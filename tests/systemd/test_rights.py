# SPDX-License-Identifier: Apache-2.0
"""Each process as the user of its unit: an event reaches the hub, a list reaches `core`."""

import json
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from edge import clock, counters
from edge.console import first_code
from edge.report import pseudonym
from edge.seen.readings import read
from edge.update.facts import labelled
from hil.hub.commander import answer_to, give
from hil.loopback import free_ports
from tests.console.site_house import PASSWORD, Browser
from tests.flows.house import NODE, NS, House, house, until
from tests.flows.test_uplink import SILENT, order
from tests.systemd.people import GROUPS, IDS, make_folders, part

pytestmark = [
    pytest.mark.root, pytest.mark.slow, pytest.mark.peer("mosquitto", "setpriv"),
]  # fmt: skip

TRUNKS = '[trunk.intl]\nclass = "international"\nmode = "enforce"\n'
LIST = Path(__file__).parents[2] / "hil" / "demo" / "list.csv"
VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
PCAP = f'[tap.mirror]\ndriver = "pcap"\nfiles = ["{VECTORS}/spoofed_7172.pcap"]\npace = 0\n'


@pytest.fixture
def one() -> Iterator[House]:
    """A house in a folder that every user may enter."""
    folder = Path(mkdtemp(prefix="qalqan-rights-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with house(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder)


def furnish(one: House, tap: str) -> None:
    """Make folders and files as first boot does, and name the processes anew as their users."""
    one.state.mkdir()
    make_folders(one.state, one.folder / "run")
    one.config = one.state / "edge.toml"
    one.write_config(f"{tap}{TRUNKS}", lists=True)
    identity = one.state / "identity"
    secret = identity / pseudonym.FILE
    secret.write_text("5a" * pseudonym.SECRET_OCTETS)
    for path in (secret, identity / "hub.key"):
        os.chown(path, IDS["qalqan-uplink"], GROUPS["qalqan"])
        path.chmod(0o600)
    os.chown(one.config, IDS["qalqan-uplink"], GROUPS["qalqan"])
    one.config.chmod(0o640)
    loaded = one.folder / "credentials"
    loaded.mkdir(exist_ok=True)
    shutil.copy(secret, loaded)
    for path in (loaded, loaded / pseudonym.FILE):
        os.chown(path, IDS["qalqan-core"], 0)
        path.chmod(0o500 if path.is_dir() else 0o400)
    for path in (one.folder / "hub" / "repository").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (one.folder / "hub").chmod(0o755)
    one.core = part(one, "core", CREDENTIALS_DIRECTORY=str(loaded))
    one.uplink = part(one, "uplink")


def begin(one: House, tap: str) -> None:
    one.centre.publish(LIST, clock.now_ns() // NS)
    furnish(one, tap)
    for each in (one.broker, one.hub, one.uplink):
        each.start()
    until(lambda: any("fraud: 0 -> 1" in act["text"] for act in one.kinds("act")), "the list")


def owners(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return whose each file is, and what others may do with it."""
    found = {}
    for path in folder.rglob("*"):
        seen = path.lstat()
        if stat.S_ISREG(seen.st_mode):
            found[path.relative_to(folder).as_posix()] = (
                seen.st_uid, seen.st_gid, seen.st_mode & 0o7,
            )  # fmt: skip
    return found


@pytest.mark.long  # a log is signed once a minute
def test_an_event_reaches_the_hub_and_a_list_reaches_core(one: House) -> None:
    begin(one, PCAP)
    one.core.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0, one.core.said()
    assert "Permission" not in one.core.said() + one.uplink.said()
    lines = sorted((one.state / "evidence").rglob("verdicts.jsonl"))
    kept = [json.loads(line)["id"] for path in lines for line in path.read_text().splitlines()]
    assert kept
    until(lambda: {said["record"] for said in one.kinds("verdict")} >= set(kept), "every verdict")
    until(lambda: bool(one.kinds("checkpoint")), "a log of another user is signed")

    assert order(one, "mode", trunk="intl", mode="observe")["state"] == "done"
    call = json.loads(lines[0].read_text().splitlines()[0])["call"]
    assert order(one, "explain", call=call)["records"]
    assert one.uplink.stop() == 0

    mine = owners(one.state)
    assert {group for _, group, _ in mine.values()} == {GROUPS["qalqan"]}
    assert [name for name, (_, _, others) in mine.items() if others] == []
    core = {name.split("/")[0] for name, (uid, _, _) in mine.items() if uid == IDS["qalqan-core"]}
    assert core == {"evidence", "outbox"}


def test_each_is_killed_and_comes_back_where_it_was(one: House) -> None:
    """What a killed writer leaves beside its database must not lock it, or its reader, out."""
    begin(one, SILENT)
    one.core.start()
    until(lambda: listed(one) > 0, "core has loaded the list")
    one.core.kill()
    one.uplink.kill()
    one.uplink.start()
    one.config.write_text(one.config.read_text().replace(SILENT, PCAP))
    one.core.start()
    assert one.core.process is not None
    assert one.core.process.wait(60) == 0, one.core.said()
    until(lambda: bool(one.kinds("verdict")), "a verdict")


def listed(one: House) -> float:
    """Return how many entries `core` says that it has loaded."""
    return labelled(read(one.state / "run").get("core"), counters.LIST_ENTRIES).get("fraud", 0)


def test_a_configuration_that_ends_core_is_taken_back(one: House) -> None:
    """The unit starts `core` again, whatever its exit code: the trial mends what it cannot."""
    begin(one, SILENT)
    one.core.start()
    until(lambda: "core" in read(one.state / "run"), "core writes")
    good = one.config.read_text()
    wrong = good + f'[blocklist]\nfiles = ["{one.folder}/nowhere.csv"]\n'
    now_s = clock.now_ns() // NS
    args = {"toml": wrong, "version": 1}
    id_ = give(one.store, one.centre.order(NODE, "config", args, now_s), now_s)
    for _ in range(2):
        assert one.uplink.process is not None
        assert one.uplink.process.wait(90) == 75, one.uplink.said()
        if one.core.process and one.core.process.poll() is None:
            one.core.process.wait(30)
        one.uplink.start()
        one.core.start()
        if one.config.read_text() != good:
            assert one.core.process is not None
            assert one.core.process.wait(60) == 1, "with the wrong file it ends at once"
    assert one.config.read_text() == good
    until(lambda: "core" in read(one.state / "run"), "core writes")
    until(lambda: answer_to(one.store, id_) is not None, "what became of it")
    answer = answer_to(one.store, id_)
    assert answer is not None
    assert "taken back" in answer.text


def written_by_the_page(one: House) -> set[str]:
    mine = owners(one.state).items()
    return {name for name, (uid, _, _) in mine if uid == IDS["qalqan-page"]}


def let_in(one: House, people: int) -> Browser:
    """Come in as the first engineer, by a code that was made at the box."""
    folder = one.state / "page"
    code = first_code.make(folder, clock.now_ns() // NS)
    os.chown(folder / first_code.FILE, IDS["qalqan-page"], GROUPS["qalqan"])
    browser = Browser(people)
    browser.get("/first")
    fields = {"code": code, "name": "asel", "password": PASSWORD, "again": PASSWORD}
    assert browser.post("/first", **fields).status == 303
    return browser


def use(browser: Browser) -> None:
    """See every page, and have a trunk observed."""
    assert "fraud" in browser.get("/list").words
    for path in ("/", "/box", "/campaigns", "/call?id=x", "/trunks"):
        assert browser.get(path).status == 200
    said = {"trunk": "intl", "mode": "observe", "reason": "too many"}
    done = browser.post("/trunks/mode", **said)
    assert done.status == 303, done.words


def test_the_page_reads_and_asks_and_writes_only_who_may_see_it(one: House) -> None:
    begin(one, SILENT)
    port, people = free_ports(2)
    table = f'[page]\nlisten = "127.0.0.1:{port}"\npeople = "127.0.0.1:{people}"\n'
    one.config.write_text(one.config.read_text() + table)
    one.core.start()
    page = part(one, "page")
    page.start()
    try:
        until(lambda: b'"core":{"up":true' in answer(port), "the page")
        until((one.state / "run" / "calls.json").exists, "the calls")
        use(let_in(one, people))
        until(lambda: any("signed in" in act["text"] for act in one.kinds("act")), "signing in")
    finally:
        assert page.stop() == 0, page.said()
    assert "Permission" not in page.said()
    acts = {act["act"]: act for act in one.kinds("act")}
    assert acts["mode"]["by"][1] == f"asel by {IDS['qalqan-page']}"
    assert acts["mode"]["text"] == "intl is in observe; too many"
    assert written_by_the_page(one) == {"page/users.json"}
    assert (one.state / "page" / "users.json").stat().st_mode & 0o777 == 0o600
    assert list((one.state / "requests").iterdir()) == []


def answer(port: int) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: line.recv(4096), b""))
    except OSError:
        return b""
