"""One life of the pipeline under its own roles: what succeeds, what fails, what is stopped."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from PIL import Image
from pydantic import SecretStr

from backend.aws import aws_of
from backend.ports import Aws, JobKind, UploadSpec
from backend.settings import Settings
from local.cloud import LocalCloud
from local.listing_run import ListingRun
from local.media import MediaFile, name_files
from local.receiver import Receiver
from tests.local.stage import until
from tests.runtime.clips import clip
from toq_media.aws.multipart import S3BundleStore
from toq_media.contracts import AssetRef, FinalizationInput, JobMessage, encode
from toq_media.keys import zip_key

LISTING = 512
DONE, BUNDLED, REFUSED, STOPPED, UNBUNDLED, HALTED = 77, 78, 79, 80, 81, 82
"""Jobs: one that ends well, its bundle, one whose callback is refused, one that is stopped, a
bundle of nothing, and one that is stopped."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One action that a role's policy allows on one resource pattern."""

    role: str
    sid: str
    action: str
    resource: str

    def covers(self, entry: dict[str, Any]) -> bool:
        """Whether this grant is what a recorded check needed."""
        return (
            entry["principal"].split("/")[1] == self.role
            and entry["action"] == self.action
            and fnmatch.fnmatchcase(entry["resource"], self.resource)
        )


def grants(cloud: LocalCloud) -> Iterator[Grant]:
    """Everything that the deployed roles may do."""
    for resource in cloud.resources:
        if resource.type != "aws:iam/rolePolicy:RolePolicy":
            continue
        for statement in json.loads(resource.inputs["policy"])["Statement"]:
            resources = statement["Resource"]
            for pattern in [resources] if isinstance(resources, str) else resources:
                for action in statement["Action"]:
                    yield Grant(
                        role=resource.inputs["role"],
                        sid=statement["Sid"],
                        action=action,
                        resource=pattern,
                    )


