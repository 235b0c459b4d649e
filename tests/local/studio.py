"""A bucket, a queue and the program's own roles, for tests that transcode."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from components.naming import Names
from components.policy_documents.roles import mediaconvert_policy, stepfunctions_policy
from components.policy_documents.trust import mediaconvert_trust, states_trust
from local.emulator import Emulator
from tests.local.stage import ACCOUNT, REGION, Stage, until
from toq_media.keys import JobKeys, RawKey
from toq_media.probing import VideoFacts, VideoLimits, probe
from toq_media.transcoding import video_job, video_renditions

LIMITS = VideoLimits(max_seconds=60, max_bytes=10_000_000)
_DEFINITION = Path("components/orchestration/definitions/processing.asl.json")
_LISTING = 512


class Studio:
    """Transcodes clips by hand or through the program's own state machine branch."""

    def __init__(self, emulator: Emulator) -> None:
        self.stage = Stage(emulator)
        self.client = self.stage.client
        unique = uuid.uuid4().hex[:8]
        self.names = Names(
            account_id=ACCOUNT,
            region=REGION,
            environment=f"v{unique}",
            media_bucket=f"media-{unique}",
        )
        self.bucket = self.names.media_bucket
        self.client("s3").create_bucket(Bucket=self.bucket)
        self.client("mediaconvert").create_queue(Name=self.names.mediaconvert_queue)
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.role = self.make_role(
            self.names.role("mediaconvert"),
            mediaconvert_trust(self.names),
            mediaconvert_policy(self.names, self.key),
        )
        self.states_role = self.make_role(
            self.names.role("stepfunctions"),
            states_trust(self.names),
            stepfunctions_policy(self.names, self.key),
        )

    def make_role(self, name: str, trust: dict[str, Any], policy: dict[str, Any]) -> str:
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    def upload(self, body: bytes, name: str) -> RawKey:
        """Put an original; its raw key, taken apart."""
        key = f"{_LISTING}/raw/video/horizontal/{name}"
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return RawKey.parse(key, listing_id=_LISTING)

    def request(self, raw: RawKey, facts: VideoFacts, *, asset: int = 0) -> dict[str, Any]:
        """CreateJob request as the state machine makes it of the program's document."""
        job = JobKeys(listing_id=_LISTING, job_id=uuid.uuid4().int % 10**9, retry=0)
        source = f"{_LISTING}/raw/{raw.directory}/{raw.filename}"
        document = msgspec.to_builtins(
            video_job(
                facts,
                raw=raw,
                source=source,
                bucket=self.bucket,
                job=job,
                asset=asset,
                environment=self.names.environment,
            )
        )
        given = {name[0].upper() + name[1:]: value for name, value in document.items()}
        return {**given, "Role": self.role, "Queue": self.names.mediaconvert_queue_arn}

    def finished(self, identifier: str) -> dict[str, Any]:
        """A job once it has ended."""
        client = self.client("mediaconvert")

        def read() -> dict[str, Any] | None:
            job: dict[str, Any] = client.get_job(Id=identifier)["Job"]
            return job if job["Status"] in {"COMPLETE", "ERROR", "CANCELED"} else None

        return until(read, f"end of job {identifier}")

    def transcode(self, body: bytes, name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Run a clip through a job; the finished job and its outputs by rendition name."""
        raw = self.upload(body, name)
        request = self.request(raw, facts_of(body))
        job = self.finished(self.client("mediaconvert").create_job(**request)["Job"]["Id"])
        assert job["Status"] == "COMPLETE", job.get("ErrorMessage")
        return job, {size: self.read(key) for size, key in video_renditions(raw).items()}

    def read(self, key: str) -> bytes:
        body: bytes = self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        found = self.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def run_branch(self, requests: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
        """Run the program's ProcessVideos branch on requests; the job prefix and its output."""
        prefix, execution = self.start_branch(requests)
        done = self.stage.ended(execution)
        assert done["status"] == "SUCCEEDED", done
        output: list[dict[str, Any]] = json.loads(done["output"])
        return prefix, output

    def start_branch(self, requests: list[dict[str, Any]]) -> tuple[str, str]:
        """Start that branch; the job prefix and the execution's ARN."""
        prefix = f"jobs/{_LISTING}/{uuid.uuid4().int % 10**9}/0"
        for number, request in enumerate(requests):
            document = {name[0].lower() + name[1:]: value for name, value in request.items()}
            self.client("s3").put_object(
                Bucket=self.bucket,
                Key=f"{prefix}/videos/{number}.json",
                Body=json.dumps(document).encode(),
            )
        given = {
            "hasVideos": bool(requests),
            "jobPrefix": prefix,
            "videos": list(range(len(requests))),
        }
        machine = self.stage.machine(self._branch(), self.states_role)
        return prefix, self.stage.start(machine, given)

    def _branch(self) -> dict[str, Any]:
        values: dict[str, str | int] = {
            "media_bucket": self.bucket,
            "mediaconvert_role_arn": self.role,
            "mediaconvert_queue_arn": self.names.mediaconvert_queue_arn,
            "video_timeout_seconds": 60,
            "video_concurrency": 3,
        }
        machine = json.loads(_DEFINITION.read_text())["States"]["ParallelProcessing"]
        text = json.dumps(machine["Branches"][1])
        filled = re.sub(r'"\$\{(\w+)\}"', lambda found: json.dumps(values[found[1]]), text)
        branch: dict[str, Any] = json.loads(filled.replace("${media_bucket}", self.bucket))
        return branch


def facts_of(body: bytes) -> VideoFacts:
    return probe(reader(body), len(body), LIMITS)


def reader(body: bytes) -> Callable[[int, int], bytes]:
    return lambda start, length: body[start : start + length]
