"""The service in a test: its API by an in-process client, AWS in memory, a clock to move."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from backend.app import create_app
from backend.context import Context
from backend.db.models import Asset, Base, Job, OutboxMessage
from backend.db.session import Database
from backend.ports import StoredObject
from backend.services.media import add_listing
from backend.settings import Settings
from tests.backend.backend_fakes import Clock, FakeAws
from toq_media.contracts import JobMessage, decode
from toq_media.keys import JobKeys, RawKey
from toq_media.signing import delivery_id, signed_headers

BASE = "/api/v2"
TOKEN = "development-token-of-tests"
SECRET = b"callback-secret-of-tests"
PREVIOUS = b"callback-secret-before-it"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:"
LISTING = 512


def settings_for(url: str, **changes: Any) -> Settings:
    """Settings of a test."""
    given = {
        "database_url": url,
        "media_bucket": "media",
        "queue_url": "https://queue.test/jobs",
        "processing_state_machine_arn": f"{MACHINE}processing",
        "finalization_state_machine_arn": f"{MACHINE}finalization",
        "callback_secret": SECRET.decode(),
        "callback_secret_previous": PREVIOUS.decode(),
        "dev_token": TOKEN,
        "event_poll_seconds": 0.01,
    }
    return Settings.model_validate({**given, **changes})


def photo(sequence: int = 1, **changes: Any) -> dict[str, Any]:
    """One file of an upload request."""
    body = f"picture {sequence}".encode()
    return {
        "assetType": "PHOTO_VERTICAL",
        "orientation": "PORTRAIT",
        "filename": f"room {sequence}.jpg",
        "contentType": "image/jpeg",
        "bytes": len(body),
        "checksum": hashlib.sha256(body).hexdigest(),
        "sequence": sequence,
        **changes,
    }


@dataclass
class Service:
    """One running service."""

    settings: Settings
    aws: FakeAws = field(default_factory=FakeAws)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.app = create_app(self.settings, aws=self.aws.ports, clock=self.clock)
        self.context: Context = self.app.state.context
        self.database: Database = self.context.database
        self.client = TestClient(self.app, raise_server_exceptions=True)
        self.client.headers["Authorization"] = f"Bearer {TOKEN}"

    def prepare(self) -> None:
        """Empty tables, one listing."""
        with self.database.engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
        add_listing(self.context, LISTING, owner="dev")

    def post(self, path: str, body: Any, *, status: int = 200) -> Any:
        answer = self.client.post(f"{BASE}{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, *, status: int = 200, **query: Any) -> Any:
        answer = self.client.get(f"{BASE}{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def delete(self, body: Any, *, status: int = 200) -> Any:
        answer = self.client.request("DELETE", f"{BASE}/listings/media/delete", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def request_uploads(self, *files: dict[str, Any], status: int = 201) -> Any:
        body = {"listingIdentityId": LISTING, "files": list(files)}
        return self.post("/listings/media/uploads", body, status=status)

    def upload(self, *files: dict[str, Any]) -> list[str]:
        """Ask for URLs and put just what was declared; the keys."""
        keys = []
        for file, target in zip(files, self.request_uploads(*files)["files"], strict=True):
            self.store(target["objectKey"], file)
            keys.append(target["objectKey"])
        return keys

    def store(self, key: str, file: dict[str, Any]) -> None:
        checksum = base64.b64encode(bytes.fromhex(file["checksum"])).decode()
        self.aws.storage.objects[key] = StoredObject(size=file["bytes"], checksum=checksum)

    def process(self, *, status: int = 202) -> Any:
        body = {"listingIdentityId": LISTING}
        return self.post("/listings/media/uploads/process", body, status=status)

    def complete(self, *, status: int = 200) -> Any:
        body = {"listingIdentityId": LISTING}
        return self.post("/listings/media/uploads/complete", body, status=status)

    def started(self, *files: dict[str, Any]) -> int:
        """Upload and process; the job."""
        self.upload(*(files or (photo(),)))
        job_ids: list[int] = self.process()["jobIds"]
        return job_ids[-1]

    def processed(self, *files: dict[str, Any]) -> int:
        """Upload, process, and have it succeed; the job."""
        job_id = self.started(*files)
        assert self.callback(self.success(job_id)).status_code == 200
        return job_id

    def bundled(self) -> int:
        """A listing that is complete, its bundle made; the finalization job."""
        self.processed()
        job_id: int = self.complete()["jobId"]
        assert self.callback(finalized(job_id)).status_code == 200
        return job_id

    def success(self, job_id: int, *, failing: Sequence[str] = ()) -> dict[str, Any]:
        """Body of a processing callback; assets under the failing keys have an error."""
        keys = [asset.s3_key_raw for asset in self.assets() if asset.job_id == job_id]
        outputs = [output(key, error="CORRUPT_MEDIA" if key in failing else "") for key in keys]
        return processing_body(
            job_id,
            "PARTIAL_SUCCESS" if failing else "SUCCEEDED",
            outputs,
            executionArn=self.job(job_id).external_id,
        )

    def callback(
        self,
        body: dict[str, Any] | bytes,
        *,
        secret: bytes = SECRET,
        retry: int = 0,
        age: float = 0,
        drop: Sequence[str] = (),
        delivery: str = "",
    ) -> Any:
        """Deliver a callback as the pipeline signs it."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if not delivery and isinstance(body, dict):
            keys = JobKeys(listing_id=LISTING, job_id=int(body["jobId"]), retry=retry)
            delivery = delivery_id(keys.callback)
        stamp = int(self.clock().timestamp() - age)
        headers = signed_headers(raw, secret, delivery=delivery or "none", timestamp=stamp)
        return self.client.post(
            f"{BASE}/listings/media/callback",
            content=raw,
            headers={name: value for name, value in headers.items() if name not in drop},
        )

    def rows(self, model: type[Any]) -> list[Any]:
        return self.database.run(lambda session: list(session.scalars(select(model))))

    def assets(self) -> list[Asset]:
        return self.rows(Asset)

    def job(self, job_id: int) -> Job:
        return self.database.run(lambda session: session.get_one(Job, job_id))

    def open_messages(self) -> list[OutboxMessage]:
        return [one for one in self.rows(OutboxMessage) if one.published_at is None]

    def messages(self) -> list[JobMessage]:
        return [decode(body, JobMessage) for body, _ in self.aws.queue.sent]

    def statuses(self) -> list[str]:
        return [asset.status for asset in sorted(self.assets(), key=lambda one: one.sequence)]


