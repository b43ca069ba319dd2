# SPDX-License-Identifier: Apache-2.0
"""What somebody before the box wants is done by `uplink` where it runs, else by hand."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from edge.box import by_hand
from edge.box.by_hand import ask
from edge.box.whose import who
from edge.config import Config, load
from edge.errors import InputError
from edge.evidence.acts import ActLog
from edge.evidence.audit import audit
from edge.evidence.shelf import lines
from edge.model.verdict import Mode
from edge.modes import is_stopped, read_modes
from edge.places import Places, places_of
from edge.report.command.local import LIFE_S, Local, Requests
from edge.report.event import Class
from edge.report.outbox.reader import OutboxReader

ALONE = '[node]\nname = "bench"\nstate_dir = "s"\n[trunk.intl]\nclass = "international"\n'
WITH_HUB = f'{ALONE}[hub]\nbrokers = ["127.0.0.1:1"]\ntls = false\n'
ENFORCE = {"trunk": "intl", "mode": "enforce"}


def box(folder: Path, text: str = ALONE) -> tuple[Config, Places]:
    path = folder / "edge.toml"
    path.write_text(text)
    config = load(path)
    places = places_of(config)
    places.state.mkdir(exist_ok=True)
    return config, places


def kept(places: Places) -> list[dict[str, object]]:
    """The acts of a box, which are all as they were kept."""
    assert list(audit(places.acts)) == []
    return [json.loads(line.octets) for line in lines(places.acts)]


def told(places: Places) -> list[dict[str, object]]:
    """The acts that wait for the hub."""
    reader = OutboxReader(places.outbox("uplink"))
    try:
        streams = [one for one in reader.streams() if one.cls is Class.AUDIT]
        rows = [row for one in streams for row in reader.read(one.stream, 0, 1 << 20, 1000)]
        return [event for row in rows if (event := json.loads(row.body))["kind"] == "act"]
    finally:
        reader.close()


def test_a_box_without_a_hub_is_switched_by_hand(tmp_path: Path) -> None:
    config, places = box(tmp_path)
    result = ask(config, "mode", ENFORCE, "clean")
    assert (result.state, result.text) == ("done", "intl is in enforce")
    assert read_modes(places.modes) == {"intl": Mode.ENFORCE}
    [act] = kept(places)
    assert (act["act"], act["by"], act["text"]) == (
        "mode", ["local", who()], "intl is in enforce; clean",
    )  # fmt: skip
    assert not places.outbox("uplink").exists()
    assert not places.requests.exists()


def test_what_is_done_by_hand_waits_for_the_hub(tmp_path: Path) -> None:
    config, places = box(tmp_path, WITH_HUB)
    assert ask(config, "enforcement", {"on": False}, "").state == "done"
    assert is_stopped(places.stop)
    [act] = told(places)
    assert (act["act"], act["by"], act["state"]) == ("enforcement", ["local", who()], "done")
    assert len(kept(places)) == 1


def test_what_is_refused_by_hand_is_an_answer_too(tmp_path: Path) -> None:
    config, places = box(tmp_path)
    assert ask(config, "mode", {"trunk": "x", "mode": "enforce"}, "").state == "refused"
    assert [act["state"] for act in kept(places)] == ["refused"]


@contextmanager
def uplink(folder: Path) -> Iterator[None]:
    """Run the process itself; it holds the log when this begins."""
    config = folder / "edge.toml"
    words = [sys.executable, "-m", "edge", "uplink", "--config", str(config)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            places = places_of(load(config))
            wait = Event()
            for _ in range(600):
                if (places.run / "uplink.numbers").exists():
                    break
                assert process.poll() is None, process.stdout.read()
                wait.wait(0.05)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_uplink_does_it_where_it_runs(tmp_path: Path) -> None:
    config, places = box(tmp_path, WITH_HUB)
    with uplink(tmp_path):
        with pytest.raises(InputError, match="another process"):
            ActLog(places.acts)
        assert ask(config, "mode", ENFORCE, "clean").text == "intl is in enforce"
        assert read_modes(places.modes) == {"intl": Mode.ENFORCE}
        assert ask(config, "mode", {"trunk": "x", "mode": "observe"}, "").state == "refused"
        assert ask(config, "enforcement", {"on": False}, "").state == "done"
        assert is_stopped(places.stop)
    assert ask(config, "enforcement", {"on": True}, "").text == "trunks are in their modes"
    said = [(act["act"], act["state"]) for act in kept(places)]
    assert said == [
        ("mode", "done"), ("mode", "refused"), ("enforcement", "done"), ("enforcement", "done"),
    ]  # fmt: skip
    assert [(act["act"], act["state"]) for act in told(places)] == said
    assert list(places.requests.iterdir()) == []


def test_an_uplink_that_does_not_answer_changes_nothing(tmp_path, monkeypatch) -> None:
    config, places = box(tmp_path)
    monkeypatch.setattr(by_hand, "WAIT_S", 0.1)
    acts = ActLog(places.acts)
    try:
        with pytest.raises(InputError, match="nothing was changed"):
            ask(config, "mode", ENFORCE, "")
    finally:
        acts.close()
    assert list(places.requests.iterdir()) == []
    assert read_modes(places.modes) == {}
    assert kept(places) == []


def test_one_that_took_it_in_the_last_moment_is_waited_for(tmp_path, monkeypatch) -> None:
    config, places = box(tmp_path)
    monkeypatch.setattr(by_hand, "WAIT_S", 1.0)
    assert LIFE_S > 2 * 10
    acts = ActLog(places.acts)
    taken, go_on = Event(), Event()

    class Slow:
        """An audit log whose disk is slow."""

        def record(self, fields: object) -> bool:
            taken.set()
            return go_on.wait(30)

        def room(self) -> bool:
            return True

    requests = Requests(places.requests, Local({}, Slow()))

    def serve() -> None:
        while not requests.look():
            Event().wait(0.01)

    def slowly() -> None:
        taken.wait(30)
        Event().wait(1.3)  # the first wait is over
        go_on.set()

    threads = [Thread(target=serve), Thread(target=slowly)]
    for thread in threads:
        thread.start()
    try:
        assert ask(config, "mode", ENFORCE, "").data == {"why": "unknown-kind"}
    finally:
        for thread in threads:
            thread.join()
        acts.close()


def test_a_folder_that_takes_no_request_is_said(tmp_path: Path) -> None:
    config, places = box(tmp_path)
    acts = ActLog(places.acts)
    places.requests.touch()
    try:
        with pytest.raises(InputError, match="nothing was changed"):
            ask(config, "mode", ENFORCE, "")
    finally:
        acts.close()


@pytest.mark.slow
def test_several_at_once_are_done_one_after_another(tmp_path: Path, monkeypatch) -> None:
    """By hand the first ones, by an `uplink` that begins meanwhile the others."""
    config, places = box(tmp_path, WITH_HUB)
    monkeypatch.setattr(by_hand, "WAIT_S", 60.0)
    wanted = [{"trunk": "intl", "mode": mode} for mode in ("enforce", "observe") * 3]
    results = []
    threads = [
        Thread(target=lambda args=args: results.append(ask(config, "mode", args, "")))
        for args in wanted
    ]
    for thread in threads:
        thread.start()
    with uplink(tmp_path):
        for thread in threads:
            thread.join()
    assert [result.state for result in results] == ["done"] * 6
    assert sorted(str(act["text"]) for act in kept(places)) == sorted(
        f"intl is in {args['mode']}" for args in wanted
    )
    assert len(told(places)) == 6


def test_what_a_person_does_on_the_page_is_recorded_as_theirs(tmp_path: Path) -> None:
    config, places = box(tmp_path)
    assert ask(config, "notice", {"text": "signed in"}, "", "aigul").state == "done"
    [act] = kept(places)
    assert (act["act"], act["by"], act["text"]) == (
        "notice", ["local", who("aigul")], "signed in",
    )  # fmt: skip
