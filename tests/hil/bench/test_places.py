# SPDX-License-Identifier: Apache-2.0
"""The places' YAML: what labgrid is told is there, wired to drivers that we have."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PLACES = sorted((ROOT / "hil" / "places").glob("*.yaml"))
OURS = {"hil.bench.drivers", "hil.bench.strategy"}


def place(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def each(items: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    assert all(len(one) == 1 for one in items)
    return [(kind, facts) for one in items for kind, facts in one.items()]


def test_both_places_are_there():
    assert [path.stem for path in PLACES] == ["real", "virtual"]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.stem)
def test_a_place_has_a_box_and_our_strategy(path):
    loaded = place(path)
    kinds = [kind for kind, _ in each(loaded["targets"]["main"]["drivers"])]
    assert kinds[-1] == "BoxStrategy"
    assert len({"VirtualBoxDriver", "RealBoxDriver"} & set(kinds)) == 1
    assert set(loaded["imports"]) == OURS
    assert all((ROOT / f"{name.replace('.', '/')}.py").exists() for name in OURS)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.stem)
def test_every_wire_leads_somewhere(path):
    main = place(path)["targets"]["main"]
    there = {facts["name"] for _, facts in each(main.get("resources", []))}
    for _, facts in each(main["drivers"]):
        assert set(facts.get("bindings", {}).values()) <= there, facts
        there |= {facts["name"]} if "name" in facts else set()


def test_the_real_place_has_a_part_for_every_verb():
    facts = dict(each(place(ROOT / "hil" / "places" / "real.yaml")["targets"]["main"]["drivers"]))
    assert set(facts["RealBoxDriver"]["bindings"]) == {
        "power", "console", "card", "storage", "network", "mirror", "probe",
    }  # fmt: skip
