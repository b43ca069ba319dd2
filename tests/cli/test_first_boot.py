# SPDX-License-Identifier: Apache-2.0
"""`qalqan first-boot`, `migrate` and `grow`, as units call them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Qalqan

TOML = '[node]\nname = "astana-1"\n[box]\nmirrors = ["enp2s0"]\n'


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    (made / "identity").mkdir(parents=True)
    (tmp_path / "esp" / "qalqan").mkdir(parents=True)
    return made


def words(state: Path) -> tuple[object, ...]:
    folder = state.parent
    return "--state", state, "--esp", folder / "esp", "--run", folder / "run", "--dry"


def test_from_the_esp_to_a_machine(qalqan: Qalqan, state: Path) -> None:
    (state.parent / "esp" / "qalqan" / "edge.toml").write_text(TOML)
    done = qalqan("first-boot", *words(state))
    assert done.code == 0, done.err
    assert "edge.toml: taken from" in done.out
    network = state.parent / "run" / "systemd" / "network"
    assert (network / "50-qalqan-enp2s0.network").exists()
    again = qalqan("first-boot", *words(state))
    assert (again.code, "taken from" in again.out) == (0, False)


def test_without_a_configuration_it_says_where_one_belongs(qalqan: Qalqan, state: Path) -> None:
    done = qalqan("first-boot", *words(state))
    assert done.code == 1
    assert "esp/qalqan/edge.toml: is not there" in done.err
    assert (state / "identity" / "pseudonym.key").exists()


def test_with_a_configuration_on_trial_that_cannot_be_read_the_one_before_holds(
    qalqan: Qalqan, state: Path
) -> None:
    (state / "edge.toml").write_text("[nod]\n")
    assert qalqan("first-boot", *words(state)).code == 1
    (state / "edge.toml.before").write_text(TOML)
    done = qalqan("first-boot", *words(state))
    assert (done.code, "is made by" in done.err) == (0, True)


def test_the_state_is_of_this_version(qalqan: Qalqan, state: Path) -> None:
    done = qalqan("migrate", "--state", state)
    assert (done.code, "is of this version (1)" in done.out) == (0, True)
    (state / "schema.json").write_text('{"v":9,"readable_by":9}')
    assert qalqan("migrate", "--state", state).code == 1


def test_there_is_nothing_to_grow(qalqan: Qalqan, state: Path) -> None:
    done = qalqan("grow", "--label", state / "data", "--mark", state / "grown")
    assert (done.code, "is no partition" in done.err) == (1, True)
    assert not (state / "grown").exists()
