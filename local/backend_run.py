"""One listing through the backend's API, as a client of the platform would put it there.

The client asks for presigned URLs, uploads, asks for processing, takes out what failed, and
completes. The backend does the rest: pre-check, job message, signed callbacks, finalization.
"""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from sqlalchemy.orm import Session

from backend.db.models import Job
from local.errors import LocalCloudError, PipelineStuckError
from local.media import MediaFile
from local.receiver import Callback
from local.run_result import (
    POLL_SECONDS,
    Progress,
    RunResult,
    assets_done,
    execution_of,
    timed,
)
from local.service import FILES_PER_REQUEST, Service
from toq_media.signing import SIGNATURE, sign
from toq_media.tracing import traceparent_or_new

if TYPE_CHECKING:
    from local.cloud import LocalCloud

_UPLOADERS = 4
_ENDED = frozenset({"SUCCEEDED", "PARTIAL_SUCCESS", "FAILED"})
_BASE = "/api/v2"


@dataclass(kw_only=True)
class BackendRun:
    """Drives one listing that the backend knows."""

    cloud: LocalCloud
    service: Service
    listing_id: int
    progress: Progress
    limit_seconds: float = 900.0

    def __post_init__(self) -> None:
        self._http = urllib3.PoolManager(retries=False)
        self._traceparent = traceparent_or_new(None)
        self._here = {"listingIdentityId": self.listing_id}

    def run(self, files: list[MediaFile]) -> RunResult:
        """Upload, process, complete.

        Raises:
            LocalCloudError: the backend refused a request; the message is its own.
            PipelineStuckError: a job did not end within the limit.
        """
        timings: dict[str, float] = {}
        with timed(timings, "upload"):
            self._upload(files)
        with timed(timings, "processing"):
            published_at = time.time()
            (job_id,) = self._ask("POST", "/listings/media/uploads/process", self._here)["jobIds"]
            jobs = [self._await(job_id, "process", len(files))]
        processing = self._callback(job_id)
        finalization = None
        if self._take_out_failed(processing, files):
            with timed(timings, "finalization"):
                answer = self._ask("POST", "/listings/media/uploads/complete", self._here)
                jobs.append(self._await(answer["jobId"], "finalization", 1))
            finalization = self._callback(answer["jobId"])
        timings["total"] = sum(timings.values())
        return RunResult(
            listing_id=self.listing_id,
            traceparent=self._traceparent,
            published_at=published_at,
            processing=processing,
            finalization=finalization,
            executions=[
                execution_of(self.cloud, job["executionArn"], self.limit_seconds) for job in jobs
            ],
            timings=timings,
        )

    def _upload(self, files: list[MediaFile]) -> None:
        """PUT each file to the URL that the backend presigned for it."""
        done = 0
        for start in range(0, len(files), FILES_PER_REQUEST):
            batch = files[start : start + FILES_PER_REQUEST]
            wanted = {**self._here, "files": [_wanted(file) for file in batch]}
            targets = self._ask("POST", "/listings/media/uploads", wanted)["files"]
            with ThreadPoolExecutor(max_workers=_UPLOADERS) as pool:
                for _ in pool.map(self._put, batch, targets):
                    done += 1
                    self.progress("upload", done, len(files))

    def _put(self, file: MediaFile, target: dict[str, Any]) -> None:
        if target["objectKey"] != file.key:
            raise LocalCloudError(f"{file.path.name}: the backend named it {target['objectKey']}")
        body = file.path.read_bytes()
        reply = self._http.request("PUT", target["uploadUrl"], body=body, headers=target["headers"])
        if reply.status != 200:
            raise LocalCloudError(f"upload of {file.key}: S3 said {reply.status} {reply.data!r}")

    def _take_out_failed(self, processing: Callback, files: list[MediaFile]) -> int:
        """Delete the assets that failed, since a listing completes only with good ones."""
        places = {file.key: (file.asset_type, file.sequence) for file in files}
        good = 0
        for output in processing.body.get("outputs", []):
            if not output["errorCode"]:
                good += 1
                continue
            asset_type, sequence = places[output["rawKey"]]
            place = {"assetType": asset_type, "sequence": sequence}
            self._ask("DELETE", "/listings/media/delete", {**self._here, **place})
        return good

    def _await(self, job_id: int, stage: str, total: int) -> dict[str, Any]:
        """A job once it has ended, showing what S3 holds meanwhile."""
        deadline = time.monotonic() + self.limit_seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = self._ask("GET", f"/jobs/{job_id}")
            if job["status"] in _ENDED:
                self.progress(stage, total, total)
                return job
            done = assets_done(self.cloud, self.listing_id) if stage == "process" else 0
            self.progress(stage, min(done, total), total)
            time.sleep(POLL_SECONDS)
        raise PipelineStuckError(f"job {job_id}: no end within {self.limit_seconds:.0f} s")

    def _callback(self, job_id: int) -> Callback:
        """The callback as the backend took it, which it does only when its signature is right."""

        def read(session: Session) -> tuple[str, float]:
            job = session.get_one(Job, job_id)
            if job.callback_body is None or job.completed_at is None:
                raise LocalCloudError(f"job {job_id} ended without a callback: {job.last_error}")
            return job.callback_body, job.completed_at.timestamp()

        body, at = self.service.database.run(read)
        signature = sign(body.encode(), self.cloud.callback_secret)
        return Callback(body=json.loads(body), headers={SIGNATURE: signature}, received_at=at)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        reply = self._http.request(
            method,
            f"{self.service.url}{_BASE}{path}",
            json=body,
            headers={
                "Authorization": f"Bearer {self.service.token}",
                "traceparent": self._traceparent,
            },
        )
        if reply.status >= 300:
            problem = reply.data.decode(errors="replace")
            raise LocalCloudError(f"{method} {path}: the backend said {reply.status} {problem}")
        return reply.json()


def _wanted(file: MediaFile) -> dict[str, Any]:
    body = file.path.read_bytes()
    upright = file.upright or (1, 1)
    return {
        "assetType": file.asset_type,
        "orientation": "PORTRAIT" if upright[1] > upright[0] else "LANDSCAPE",
        "filename": file.path.name,
        "contentType": file.content_type,
        "bytes": len(body),
        "checksum": hashlib.sha256(body).hexdigest(),
        "sequence": file.sequence,
    }
