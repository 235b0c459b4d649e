"""One listing through the deployed pipeline, as the backend would drive it.

Uploads go to presigned URLs, every object is checked with HeadObject, one message goes to SQS. From
there nothing is called by hand until the processing callback is in; then finalization is started
the way the backend starts it (contract 1.1, steps 1 to 8).
"""

from __future__ import annotations

import base64
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

from local.errors import LocalCloudError, PipelineStuckError
from local.media import MediaFile
from local.receiver import Callback, Receiver
from local.run_result import (
    POLL_SECONDS,
    Execution,
    Progress,
    RunResult,
    assets_done,
    execution_of,
    timed,
)
from toq_media.contracts import AssetRef, FinalizationInput, JobMessage, encode
from toq_media.tracing import traceparent_or_new

if TYPE_CHECKING:
    from local.cloud import LocalCloud

UPLOAD_SECONDS = 900
"""Life of a presigned PUT (contract 1.8)."""

_UPLOADERS = 4


@dataclass(kw_only=True)
class ListingRun:
    """Drives one listing; `process_job` and `finalize_job` are its two jobs' ids."""

    cloud: LocalCloud
    receiver: Receiver
    listing_id: int
    process_job: int
    finalize_job: int
    progress: Progress
    limit_seconds: float = 900.0

    def run(self, files: list[MediaFile]) -> RunResult:
        """Upload, process, finalize.

        Raises:
            PipelineStuckError: a callback did not come within the limit.
        """
        traceparent = traceparent_or_new(None)
        timings: dict[str, float] = {}
        with timed(timings, "upload"):
            self._upload(files)
        with timed(timings, "processing"):
            published_at = time.time()
            self._publish(files, traceparent)
            processing = self._await(self.process_job, "process", len(files))
        outputs = processing.body.get("outputs", [])
        done = [output["rawKey"] for output in outputs if output.get("processedKey")]
        finalization = None
        if done:
            types = {file.key: file.asset_type for file in files}
            with timed(timings, "finalization"):
                self._finalize([(key, types[key]) for key in done], traceparent)
                finalization = self._await(self.finalize_job, "finalization", 1)
        timings["total"] = sum(timings.values())
        return RunResult(
            listing_id=self.listing_id,
            traceparent=traceparent,
            published_at=published_at,
            processing=processing,
            finalization=finalization,
            executions=self._executions(finalized=bool(done)),
            timings=timings,
        )

    def _upload(self, files: list[MediaFile]) -> None:
        """PUT each file to its presigned URL, then check what S3 holds."""
        s3 = self.cloud.backend_client("s3")
        http = urllib3.PoolManager(ca_certs=str(self.cloud.ca_bundle), retries=False)
        done = 0

        def put(file: MediaFile) -> None:
            body = file.path.read_bytes()
            checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
            url = s3.generate_presigned_url(
                "put_object",
                Params={
                    "Bucket": self.cloud.bucket,
                    "Key": file.key,
                    "ContentType": file.content_type,
                    "ChecksumSHA256": checksum,
                },
                ExpiresIn=UPLOAD_SECONDS,
            )
            headers = {"Content-Type": file.content_type, "x-amz-checksum-sha256": checksum}
            reply = http.request("PUT", url, body=body, headers=headers)
            if reply.status != 200:
                raise LocalCloudError(
                    f"upload of {file.key}: S3 said {reply.status} {reply.data!r}"
                )
            head = s3.head_object(Bucket=self.cloud.bucket, Key=file.key, ChecksumMode="ENABLED")
            if (head["ContentLength"], head.get("ChecksumSHA256")) != (len(body), checksum):
                raise LocalCloudError(f"upload of {file.key}: S3 holds other bytes than were sent")

        with ThreadPoolExecutor(max_workers=_UPLOADERS) as pool:
            for _ in pool.map(put, files):
                done += 1
                self.progress("upload", done, len(files))

    def _publish(self, files: list[MediaFile], traceparent: str) -> None:
        """Body and attributes of contract 1.3."""
        message = JobMessage(
            job_id=self.process_job,
            listing_identity_id=self.listing_id,
            assets=[AssetRef(key=file.key, type=file.asset_type) for file in files],
            retry=0,
        )
        attributes = {
            "ListingIdentityId": str(self.listing_id),
            "JobId": str(self.process_job),
            "RetryCount": "0",
            "Traceparent": traceparent,
        }
        self.cloud.backend_client("sqs").send_message(
            QueueUrl=self.cloud.outputs["queueUrl"],
            MessageBody=encode(message).decode(),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )

    def _finalize(self, assets: list[tuple[str, str]], traceparent: str) -> None:
        """The backend starts finalization directly (contract 1.6)."""
        payload = FinalizationInput(
            job_id=self.finalize_job,
            listing_identity_id=self.listing_id,
            assets=[AssetRef(key=key, type=kind) for key, kind in assets],
            traceparent=traceparent,
        )
        self.cloud.backend_client("stepfunctions").start_execution(
            stateMachineArn=self.cloud.outputs["finalizationStateMachineArn"],
            name=f"finalization-{self.listing_id}-{self.finalize_job}-0",
            input=encode(payload).decode(),
        )

    def _await(self, job_id: int, stage: str, total: int) -> Callback:
        """Wait for a job's callback, showing what S3 holds meanwhile."""
        deadline = time.monotonic() + self.limit_seconds
        while time.monotonic() < deadline:
            callback = self.receiver.wait(job_id, POLL_SECONDS)
            if callback:
                self.progress(stage, total, total)
                return callback
            done = assets_done(self.cloud, self.listing_id) if stage == "process" else 0
            self.progress(stage, min(done, total), total)
        refused = f"; refused callbacks: {self.receiver.refused}" if self.receiver.refused else ""
        raise PipelineStuckError(
            f"job {job_id}: no callback within {self.limit_seconds:.0f} s{refused}"
        )

    def _executions(self, *, finalized: bool) -> list[Execution]:
        found = [
            ("processing", f"process-{self.listing_id}-{self.process_job}-0"),
            *(
                [("finalization", f"finalization-{self.listing_id}-{self.finalize_job}-0")]
                * finalized
            ),
        ]
        return [self._execution(machine, name) for machine, name in found]

    def _execution(self, machine: str, name: str) -> Execution:
        machine_arn = self.cloud.outputs[f"{machine}StateMachineArn"]
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        return execution_of(self.cloud, arn, self.limit_seconds)
