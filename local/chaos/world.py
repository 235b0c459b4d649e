"""A local cloud that is meant to suffer, with the backend's side of it in hand."""

from __future__ import annotations

import io
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from local.chaos.sabotage import Sabotage
from local.cloud import LocalCloud
from local.errors import PipelineStuckError
from local.receiver import Callback, Receiver, receiving
from toq_media.contracts import AssetRef, FinalizationInput, JobMessage, encode
from toq_media.keys import JobKeys

T = TypeVar("T")

WAIT_SCALE = 0.005
"""Retries of a quarter of an hour take five seconds."""

VISIBILITY_SECONDS = 1
"""Five receives of a poison message take five seconds instead of five minutes."""

LIMIT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_FIRST_LISTING, _FIRST_JOB = 7_000, 90_000


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job, not yet sent; `machine` is `processing` or `finalization`."""

    listing_id: int
    job_id: int
    assets: Sequence[AssetRef] = ()
    retry: int = 0
    machine: str = "processing"

    @property
    def name(self) -> str:
        """Name of its only execution."""
        prefix = {"processing": "process", "finalization": "finalization"}[self.machine]
        return f"{prefix}-{self.listing_id}-{self.job_id}-{self.retry}"

    @property
    def files(self) -> JobKeys:
        """Keys of its working files."""
        return JobKeys(listing_id=self.listing_id, job_id=self.job_id, retry=self.retry)

    @property
    def body(self) -> str:
        """Body of its message."""
        message = JobMessage(
            job_id=self.job_id,
            listing_identity_id=self.listing_id,
            assets=list(self.assets),
            retry=self.retry,
        )
        return encode(message).decode()


@dataclass(kw_only=True)
class World:
    """Cloud, backend and everything that goes wrong between them."""

    cloud: LocalCloud
    receiver: Receiver
    sabotage: Sabotage
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _dead: dict[str, str] = field(default_factory=dict)

    def job(self, pictures: int = 2, **more: bytes) -> Job:
        """A new listing with small pictures in S3, and a job for all of it.

        Args:
            pictures: how many good pictures.
            **more: content of further files; `sala_jpg` becomes `sala.jpg`, its type follows.
        """
        number = next(self._numbers)
        listing = _FIRST_LISTING + number
        files = {f"{n:04d}-sala.jpg": picture() for n in range(pictures)}
        files |= {name[::-1].replace("_", ".", 1)[::-1]: body for name, body in more.items()}
        assets = []
        for name, body in files.items():
            kind, folder = _KINDS.get(name.rpartition(".")[2], _KINDS["jpg"])
            key = f"{listing}/raw/{folder}/{name}"
            self.put(key, body)
            assets.append(AssetRef(key=key, type=kind))
        return Job(listing_id=listing, job_id=_FIRST_JOB + number, assets=assets)

    def put(self, key: str, body: bytes, **more: str) -> None:
        """Upload as the backend."""
        self.cloud.backend_client("s3").put_object(
            Bucket=self.cloud.bucket, Key=key, Body=body, **more
        )

    def delete(self, key: str) -> None:
        """Take an object away."""
        self.cloud.admin_client("s3").delete_object(Bucket=self.cloud.bucket, Key=key)

    def send(self, job: Job, *, traceparent: str = "") -> None:
        """Publish a job as the backend does (contract 1.3)."""
        attributes = {"JobId": str(job.job_id), "ListingIdentityId": str(job.listing_id)}
        if traceparent:
            attributes["Traceparent"] = traceparent
        self.send_body(job.body, attributes)

    def send_body(self, body: str, attributes: Mapping[str, str] | None = None) -> None:
        """Publish any message."""
        self.cloud.backend_client("sqs").send_message(
            QueueUrl=self.cloud.outputs["queueUrl"],
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in (attributes or {}).items()
            },
        )

    def finalize(self, job: Job) -> Job:
        """Start the finalization of a listing as the backend does; its own job."""
        ending = Job(
            listing_id=job.listing_id,
            job_id=_FIRST_JOB + next(self._numbers),
            assets=job.assets,
            machine="finalization",
        )
        given = FinalizationInput(
            job_id=ending.job_id, listing_identity_id=job.listing_id, assets=list(job.assets)
        )
        self.cloud.backend_client("stepfunctions").start_execution(
            stateMachineArn=self.machine_arn(ending.machine),
            name=ending.name,
            input=encode(given).decode(),
        )
        return ending

    def machine_arn(self, machine: str) -> str:
        """ARN of a state machine."""
        return str(self.cloud.outputs[f"{machine}StateMachineArn"])

    def execution_arn(self, job: Job) -> str:
        """ARN of a job's execution."""
        return (
            f"{self.machine_arn(job.machine).replace(':stateMachine:', ':execution:')}:{job.name}"
        )

    def executions(self, job: Job) -> list[str]:
        """Names of all executions of a job's listing."""
        pages = self.cloud.admin_client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.machine_arn(job.machine))
        names = [one["name"] for page in found for one in page["executions"]]
        return [name for name in names if f"-{job.listing_id}-" in name]

    def stop(self, job: Job) -> None:
        """Abort a job's execution."""
        self.cloud.admin_client("stepfunctions").stop_execution(
            executionArn=self.execution_arn(job)
        )

    def ended(self, job: Job, seconds: float = LIMIT_SECONDS) -> dict[str, Any]:
        """Description of a job's execution once it is over."""
        states = self.cloud.admin_client("stepfunctions")

        def read() -> dict[str, Any] | None:
            try:
                seen: dict[str, Any] = states.describe_execution(
                    executionArn=self.execution_arn(job)
                )
            except states.exceptions.ExecutionDoesNotExist:
                return None
            return seen if seen["status"] != "RUNNING" else None

        return until(read, f"end of {job.name}", seconds)

    def told(self, job: Job, seconds: float = LIMIT_SECONDS) -> dict[str, Any]:
        """Body of a job's callback once it was believed."""
        callback = self.receiver.wait(job.job_id, seconds)
        if callback is None:
            raise PipelineStuckError(f"no callback of {job.name} within {seconds:.0f} s")
        return callback.body

    def deliveries(self, job: Job) -> list[Callback]:
        """Believed callbacks of a job as a backend counts them: a repeated id is one delivery."""
        mine = [one for one in self.receiver.accepted if one.body.get("jobId") == job.job_id]
        return list({one.headers["X-Toq-Delivery"]: one for one in reversed(mine)}.values())

    def attempts(self, job: Job) -> int:
        """How often the callback function asked the backend to take a job's callback."""
        return self.receiver.attempts.count(job.job_id)

    def holds(self, key: str) -> bool:
        """Whether there is such an object."""
        return key in self.cloud.keys(key)

    def dead_letter(self, match: str, seconds: float = LIMIT_SECONDS) -> str:
        """A dead letter that holds a text, once it is there."""
        return until(lambda: next(iter(self.dead_letters(match)), None), f"letter {match}", seconds)

    def dead_letters(self, match: str) -> list[str]:
        """Dead letters so far that hold a text."""
        sqs = self.cloud.admin_client("sqs")
        url = self.cloud.outputs["deadLetterQueueUrl"]
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            self._dead |= {message["MessageId"]: message["Body"] for message in found}
        return [body for body in self._dead.values() if match in body]

    def state_sizes(self, job: Job) -> dict[str, dict[str, int]]:
        """Largest input and output of each state of a job, in bytes."""
        return self.cloud.emulator.state_sizes()[self.execution_arn(job)]

    def logged(self, function: str, *texts: str, seconds: float = LIMIT_SECONDS) -> str:
        """Line of a function's log that holds all of the texts, once it is there."""
        logs = self.cloud.admin_client("logs")
        group = f"/aws/lambda/listing-media-{function}-local"

        def read() -> str | None:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            lines = (event["message"] for page in pages for event in page["events"])
            return next((line for line in lines if all(text in line for text in texts)), None)

        return until(read, f"line of {function} with {texts}", seconds)


