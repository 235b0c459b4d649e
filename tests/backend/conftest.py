"""Databases of the backend's tests: SQLite always, MariaDB where its server is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.db.migrate import upgrade
from tests.backend import mariadb
from tests.backend.backend_harness import Service, settings_for


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    if mariadb.find("mariadbd") is None:
        pytest.skip("mariadbd is not installed: apt-get install mariadb-server")
    with mariadb.running() as url:
        upgrade(url)
        yield url


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'toq.db'}"
    upgrade(url)
    return url


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def _running(url: str) -> Iterator[Service]:
    service = Service(settings_for(url))
    service.prepare()
    yield service
    service.database.dispose()


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """The service on each database."""
    yield from _running(database_url)


@pytest.fixture
def sqlite_service(sqlite_url: str) -> Iterator[Service]:
    """The service where the database does not matter."""
    yield from _running(sqlite_url)


@pytest.fixture
def mariadb_service(mariadb_url: str) -> Iterator[Service]:
    """The service where transactions really run side by side."""
    yield from _running(mariadb_url)


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'empty.db'}"
