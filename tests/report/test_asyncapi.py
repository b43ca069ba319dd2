# SPDX-License-Identifier: Apache-2.0
"""The document of the contract is the one that the models make, and speaks of every topic."""

from typing import Any

import pytest
import yaml

from edge.report import topic
from edge.report.asyncapi import CHANNELS, FILE, NODE, document, text

FOUND = document()


def test_the_file_is_the_one_that_the_models_make() -> None:
    assert FILE.read_text(encoding="utf-8") == text(FOUND), "run: python -m edge.report.asyncapi"


def test_the_file_reads_back_as_it_was_made() -> None:
    assert yaml.safe_load(FILE.read_text(encoding="utf-8")) == FOUND


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for inner in node.values() for ref in references(inner)]
    return [ref for inner in node for ref in references(inner)] if isinstance(node, list) else []


@pytest.mark.parametrize("reference", sorted(set(references(FOUND))))
def test_what_is_referred_to_is_there(reference: str) -> None:
    place: Any = FOUND
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    assert place


WORDS = {
    name: value
    for name, value in vars(topic).items()
    if name.isupper() and isinstance(value, str) and name not in {"ROOT", "ALL"}
}


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_every_word_of_the_tree_is_described(word: str) -> None:
    rests = [topic.split(channel.address)[2].split("/")[0] for channel in CHANNELS]
    assert word in rests


def test_an_appliance_sends_below_its_own_name_and_hears_below_it_or_all() -> None:
    for channel in CHANNELS:
        direction, node, _ = topic.split(channel.address)
        if direction != "enrol":
            assert node == NODE or (node == topic.ALL and not channel.is_up)
            assert channel.is_up == (direction == "up")
        action = FOUND["operations"][channel.name]["action"]
        assert action == ("send" if channel.is_up else "receive")
