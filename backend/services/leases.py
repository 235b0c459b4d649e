"""One worker at a time across replicas."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.context import Context
from backend.db.models import Lease


def acquire(context: Context, name: str, holder: str, length: timedelta) -> bool:
    """Take the lease if nobody holds it, or if we do."""

    def work(session: Session) -> bool:
        now = context.clock()
        lease = session.get(Lease, name, with_for_update=True)
        if lease is None:
            session.add(Lease(name=name, holder=holder, expires_at=now + length))
            return True
        if lease.holder != holder and lease.expires_at > now:
            return False
        lease.holder = holder
        lease.expires_at = now + length
        return True

    try:
        return context.database.run(work)
    except IntegrityError:
        return False  # two asked for the first lease ever at once; the other has it


def release(context: Context, name: str, holder: str) -> None:
    """Give the lease back, unless it is another's by now."""

    def work(session: Session) -> None:
        lease = session.get(Lease, name, with_for_update=True)
        if lease is not None and lease.holder == holder:
            lease.expires_at = context.clock()

    context.database.run(work)
