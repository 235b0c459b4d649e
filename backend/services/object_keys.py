"""Keys of an asset, all by the key grammar and none by what a client wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from backend.db.models import OutboxMessage
from toq_media.keys import RENDITION_WIDTHS, RawKey, file_name_of, raw_key, reference_of

DELETE_OBJECTS = "DELETE_OBJECTS"


def raw_key_of(
    listing_id: int,
    asset_type: str,
    *,
    filename: str,
    content_type: str,
    sequence: int,
    metadata: Mapping[str, str],
) -> str:
    """Raw key of a new upload (contract 1.8)."""
    client_id = metadata.get("client_id") or metadata.get("clientId")
    reference = reference_of(asset_type, client_id=client_id, sequence=sequence)
    name = file_name_of(filename, content_type=content_type)
    return raw_key(listing_id, asset_type, reference, name)


def suffix_of(key: str) -> str:
    """Lower-case suffix of a key."""
    return PurePosixPath(key).suffix.lower()


def derived_keys(listing_id: int, key: str) -> list[str]:
    """The raw key and every key that the pipeline can make of it."""
    raw = RawKey.parse(key, listing_id=listing_id)
    sizes = list(RENDITION_WIDTHS)
    found = [
        key,
        raw.document(),
        raw.video(),
        *(raw.rendition(size) for size in sizes),
        *(raw.poster(size) for size in sizes),
    ]
    return list(dict.fromkeys(found))


def enqueue_deletion(session: Session, listing_id: int, key: str, now: datetime) -> OutboxMessage:
    """Have an asset's objects removed after the commit."""
    message = OutboxMessage(
        kind=DELETE_OBJECTS, body=json.dumps(derived_keys(listing_id, key)), created_at=now
    )
    session.add(message)
    return message