def output(key: str, *, error: str = "") -> dict[str, Any]:
    """One asset in a processing callback."""
    if error:
        return {
            "rawKey": key,
            "processedKey": "",
            "thumbnailKey": "",
            "outputs": {},
            "errorCode": error,
            "errorMessage": "no picture",
        }
    raw = RawKey.parse(key, listing_id=LISTING)
    sizes = ("thumbnail", "small", "medium", "large")
    return {
        "rawKey": key,
        "processedKey": raw.rendition("large"),
        "thumbnailKey": raw.rendition("thumbnail"),
        "outputs": {f"{size}_photo_vertical": raw.rendition(size) for size in sizes},
        "errorCode": "",
        "errorMessage": "",
    }


def processing_body(
    job_id: int, status: str, outputs: list[dict[str, Any]], **changes: Any
) -> dict[str, Any]:
    """Body of a processing callback (contract 1.7)."""
    return {
        "jobId": job_id,
        "listingIdentityId": LISTING,
        "executionArn": "",
        "startedAt": "2026-03-01T12:00:00.000Z",
        "provider": "STEP_FUNCTIONS",
        "status": status,
        "failureReason": "",
        "error": None,
        "outputs": outputs,
        **changes,
    }


def finalized(job_id: int, **changes: Any) -> dict[str, Any]:
    """Body of a finalization callback (contract 1.7)."""
    return {
        "jobId": job_id,
        "listingIdentityId": str(LISTING),
        "status": "SUCCEEDED",
        "provider": "STEP_FUNCTIONS_FINALIZATION",
        "traceparent": "",
        "assetsZipped": 1,
        "zipBundles": [f"{LISTING}/processed/zip/listing-media.zip"],
        "zipSizeBytes": 123,
        "unzippedSizeBytes": 456,
        **changes,
    }


NewService = Callable[..., Service]
