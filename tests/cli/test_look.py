# SPDX-License-Identifier: Apache-2.0
"""`qalqan config` and `qalqan drivers`."""

import json
import tomllib
from pathlib import Path

from edge import plugins
from tests.cli.conftest import Qalqan

NUMBERS = ("+44770090010", "+1202555010")
HEAD = "pattern,party,action,category,basis\n"


def test_check_says_what_it_found(qalqan: Qalqan, config: Path) -> None:
    done = qalqan("config", "check", config)
    assert (done.code, done.out) == (0, f"{config}: good; 0 taps, 2 trunks, 0 list entries\n")


def test_check_reads_every_list(qalqan: Qalqan, config: Path) -> None:
    for number, name in enumerate(("one", "two")):
        rows = (f"{digits}{number},calling,block,bank,AST-1\n" for digits in NUMBERS)
        (config.parent / f"{name}.csv").write_text("".join(("# version: 1\n", HEAD, *rows)))
    with config.open("a") as file:
        file.write('[blocklist]\nfiles = ["one.csv", "two.csv"]\n')
    done = qalqan("config", "check", config)
    assert (done.code, "4 list entries" in done.out) == (0, True)


def test_check_names_the_wrong_key(qalqan: Qalqan, config: Path) -> None:
    config.write_text(config.read_text().replace("class =", "clas =", 1))
    done = qalqan("config", "check", config)
    assert (done.code, done.out) == (1, "")
    assert "trunk.intl.clas: unknown key; did you mean 'class'?" in done.err
    assert done.err.startswith(f"qalqan: {config}:")


def test_check_names_the_wrong_line_of_a_list(qalqan: Qalqan, config: Path) -> None:
    path = config.parent / "list.csv"
    path.write_text(f"# version: 1\n{HEAD}+447700900123,callling,block,bank,AST-1\n")
    with config.open("a") as file:
        file.write('[blocklist]\nfiles = ["list.csv"]\n')
    done = qalqan("config", "check", config)
    assert (done.code, done.out) == (1, "")
    assert f"{path}:3: " in done.err
    assert "calling" in done.err


def test_check_says_what_cannot_be_answered_where_somebody_stops(
    qalqan: Qalqan, config: Path
) -> None:
    with config.open("a") as file:
        file.write('[enforcer.switch]\ndriver = "observe"\n')
    _, desk, contacts = qalqan("config", "check", config).out.splitlines()
    assert desk == "answer.desk is not set: a call that is to be diverted goes on"
    assert contacts.startswith("answer has no url, tel or email: what analytics block is 603")
    with config.open("a") as file:
        file.write('[answer]\ndesk = "sip:desk@198.51.100.9"\ntel = "+77172000001"\n')
    assert len(qalqan("config", "check", config).out.splitlines()) == 1


def test_check_of_what_is_not_there(qalqan: Qalqan, tmp_path: Path) -> None:
    done = qalqan("config", "check", tmp_path / "none.toml")
    assert (done.code, done.err) == (
        1,
        f"qalqan: {tmp_path / 'none.toml'}: No such file or directory\n",
    )


def test_show_is_a_file_that_means_the_same(qalqan: Qalqan, config: Path) -> None:
    shown = qalqan("config", "show", config)
    assert shown.code == 0
    assert tomllib.loads(shown.out)["trunk"]["intl"]["mode"] == "observe"
    again = config.parent / "again.toml"
    again.write_text(shown.out)
    assert qalqan("config", "show", again).out == shown.out


def test_schema(qalqan: Qalqan) -> None:
    done = qalqan("config", "schema")
    assert done.code == 0
    assert {"node", "trunk", "tap", "blocklist"} <= json.loads(done.out)["properties"].keys()


def test_drivers(qalqan: Qalqan) -> None:
    installed = [(group, name) for group in plugins.GROUPS for name in plugins.names(group)]
    done = qalqan("drivers", "--json")
    assert [(line["port"], line["driver"]) for line in done.lines] == installed
    assert all(line.keys() == {"port", "driver", "trait", "summary"} for line in done.lines)
    text = qalqan("drivers").out.splitlines()
    assert [tuple(line.split()[:2]) for line in text] == installed
