"""Carries jobs out, two at a time: reads S3, encodes, writes S3, tells EventBridge."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import request_scope
from ministack.services import eventbridge

from local.emulator.settings import EmulatorSettings
from local.mediaconvert.access import s3_client
from local.mediaconvert.encoder import Made, duration_ms, encode
from local.mediaconvert.errors import JobCanceled, JobError
from local.mediaconvert.plan import Output
from local.mediaconvert.store import Job, Store

USES = ("ministack.services.eventbridge:_put_events",)
CONCURRENT_JOBS = 2
_CONTENT_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}


class Worker:
    """Runs every job in a thread of its own; at most `CONCURRENT_JOBS` of them encode."""

    def __init__(self, store: Store, settings: EmulatorSettings) -> None:
        self._store = store
        self._settings = settings
        self._slots = threading.BoundedSemaphore(CONCURRENT_JOBS)

    def submit(self, job: Job) -> None:
        """Begin a job; returns at once."""
        threading.Thread(target=self._run, args=(job,), daemon=True).start()

    def _run(self, job: Job) -> None:
        with self._slots:
            if not self._store.move(job, "PROGRESSING", CurrentPhase="PROBING"):
                return
            self.announce(job)
            try:
                details = self._carry_out(job)
            except JobCanceled:
                return
            except JobError as error:
                self._fail(job, error.code, str(error))
            except Exception as error:  # noqa: BLE001 - a job must end, or its caller waits for ever
                self._fail(job, 1999, f"The stand-in failed: {error!r}")
            else:
                self._complete(job, details)

    def _complete(self, job: Job, groups: list[list[dict[str, Any]]]) -> None:
        shown = [{"OutputDetails": [_shown(output) for output in group]} for group in groups]
        if self._store.move(job, "COMPLETE", OutputGroupDetails=shown, JobPercentComplete=100):
            told = [{"outputDetails": group, "type": "FILE_GROUP"} for group in groups]
            self.announce(job, outputGroupDetails=told)

    def _fail(self, job: Job, code: int, message: str) -> None:
        if self._store.move(job, "ERROR", ErrorCode=code, ErrorMessage=message):
            self.announce(job, errorCode=code, errorMessage=message)

    def _carry_out(self, job: Job) -> list[list[dict[str, Any]]]:
        """Do the work; details of the outputs, group by group, as the final event has them."""
        plan = job.plan
        client = s3_client(job.shown["Role"], plan.source, self._settings)
        with tempfile.TemporaryDirectory(dir=self._settings.scratch) as scratch:
            source = Path(scratch, "input" + Path(plan.source).suffix.lower())
            folder = Path(scratch, "outputs")
            folder.mkdir()
            _download(client, plan.source, source)
            length = _probed(plan.source, source)
            self._store.move(job, "PROGRESSING", CurrentPhase="TRANSCODING")
            made = encode(plan, source, folder, lambda: job.ended)
            self._store.move(job, "PROGRESSING", CurrentPhase="UPLOADING")
            for item in made:
                if job.ended:
                    raise JobCanceled
                _upload(client, item)
        return [[_details(output, made, length) for output in group] for group in plan.groups]

    def announce(self, job: Job, **detail: Any) -> None:
        """Tell EventBridge of a job's new state, as MediaConvert does."""
        shown, settings = job.shown, self._settings
        event = {
            "timestamp": int(time.time() * 1000),
            "accountId": settings.account_id,
            "queue": shown["Queue"],
            "jobId": shown["Id"],
            "status": shown["Status"],
            "userMetadata": shown["UserMetadata"],
            **detail,
        }
        entry = {
            "Source": "aws.mediaconvert",
            "DetailType": "MediaConvert Job State Change",
            "Detail": json.dumps(event),
            "Resources": [shown["Arn"]],
        }
        with request_scope(settings.account_id, settings.region):
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _download(client: Any, source: str, target: Path) -> None:
    bucket, _, key = source.removeprefix("s3://").partition("/")
    try:
        client.head_object(Bucket=bucket, Key=key)
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
        with target.open("wb") as file:
            for chunk in body.iter_chunks(1024 * 1024):
                file.write(chunk)
    except (ClientError, BotoCoreError) as error:
        operation = getattr(error, "operation_name", "HeadObject")
        reason = f"[Failed probe/open: [Failed to read data: {operation} failed]]"
        raise JobError(1404, f"Unable to open input file [{source}]: {reason}") from error


def _probed(url: str, source: Path) -> int:
    try:
        return duration_ms(source)
    except ValueError as error:
        reason = f"[Failed probe/open: [{error}]]"
        raise JobError(1010, f"Unable to open input file [{url}]: {reason}") from error


def _upload(client: Any, made: Made) -> None:
    kind = _CONTENT_TYPES.get(made.path.suffix, "binary/octet-stream")
    bucket = made.output.bucket
    try:
        with made.path.open("rb") as body:
            client.put_object(Bucket=bucket, Key=made.key, Body=body, ContentType=kind)
    except (ClientError, BotoCoreError) as error:
        reason = "Access Denied" if "AccessDenied" in str(error) else str(error)
        where = f"[s3://{bucket}/{made.key}]: [Failed to write data: {reason}]"
        raise JobError(1401, f"Unable to write to output file {where}") from error


def _details(output: Output, made: list[Made], length: int) -> dict[str, Any]:
    """An output as the event shows it: the last of its files, its length and size."""
    files = [item for item in made if item.output is output]
    width, height = output.size
    return {
        "outputFilePaths": [f"s3://{output.bucket}/{files[-1].key}"],
        "durationInMs": length,
        "videoDetails": {"widthInPx": width, "heightInPx": height},
    }


def _shown(details: dict[str, Any]) -> dict[str, Any]:
    """The same as GetJob shows it."""
    size = details["videoDetails"]
    return {
        "DurationInMs": details["durationInMs"],
        "VideoDetails": {"WidthInPx": size["widthInPx"], "HeightInPx": size["heightInPx"]},
    }
