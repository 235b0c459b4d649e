"""`listing`: originals back from Glacier, and everything of a listing gone for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from ops.attempts import running
from ops.cloud import Cloud
from ops.errors import NotThereError, OpsError
from ops.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

ARCHIVED: tuple[str, ...] = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes that have to be restored before anything can read an object."""

Tier = Literal["Bulk", "Standard", "Expedited"]

_BATCH = 1000  # S3's limit for DeleteObjects


def archived_rows(cloud: Cloud, listing_id: int) -> list[dict[str, Any]]:
    """Originals of a listing that are archived, and how far their restore is."""
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(
        Bucket=cloud.names.media_bucket, Prefix=f"{listing_id}/raw/"
    )
    return [
        {
            "key": item["Key"],
            "bytes": item["Size"],
            "class": item.get("StorageClass", "STANDARD"),
            "restore": _restore_state(cloud, item["Key"]),
        }
        for page in pages
        for item in page.get("Contents", ())
        if item.get("StorageClass") in ARCHIVED
    ]


def restore(cloud: Cloud, listing_id: int, *, days: int, tier: Tier, yes: bool) -> Outcome:
    """`listing restore`: ask for readable copies of archived originals.

    Hours may pass (Standard 3 to 5, Bulk 5 to 12, S3 user guide); asking again shows how far it is.
    """
    rows = []
    for row in archived_rows(cloud, listing_id):
        wanted = row["restore"] == "none"
        if wanted and yes:
            cloud.s3.restore_object(
                Bucket=cloud.names.media_bucket,
                Key=row["key"],
                RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": tier}},
            )
        result = ("asked for" if yes else "would be asked for") if wanted else "nothing to do"
        rows.append({**row, "result": result})
    return Outcome(
        title=f"restore the originals of listing {listing_id}",
        facts={"archived": len(rows), "days": days, "tier": tier},
        tables={"archived": rows},
        done=yes,
    )


def purge(cloud: Cloud, listing_id: int, *, confirm: int | None, yes: bool) -> Outcome:
    """`listing purge`: every version and delete marker of the listing and of its jobs' files.

    Raises:
        OpsError: the listing's id was not given twice, or a job of it is running.
        NotThereError: there is nothing.
    """
    if yes and confirm != listing_id:
        raise OpsError(
            f"this cannot be undone: give the listing's id twice, with --confirm {listing_id}"
        )
    active = [one.name for one in running(cloud, listing_id)]
    if active:
        raise OpsError(f"listing {listing_id}: {', '.join(active)} would write again; wait or stop")
    prefixes = (f"{listing_id}/", f"jobs/{listing_id}/")
    counts = {prefix: _purged(cloud, prefix, yes=yes) for prefix in prefixes}
    rows = [{"prefix": prefix, **count} for prefix, count in counts.items()]
    if not any(row["versions"] or row["deleteMarkers"] for row in rows):
        raise NotThereError(f"listing {listing_id}: nothing is in {cloud.names.media_bucket}")
    return Outcome(
        title=f"purge listing {listing_id} from {cloud.names.media_bucket}",
        tables={"purged" if yes else "found": rows},
        done=yes,
    )


def _purged(cloud: Cloud, prefix: str, *, yes: bool) -> dict[str, int]:
    counts = {"versions": 0, "deleteMarkers": 0, "bytes": 0}
    batch: list[ObjectIdentifierTypeDef] = []
    for kind, item in _versions(cloud, prefix):
        counts[kind] += 1
        counts["bytes"] += item.get("Size", 0)
        batch.append({"Key": item["Key"], "VersionId": item["VersionId"]})
        if yes and len(batch) == _BATCH:
            _delete(cloud, batch)
            batch = []
    if yes and batch:
        _delete(cloud, batch)
    return counts


def _versions(cloud: Cloud, prefix: str) -> Iterator[tuple[str, Any]]:
    pages = cloud.s3.get_paginator("list_object_versions").paginate(
        Bucket=cloud.names.media_bucket, Prefix=prefix
    )
    for page in pages:
        for version in page.get("Versions", ()):
            yield "versions", version
        for marker in page.get("DeleteMarkers", ()):
            yield "deleteMarkers", marker


def _delete(cloud: Cloud, batch: list[ObjectIdentifierTypeDef]) -> None:
    answer = cloud.s3.delete_objects(
        Bucket=cloud.names.media_bucket, Delete={"Objects": batch, "Quiet": True}
    )
    for error in answer.get("Errors", ()):
        raise OpsError(
            f"{error.get('Key')}: not deleted: {error.get('Code')} {error.get('Message')}; "
            "run it again when that is mended"
        )


def _restore_state(cloud: Cloud, key: str) -> str:
    """`none`, `ongoing`, or until when a copy is readable."""
    told = cloud.s3.head_object(Bucket=cloud.names.media_bucket, Key=key).get("Restore", "")
    if not told:
        return "none"
    if 'ongoing-request="true"' in told:
        return "ongoing"
    return "readable until " + told.partition('expiry-date="')[2].rstrip('"')
