"""Engines and transactions for SQLite, MariaDB/MySQL and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

T = TypeVar("T")

_DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_TRIES = 5
_SQLITE_BUSY_SECONDS = 30
_MYSQL_RETRYABLE = frozenset({1020, 1205, 1213})
"""Record changed, lock wait timeout, deadlock: the transaction was undone and may run again."""
_POSTGRES_RETRYABLE = frozenset({"40001", "40P01"})


class Database:
    """One engine and its transactions.

    Args:
        url: SQLAlchemy URL; plain `mysql://` and `postgresql://` get the drivers we ship with.
    """

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def run(self, work: Callable[[Session], T]) -> T:
        """Do the work in one transaction; do it again, a few times, where a rival undid it.

        The work must have no effect but on the session.
        """
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                with self._sessions.begin() as session:
                    return work(session)
            except (OperationalError, StaleDataError) as error:
                if last or not _may_run_again(error):
                    raise
        raise AssertionError("the last try returned or raised")

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine with our drivers, UTC and the isolation that the services are written for."""
    parsed = make_url(url)
    if parsed.drivername in _DRIVERS:
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": _SQLITE_BUSY_SECONDS})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    return create_engine(
        parsed, isolation_level="READ COMMITTED", pool_pre_ping=True, pool_recycle=1800
    )


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN is deferred: two readers that both go on to write would both fail.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _may_run_again(error: Exception) -> bool:
    if isinstance(error, StaleDataError):
        return True
    original = getattr(error, "orig", None)
    if getattr(original, "sqlstate", None) in _POSTGRES_RETRYABLE:
        return True
    arguments: tuple[object, ...] = getattr(original, "args", ())
    return bool(arguments) and arguments[0] in _MYSQL_RETRYABLE