class Scenario:
    """Drives the pipeline as the backend does, through the backend's own adapters."""

    def __init__(self, cloud: LocalCloud, receiver: Receiver) -> None:
        self.cloud = cloud
        self.receiver = receiver
        self.aws = backend_of(cloud)
        self.files: list[MediaFile] = []
        self.trace = ""

    def play(self, folder: Path) -> None:
        """All of it; every wait has a deadline."""
        self.finish(folder)
        self.repeat()
        self.refuse()
        self.stop()
        self.fail_to_bundle()
        self.house_keeping()

    def finish(self, folder: Path) -> None:
        """Photo, broken photo, document and video; then the bundle."""
        Image.linear_gradient("L").convert("RGB").resize((640, 480)).save(folder / "a.jpg")
        (folder / "broken.jpg").write_bytes((folder / "a.jpg").read_bytes()[:3000])
        (folder / "plan.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
        (folder / "tour.mp4").write_bytes(clip())
        self.files = name_files(sorted(folder.iterdir()), LISTING).files
        run = ListingRun(
            cloud=self.cloud,
            receiver=self.receiver,
            listing_id=LISTING,
            process_job=DONE,
            finalize_job=BUNDLED,
            progress=lambda *_: None,
        )
        result = run.run(self.files)
        self.trace = result.traceparent
        assert result.processing.body["status"] == "PARTIAL_SUCCESS"
        assert result.finalization
        assert result.finalization.body["status"] == "SUCCEEDED"

    def repeat(self) -> None:
        """The same message once more: found to be the same, and dropped."""
        self._send(DONE, [AssetRef(key=file.key, type=file.asset_type) for file in self.files])
        until(lambda: self.used("dispatch", "states:DescribeExecution"), "comparison")

    def refuse(self) -> None:
        """MediaConvert refuses the video, Lambda the pictures, and the backend the callback."""
        convert = {"action": "mediaconvert:CreateJob", "status": 400, "code": "BadRequestException"}
        invoke = {"action": "lambda:InvokeFunction", "match": "listing-media-thumbnails",
                  "status": 400, "code": "InvalidRequestContentException"}  # fmt: skip
        self.receiver.secrets = [b"another secret than the one that signs"]
        photo = next(file for file in self.files if file.path.name == "a.jpg")
        try:
            with self.faults(convert, invoke):
                video = self._upload_video(REFUSED, "refused.mp4")
                self._send(REFUSED, [video, AssetRef(key=photo.key, type=photo.asset_type)])
                self._await_end("processing", REFUSED, "FAILED")
        finally:
            self.receiver.secrets = [self.cloud.callback_secret]

    def stop(self) -> None:
        """The backend stops a job while its video is transcoded; it is told all the same."""
        slow = {"action": "s3:PutObject", "match": "/processed/video/", "status": 0, "delay": 0.5}
        with self.faults(slow):
            asked = len(self.used("stepfunctions", "mediaconvert:GetJob"))
            self._send(STOPPED, [self._upload_video(STOPPED, "slow.mp4")])
            until(lambda: len(self.used("stepfunctions", "mediaconvert:GetJob")) > asked, "job")
            self.aws.executions.stop(self._arn("processing", STOPPED), "no longer wanted")
            assert self.receiver.wait(STOPPED, 20)
        self._await_end("processing", STOPPED, "ABORTED")

    def fail_to_bundle(self) -> None:
        """One bundle has nothing to hold; another is stopped while it is made."""
        missing = AssetRef(key=self._missing, type="PHOTO_VERTICAL")
        self._finalize(UNBUNDLED, [missing])
        callback = self.receiver.wait(UNBUNDLED, 20)
        assert callback
        assert callback.body["status"] == "FINALIZATION_FAILED"
        with self.faults({"action": "lambda:InvokeFunction", "match": "listing-media-zip",
                          "status": 0, "delay": 1.0}):  # fmt: skip
            self._finalize(HALTED, [missing])
            self.aws.executions.stop(self._arn("finalization", HALTED), "no longer wanted")
        self._await_end("finalization", HALTED, "ABORTED")
        upload = S3BundleStore(
            self.cloud.bucket, self.cloud.role_client("s3", self.cloud.outputs["lambdaRoleArn"])
        )
        with (
            pytest.raises(KeyError),
            upload.multipart(zip_key(LISTING), content_type="application/zip", metadata={}),
        ):
            raise KeyError("the upload ends early")

    def house_keeping(self) -> None:
        """What the backend does besides jobs."""
        storage = self.aws.storage
        assert storage.head(self._missing) is None
        storage.write(f"jobs/{LISTING}/99/0/request.json", b"{}")
        assert storage.read(f"jobs/{LISTING}/99/0/request.json") == b"{}"
        made = self.cloud.keys(f"{LISTING}/processed/video/")[0]
        assert storage.read(made)
        unwanted = [file.key for file in self.files[1:3]]
        storage.delete_all_versions([*unwanted, made])
        assert storage.read(made) is None

    def used(self, kind: str, action: str) -> list[dict[str, Any]]:
        """Recorded checks of a role for an action."""
        role = f"toq-media-processing-{kind}-local"
        return [
            entry
            for entry in self.cloud.emulator.usage()
            if entry["principal"].split("/")[1] == role and entry["action"] == action
        ]

    @contextmanager
    def faults(self, *faults: dict[str, Any]) -> Iterator[None]:
        """These faults for as long as the context lasts."""
        self.cloud.emulator.set_faults(list(faults))
        try:
            yield
        finally:
            self.cloud.emulator.set_faults([])

    @property
    def _missing(self) -> str:
        return f"{LISTING}/raw/photo/vertical/vertical-09-missing.jpg"

    def _upload_video(self, job: int, name: str) -> AssetRef:
        """Upload a clip with everything signed that the backend signs."""
        body = clip()
        key = f"{LISTING}/raw/video/horizontal/horizontal-{job}-{name}"
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        put = self.aws.storage.presign_put(
            UploadSpec(key=key, content_type="video/mp4", size=len(body), checksum=checksum),
            seconds=60,
        )
        http = urllib3.PoolManager(ca_certs=str(self.cloud.ca_bundle), retries=False)
        assert http.request("PUT", put.url, body=body, headers=put.headers).status == 200
        return AssetRef(key=key, type="VIDEO_HORIZONTAL")

    def _finalize(self, job: int, assets: list[AssetRef]) -> None:
        payload = FinalizationInput(
            job_id=job,
            listing_identity_id=LISTING,
            assets=assets,
            traceparent=self.trace,
        )
        name = f"finalization-{LISTING}-{job}-0"
        self.aws.executions.start("finalization", name, encode(payload))

    def _send(self, job: int, assets: list[AssetRef]) -> None:
        message = JobMessage(job_id=job, listing_identity_id=LISTING, assets=[*assets])
        self.aws.queue.send(encode(message).decode(), {"Traceparent": self.trace})

    def _arn(self, kind: JobKind, job: int) -> str:
        prefix = {"processing": "process", "finalization": "finalization"}[kind]
        return self.aws.executions.arn(kind, f"{prefix}-{LISTING}-{job}-0")

    def _await_end(self, kind: JobKind, job: int, status: str) -> None:
        def ended() -> bool:
            found = self.aws.executions.describe(self._arn(kind, job))
            return found is not None and found.status == status

        until(ended, f"job {job} that is {status}")


def backend_of(cloud: LocalCloud) -> Aws:
    """The backend's own adapters, under the backend's role."""
    return aws_of(
        _settings(cloud),
        s3=cloud.backend_client("s3"),
        sqs=cloud.backend_client("sqs"),
        states=cloud.backend_client("stepfunctions"),
    )


def _settings(cloud: LocalCloud) -> Settings:
    return Settings(
        media_bucket=cloud.bucket,
        queue_url=cloud.outputs["queueUrl"],
        processing_state_machine_arn=cloud.outputs["processingStateMachineArn"],
        finalization_state_machine_arn=cloud.outputs["finalizationStateMachineArn"],
        callback_secret=SecretStr(cloud.callback_secret.decode()),
        dev_token=SecretStr("for-development-only"),
    )
