"""The media tables: the contract's two (1.9) with what they lacked, and the service's own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}
_DIALECTS = ("mysql", "mariadb")


def _id() -> Any:
    unsigned = mysql.INTEGER(unsigned=True)
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite").with_variant(unsigned, *_DIALECTS)


def _key() -> Any:
    exact = mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(255).with_variant(exact, *_DIALECTS)


def _long_text() -> Any:
    return sa.Text().with_variant(mysql.LONGTEXT(), *_DIALECTS)


def _time() -> Any:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), *_DIALECTS)


def _required(name: str, kind: Any, *rest: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *rest, nullable=False, **options)


def upgrade() -> None:
    """Apply."""
    _create_listings()
    _create_jobs()
    _create_attempts()
    _create_assets()
    _create_outbox()
    _create_deliveries()
    op.create_table(
        "media_worker_leases",
        _required("name", sa.String(50), primary_key=True),
        _required("holder", sa.String(100)),
        _required("expires_at", _time()),
        **_MYSQL,
    )


def downgrade() -> None:
    """Undo."""
    for table in (
        "media_worker_leases",
        "media_callback_deliveries",
        "media_outbox",
        "media_assets",
        "media_job_attempts",
        "media_processing_jobs",
        "listings",
    ):
        op.drop_table(table)


def _create_listings() -> None:
    op.create_table(
        "listings",
        _required("id", _id(), primary_key=True),
        _required("owner", sa.String(255)),
        _required("status", sa.String(50)),
        sa.Column("title", sa.String(255)),
        _required("created_at", _time()),
        _required("updated_at", _time()),
        _required("version", sa.Integer()),
        **_MYSQL,
    )
    op.create_index("ix_listings_owner", "listings", ["owner"])


def _create_jobs() -> None:
    name = "media_processing_jobs"
    op.create_table(
        name,
        _required("id", _id(), primary_key=True, autoincrement=True),
        _required(
            "listing_identity_id",
            _id(),
            sa.ForeignKey("listings.id", name="fk_media_processing_jobs_listing"),
        ),
        _required("status", sa.String(50)),
        _required("provider", sa.String(50)),
        sa.Column("external_id", sa.String(255)),
        sa.Column("payload", sa.JSON()),
        _required("retry_count", sa.SmallInteger()),
        _required("traceparent", sa.String(55)),
        sa.Column("started_at", _time()),
        sa.Column("completed_at", _time()),
        sa.Column("last_error", sa.Text()),
        sa.Column("callback_body", _long_text()),
        _required("created_at", _time()),
        _required("updated_at", _time()),
        _required("version", sa.Integer()),
        sa.UniqueConstraint("external_id", name="uq_media_processing_jobs_external"),
        **_MYSQL,
    )
    op.create_index(f"ix_{name}_listing", name, ["listing_identity_id"])
    op.create_index(f"ix_{name}_status_started", name, ["status", "started_at"])
    op.create_index(f"ix_{name}_created", name, ["created_at"])
    op.create_index(f"ix_{name}_completed", name, ["completed_at"])


def _job_key(constraint: str, on_delete: str) -> sa.ForeignKey:
    return sa.ForeignKey("media_processing_jobs.id", name=constraint, ondelete=on_delete)


def _create_attempts() -> None:
    op.create_table(
        "media_job_attempts",
        _required(
            "job_id",
            _id(),
            _job_key("fk_media_job_attempts_job", "CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        _required("retry", sa.SmallInteger(), primary_key=True, autoincrement=False),
        _required("status", sa.String(50)),
        _required("execution_arn", sa.String(255)),
        _required("started_at", _time()),
        sa.Column("published_at", _time()),
        sa.Column("completed_at", _time()),
        sa.Column("last_error", sa.Text()),
        **_MYSQL,
    )


def _create_assets() -> None:
    op.create_table(
        "media_assets",
        _required("id", _id(), primary_key=True, autoincrement=True),
        _required(
            "listing_identity_id",
            _id(),
            sa.ForeignKey("listings.id", name="fk_media_assets_listing"),
        ),
        sa.Column("job_id", _id(), _job_key("fk_media_assets_job", "SET NULL")),
        _required("asset_type", sa.String(50)),
        _required("sequence", sa.Integer()),
        _required("status", sa.String(50)),
        _required("s3_key_raw", _key()),
        sa.Column("s3_key_processed", _key()),
        sa.Column("title", sa.String(255)),
        _required("metadata", sa.JSON()),
        _required("renditions", sa.JSON()),
        _required("requested_by", sa.String(255)),
        _required("filename", sa.Text()),
        _required("content_type", sa.String(100)),
        _required("size_bytes", sa.BigInteger()),
        _required("checksum_sha256", sa.String(44)),
        sa.Column("error_code", sa.String(100)),
        sa.Column("error_message", sa.Text()),
        _required("created_at", _time()),
        _required("updated_at", _time()),
        _required("version", sa.Integer()),
        sa.UniqueConstraint(
            "listing_identity_id", "asset_type", "sequence", name="uq_media_assets_place"
        ),
        sa.UniqueConstraint("s3_key_raw", name="uq_media_assets_raw"),
        **_MYSQL,
    )
    columns = ["listing_identity_id", "status"]
    op.create_index("ix_media_assets_listing_status", "media_assets", columns)
    op.create_index("ix_media_assets_job", "media_assets", ["job_id"])


def _create_outbox() -> None:
    op.create_table(
        "media_outbox",
        _required("id", _id(), primary_key=True, autoincrement=True),
        sa.Column("job_id", _id(), _job_key("fk_media_outbox_job", "CASCADE")),
        _required("retry", sa.SmallInteger()),
        _required("kind", sa.String(50)),
        _required("body", _long_text()),
        _required("created_at", _time()),
        sa.Column("claimed_until", _time()),
        sa.Column("published_at", _time()),
        _required("attempts", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        **_MYSQL,
    )
    op.create_index("ix_media_outbox_open", "media_outbox", ["published_at", "id"])


def _create_deliveries() -> None:
    op.create_table(
        "media_callback_deliveries",
        _required("delivery_id", sa.String(100), primary_key=True),
        _required("job_id", _id(), _job_key("fk_media_deliveries_job", "CASCADE")),
        _required("body_sha256", sa.String(64)),
        _required("received_at", _time()),
        **_MYSQL,
    )
