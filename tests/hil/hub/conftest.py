# SPDX-License-Identifier: Apache-2.0
"""Databases and a broker that tests of the hub share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.hub.mqtt import Broker
from hil.hub.store import Store, sqlite_url
from tests.hil.hub import places
from tests.hil.hub.ledgers import emptied


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with places.postgres() as url:
        yield url


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.peer("pg_ctlcluster"))],
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database, once of each kind."""
    is_file = request.param == "sqlite"
    url = sqlite_url(tmp_path / "hub.db") if is_file else request.getfixturevalue("postgres_url")
    made = Store(url)
    yield emptied(made)
    made.close()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with places.mosquitto(tmp_path_factory.mktemp("mosquitto")) as one:
        yield one
