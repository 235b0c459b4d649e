"""Tables: the contract's two (1.9) with what they lacked, and what safe delivery needs.

Times are UTC. Keys compare byte by byte in every database, as they do in S3.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TERMINAL = frozenset({"SUCCEEDED", "PARTIAL_SUCCESS", "FAILED"})
ACTIVE = ("PENDING", "RUNNING")

IdType = (
    BigInteger()
    .with_variant(Integer(), "sqlite")
    .with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")
)
KeyType = String(255).with_variant(
    mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""Any size: a callback of 2,000 assets is more than TEXT's 64 KiB (field note 37)."""

MYSQL_OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, stored without offset, to the microsecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """MySQL keeps whole seconds unless told otherwise."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse naive times: nobody knows what they mean."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: JSON}


class Listing(Base):
    """A listing: who owns it and where it stands. The rest of it is another service's."""

    __tablename__ = "listings"
    __table_args__ = (Index("ix_listings_owner", "owner"), MYSQL_OPTIONS)

    id: Mapped[int] = mapped_column(IdType, primary_key=True)
    owner: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(50))
    title: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy types it so


class Job(Base):
    """A processing or finalization job; `provider` says which (contract 1.9)."""

    __tablename__ = "media_processing_jobs"
    __table_args__ = (
        Index("ix_media_processing_jobs_listing", "listing_identity_id"),
        Index("ix_media_processing_jobs_status_started", "status", "started_at"),
        Index("ix_media_processing_jobs_created", "created_at"),
        Index("ix_media_processing_jobs_completed", "completed_at"),
        UniqueConstraint("external_id", name="uq_media_processing_jobs_external"),
        MYSQL_OPTIONS,
    )

    id: Mapped[int] = mapped_column(IdType, primary_key=True, autoincrement=True)
    listing_identity_id: Mapped[int] = mapped_column(
        IdType, ForeignKey("listings.id", name="fk_media_processing_jobs_listing")
    )
    status: Mapped[str] = mapped_column(String(50))
    provider: Mapped[str] = mapped_column(String(50))
    external_id: Mapped[str | None] = mapped_column(String(255))
    payload: Mapped[dict[str, Any] | None]
    retry_count: Mapped[int] = mapped_column(SmallInteger, default=0)
    traceparent: Mapped[str] = mapped_column(String(55))
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    callback_body: Mapped[str | None] = mapped_column(LongText)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy types it so


class JobAttempt(Base):
    """One run of a job: each deliberate retry has a number and an execution of its own."""

    __tablename__ = "media_job_attempts"
    __table_args__ = (MYSQL_OPTIONS,)

    job_id: Mapped[int] = mapped_column(
        IdType,
        ForeignKey(
            "media_processing_jobs.id", name="fk_media_job_attempts_job", ondelete="CASCADE"
        ),
        primary_key=True,
        autoincrement=False,
    )
    retry: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(50))
    execution_arn: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


class Asset(Base):
    """One photo, video or document of a listing.

    `client_metadata` is whatever the client sent and is never read as a key (field note 60);
    `renditions` holds the keys that the pipeline reported.
    """

    __tablename__ = "media_assets"
    __table_args__ = (
        UniqueConstraint(
            "listing_identity_id", "asset_type", "sequence", name="uq_media_assets_place"
        ),
        UniqueConstraint("s3_key_raw", name="uq_media_assets_raw"),
        Index("ix_media_assets_listing_status", "listing_identity_id", "status"),
        Index("ix_media_assets_job", "job_id"),
        MYSQL_OPTIONS,
    )

    id: Mapped[int] = mapped_column(IdType, primary_key=True, autoincrement=True)
    listing_identity_id: Mapped[int] = mapped_column(
        IdType, ForeignKey("listings.id", name="fk_media_assets_listing")
    )
    job_id: Mapped[int | None] = mapped_column(
        IdType,
        ForeignKey("media_processing_jobs.id", name="fk_media_assets_job", ondelete="SET NULL"),
    )
    asset_type: Mapped[str] = mapped_column(String(50))
    sequence: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(50))
    s3_key_raw: Mapped[str] = mapped_column(KeyType)
    s3_key_processed: Mapped[str | None] = mapped_column(KeyType)
    title: Mapped[str | None] = mapped_column(String(255))
    client_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    renditions: Mapped[dict[str, Any]] = mapped_column(JSON)
    requested_by: Mapped[str] = mapped_column(String(255))
    filename: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    checksum_sha256: Mapped[str] = mapped_column(String(44))
    error_code: Mapped[str | None] = mapped_column(String(100))
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy types it so


class OutboxMessage(Base):
    """Work for AWS that was committed with its cause and is done after the commit."""

    __tablename__ = "media_outbox"
    __table_args__ = (Index("ix_media_outbox_open", "published_at", "id"), MYSQL_OPTIONS)

    id: Mapped[int] = mapped_column(IdType, primary_key=True, autoincrement=True)
    job_id: Mapped[int | None] = mapped_column(
        IdType,
        ForeignKey("media_processing_jobs.id", name="fk_media_outbox_job", ondelete="CASCADE"),
    )
    retry: Mapped[int] = mapped_column(SmallInteger, default=0)
    kind: Mapped[str] = mapped_column(String(50))
    body: Mapped[str] = mapped_column(LongText)
    created_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)


class Delivery(Base):
    """A callback that had its effect: its id is bound to its body, and neither counts twice."""

    __tablename__ = "media_callback_deliveries"
    __table_args__ = (MYSQL_OPTIONS,)

    delivery_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    job_id: Mapped[int] = mapped_column(
        IdType,
        ForeignKey("media_processing_jobs.id", name="fk_media_deliveries_job", ondelete="CASCADE"),
    )
    body_sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]


class Lease(Base):
    """Right to run a worker, held by one replica until it expires."""

    __tablename__ = "media_worker_leases"
    __table_args__ = (MYSQL_OPTIONS,)

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[datetime]
