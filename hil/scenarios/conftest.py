# SPDX-License-Identifier: Apache-2.0
"""What scenarios have in their hands: `hub`, `centre`, `region`, `box`, and the report's `run`.

labgrid finds the box (`--lg-env hil/places/virtual.yaml`); without a place all are skipped. The box
is flashed and enrolled once. A scenario may do anything to it: before the next one begins its
cables are plugged in, it is switched on if it is off, and flashed anew if it does not come back.
"""

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from edge.errors import ConfigError
from hil.bench.box import Box, NotSeen, Refused
from hil.bench.measure import BOOT_TO_HEARING, Run, Scenario
from hil.bench.newcomer import Newcomer
from hil.bench.report import write
from hil.bench.strategy import BoxStrategy
from hil.demo.region import Centre
from hil.region.tables import LIST, tables
from hil.region.world import Region, region as region_of
from hil.rig.hub import RigHub, now_s
from image.places import SOURCE

FIRST_START = """A box that was just flashed starts for the first time, shows its code, is taken
in by the hub, follows the list, and hears."""
RESULT = SOURCE / "build" / "hil"
MOST_SAID = 3000
"Characters of what a failure says, in the report."
REPORTS: pytest.StashKey[dict[str, pytest.TestReport]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Have `--update`: what the scenario of the update installs."""
    parser.addoption("--update", type=Path, help="a bundle of a later version")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all here as needing a place, before pytest looks at marks."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hil)


# The world -------------------------------------------------------------------


@pytest.fixture(scope="session")
def folder() -> Path:
    """Folder of this run; that of the run before is gone."""
    shutil.rmtree(RESULT, ignore_errors=True)
    RESULT.mkdir(parents=True)
    return RESULT


@pytest.fixture(scope="session")
def region(folder: Path) -> Iterator[Region]:
    """Have callers, a switch, a PBX and telephones around the box; its cables lead to them."""
    try:
        with region_of(folder / "region", pbx=True) as made:
            yield made
    except ConfigError as error:
        pytest.exit(str(error), 2)


@pytest.fixture(scope="session")
def hub(folder: Path) -> Iterator[RigHub]:
    """Have brokers and the hub."""
    made = RigHub.made(folder / "hub")
    try:
        with made.running():
            yield made
    except ConfigError as error:
        pytest.exit(str(error), 2)


@pytest.fixture(scope="session")
def centre(hub: RigHub, folder: Path) -> Centre:
    """Have the centre, whose list is published: `hil.region.tables.LIST`."""
    made = Centre(hub.repository)
    table = folder / "list.csv"
    table.write_text(LIST, encoding="utf-8")
    made.publish(table, now_s())
    return made


# The box ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def newcomer(strategy: BoxStrategy, hub: RigHub, centre: Centre, region: Region) -> Newcomer:
    """Have what the box is at the hub: `newcomer.node` is its name."""
    ports = strategy.box.ports
    made = Newcomer(hub, ports, tables(ports.mirror, ports.probe, ports.exchange, pbx=True))
    strategy.files, strategy.follows = made.files, made.follows
    return made


@pytest.fixture(scope="session")
def box(
    strategy: BoxStrategy, newcomer: Newcomer, begun: Run, folder: Path
) -> Iterator[Box]:  # fmt: skip
    """Have the box: flashed, started, enrolled, hearing."""
    first = begun.scenario("first_start", FIRST_START)
    made = strategy.box
    log = folder / "console.log"
    first.attach(log, "console: all that the box said there")
    try:
        try:
            strategy.transition("healthy")
        except BaseException as error:
            first.end("failed", made.seconds(), str(error))
            raise
        first.measure(BOOT_TO_HEARING, strategy.heard_after_s)
        first.note(f"The hub knows it as {newcomer.node}, and it follows the list.")
        first.end("passed", made.seconds())
        yield made
    finally:
        log.write_text(made.log(), encoding="utf-8")
        made.close()


@pytest.fixture(autouse=True)
def well(request: pytest.FixtureRequest) -> None:
    """Have the box as it should be before a scenario that uses it begins."""
    if "box" not in request.fixturenames:
        return
    if "run" in request.fixturenames:
        request.getfixturevalue("run")  # a box that does not come back is in the report, too
    box, strategy = (request.getfixturevalue(name) for name in ("box", "strategy"))
    if box.is_on():
        plug_in(box)
    try:
        strategy.transition("healthy")
    except (NotSeen, Refused):
        strategy.anew()


def plug_in(box: Box) -> None:
    """Have all cables in."""
    for cable in (box.cut_network, box.pull_mirror, box.unplug_probe):
        cable(False)


# The report ------------------------------------------------------------------


@pytest.fixture(scope="session")
def begun(request: pytest.FixtureRequest, strategy: BoxStrategy, folder: Path) -> Iterator[Run]:
    """Have the run that all scenarios are part of; the report is written at its end."""
    run = Run(strategy.place)
    yield run
    page = write(run, folder)
    request.config.get_terminal_writer().line(f"\n{page}")


@pytest.fixture
def run(request: pytest.FixtureRequest, begun: Run, folder: Path) -> Iterator[Scenario]:
    """Have this scenario's part of the report: `measure`, `ladder`, `attach`, `note`."""
    item = request.node
    scenario = begun.scenario(item.name.removeprefix("test_"), item.function.__doc__ or "")
    box = request.getfixturevalue("box") if "box" in request.fixturenames else None
    said = len(box.log()) if box else 0
    yield scenario
    reports = item.stash.get(REPORTS, {})
    report = reports.get("call") or reports["setup"]
    scenario.end(report.outcome, report.duration, _why(report))
    if box:
        path = folder / "consoles" / scenario.name / "console.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(box.log()[said:], encoding="utf-8")
        scenario.attach(path, "what the box said on its console")


def _why(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[-1].removeprefix("Skipped: ")
    return "" if report.passed else report.longreprtext[-MOST_SAID:]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a scenario that went well, but measured that a promise is broken."""
    done = yield
    scenario = pyfuncitem.funcargs.get("run")
    if isinstance(scenario, Scenario):
        scenario.judge()
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how a scenario ended, for its part of the report."""
    report = yield
    item.stash.setdefault(REPORTS, {})[report.when] = report
    return report
