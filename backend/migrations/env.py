"""Alembic's entry: runs the changes on the connection that `backend.db.migrate` hands over."""

from __future__ import annotations

from alembic import context

from backend.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
