"""Schema up and down, from the program itself: no configuration file, no working directory."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from backend.db.session import make_engine

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at the URL up to a revision."""
    _run(url, revision, up=True)


def downgrade(url: str, revision: str) -> None:
    """Take the database at the URL down to a revision; `base` is an empty one."""
    _run(url, revision, up=False)


def _run(url: str, revision: str, *, up: bool) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.upgrade if up else command.downgrade)(config, revision)
    finally:
        engine.dispose()
