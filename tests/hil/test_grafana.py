# SPDX-License-Identifier: Apache-2.0
"""Dashboard and alarm rules: every expression is valid, and asks for what is really exported."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from edge.console.metrics import Box
from edge.counters import BY_NAME, Histogram
from edge.moment import Moments
from edge.seen.readings import read
from tests.console.everything import write_everything

FOLDER = Path(__file__).parent.parent.parent / "hil" / "grafana"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))
ALERTS_TEST = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ROWS = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]

GRAFANA_10 = 36
"Schema version of the first Grafana 10."
NUMBER = re.compile(r"\bqalqan_\w+")
OWN_LABELS = {"process", "instance", "job", "le"}
PROMETHEUS_OWN = {"up"}


def shown() -> Iterator[str]:
    """Yield every expression of the dashboard."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield target["expr"]


EXPRESSIONS = sorted({*shown(), *(rule["expr"] for rule in RULES)})


def declared(name: str) -> str:
    """Return the name in the table, without what a histogram's series end with."""
    if name in BY_NAME:
        return name
    short = re.sub("_(bucket|sum|count)$", "", name)
    assert isinstance(BY_NAME[short], Histogram), name
    return short


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of all that a process shows which has counted everything."""
    folder = tmp_path_factory.mktemp("run")
    write_everything(folder, "core", "word")
    text = Box(("core",), partial(read, folder), Moments()).exposition().decode()
    families = text_string_to_metric_families(text)
    return {sample.name for family in families for sample in family.samples}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_what_is_exported(expression: str, exported: set[str]) -> None:
    names = set(NUMBER.findall(expression))
    assert names <= exported
    assert names or expression.startswith("up{")
    known = {label.name for name in names for label in BY_NAME[declared(name)].labels}
    matched = set(re.findall(r"[{,]\s*(\w+)\s*(?:=|!=|=~|!~)\"", expression))
    by = re.findall(r"\b(?:by|without) \(([^)]*)\)", expression)
    asked = matched | {label.strip() for labels in by for label in labels.split(",")}
    assert asked <= known | OWN_LABELS


def test_every_number_is_watched_somewhere() -> None:
    """What nobody looks at need not be counted."""
    asked = {declared(name) for text in EXPRESSIONS for name in NUMBER.findall(text)}
    assert asked == set(BY_NAME)


@pytest.mark.peer("promtool")
def test_every_expression_of_the_dashboard_is_valid(tmp_path: Path) -> None:
    """As rules, since promtool reads expressions there."""
    rules = [
        {"record": f"panel:{index}", "expr": expression.replace("$__rate_interval", "5m")}
        for index, expression in enumerate(EXPRESSIONS)
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(path))


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.peer("promtool")
def test_the_rules_are_valid() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml")


@pytest.mark.peer("promtool")
def test_each_rule_fires_when_it_should_and_not_else() -> None:
    promtool("test", "rules", "alerts_test.yaml")


def test_each_rule_is_made_to_fire_and_to_hold_still() -> None:
    trouble, well = ALERTS_TEST["tests"]
    names = {rule["alert"] for rule in RULES}
    fired = {test["alertname"] for test in trouble["alert_rule_test"] if test["exp_alerts"]}
    silent = {test["alertname"] for test in well["alert_rule_test"] if not test["exp_alerts"]}
    assert fired == silent == names
    assert len(well["alert_rule_test"]) == len(names) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert "$labels.instance" in rule["annotations"]["summary"]


def test_the_dashboard_is_one_of_grafana_10() -> None:
    assert DASHBOARD["schemaVersion"] >= GRAFANA_10
    source, node = DASHBOARD["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert node["datasource"]["uid"] == f"${{{source['name']}}}"
    assert ROWS == [
        "Is it hearing?", "Verdicts", "Stopping", "Who is behind it", "Hub and outbox", "Lists",
        "Box",
    ]  # fmt: skip
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert [target["refId"] for target in panel["targets"]] == list("ABCD")[
            : len(panel["targets"])
        ]
        assert all('instance=~"$node"' in target["expr"] for target in panel["targets"])


def test_no_panel_lies_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
