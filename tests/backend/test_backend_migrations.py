"""Migrations make the very tables that the models describe, and undo them."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import make_url

from backend.__main__ import main
from backend.db.migrate import downgrade, upgrade
from backend.db.models import Base
from backend.db.session import make_engine
from tests.backend.backend_harness import settings_for


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        url: str = request.getfixturevalue("empty_sqlite")
        return url
    shared = make_url(request.getfixturevalue("mariadb_url"))
    engine = make_engine(shared.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.execute(sa.text("SET FOREIGN_KEY_CHECKS = 0"))
        connection.execute(sa.text("CREATE OR REPLACE DATABASE migrations CHARACTER SET utf8mb4"))
    engine.dispose()
    return shared.set(database="migrations").render_as_string(hide_password=False)


def test_migrated_tables_are_the_models(empty_url: str) -> None:
    upgrade(empty_url)
    engine = make_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_down_leaves_nothing_and_up_works_again(empty_url: str) -> None:
    upgrade(empty_url)
    downgrade(empty_url, "base")
    engine = make_engine(empty_url)
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(empty_url)
    assert set(sa.inspect(engine).get_table_names()) == {"alembic_version", *Base.metadata.tables}
    engine.dispose()


def test_command_migrates(empty_sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(empty_sqlite)
    for name in ("MEDIA_BUCKET", "QUEUE_URL", "DEV_TOKEN", "DATABASE_URL", "CALLBACK_SECRET"):
        value = getattr(settings, name.lower())
        monkeypatch.setenv(name, value if isinstance(value, str) else value.get_secret_value())
    for kind in ("PROCESSING", "FINALIZATION"):
        name = f"{kind}_STATE_MACHINE_ARN"
        monkeypatch.setenv(name, getattr(settings, name.lower()))
    assert main(["migrate"]) == 0
    engine = make_engine(empty_sqlite)
    assert sa.inspect(engine).has_table("media_assets")
    assert main(["migrate", "--down", "base"]) == 0
    assert not sa.inspect(engine).has_table("media_assets")
    engine.dispose()


def test_wrong_configuration_is_told_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUEUE_URL", "")
    monkeypatch.delenv("MEDIA_BUCKET", raising=False)
    assert main(["migrate"]) == 2
    told = capsys.readouterr().err
    assert "QUEUE_URL: Field required" in told
    assert "MEDIA_BUCKET: Field required" in told