_KINDS = {
    "jpg": ("PHOTO_VERTICAL", "photo/vertical"),
    "mp4": ("VIDEO_HORIZONTAL", "video/horizontal"),
    "pdf": ("PROJECT_DOC", "project/doc"),
}


@cache
def picture() -> bytes:
    """A small JPEG."""
    content = io.BytesIO()
    Image.linear_gradient("L").resize((96, 72)).convert("RGB").save(content, "JPEG")
    return content.getvalue()


def until(read: Callable[[], T | None], what: str, seconds: float = LIMIT_SECONDS) -> T:
    """Poll until there is something.

    Raises:
        PipelineStuckError: there was nothing in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = read()
        if found is not None:
            return found
        time.sleep(_POLL_SECONDS)
    raise PipelineStuckError(f"no {what} within {seconds:.0f} s")


@contextmanager
def suffering(scratch_parent: Path | None = None) -> Iterator[World]:
    """Deploy the local stack with every function behind the wrapper, and the backend's receiver."""
    with (
        tempfile.TemporaryDirectory(prefix="toq-chaos-", dir=scratch_parent) as folder,
        receiving() as receiver,
        LocalCloud(
            config={"toq-media:callbackUrl": receiver.url},
            scratch_parent=scratch_parent,
            wait_scale=WAIT_SCALE,
        ) as cloud,
    ):
        receiver.secrets = [cloud.callback_secret]
        cloud.admin_client("sqs").set_queue_attributes(
            QueueUrl=cloud.outputs["queueUrl"],
            Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)},
        )
        yield World(cloud=cloud, receiver=receiver, sabotage=Sabotage(cloud, Path(folder)))
