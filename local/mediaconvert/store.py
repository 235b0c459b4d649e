"""Jobs and queues in memory, in the API's names."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from local.mediaconvert.errors import ApiError
from local.mediaconvert.plan import JobPlan

TOKEN_SECONDS = 60
"""How long a ClientRequestToken is remembered (API reference, "Idempotency")."""

ENDED = {"COMPLETE", "CANCELED", "ERROR"}


@dataclass
class Job:
    """A job: what the API shows of it, and the plan that it carries out."""

    plan: JobPlan
    shown: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """State of the job."""
        return str(self.shown["Status"])

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED


class Store:
    """Everything that the service remembers; every method may be called from any thread."""

    def __init__(self, account_id: str, region: str) -> None:
        self.region = region
        self.arn_prefix = f"arn:aws:mediaconvert:{region}:{account_id}"
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything but the default queue."""
        self.jobs: dict[str, Job] = {}
        self.queues: dict[str, dict[str, Any]] = {}
        self.queue_tags: dict[str, dict[str, str]] = {}
        self.add_queue({"Name": "Default"}, kind="SYSTEM")

    def add_queue(self, request: dict[str, Any], *, kind: str = "CUSTOM") -> dict[str, Any]:
        """Make a queue; ConflictException where the name is taken."""
        name = request["Name"]
        with self._lock:
            if name in self.queues:
                raise ApiError("ConflictException", f"Queue {name} already exists")
            arn = f"{self.arn_prefix}:queues/{name}"
            now = int(time.time())
            self.queues[name] = {
                "Arn": arn,
                "Name": name,
                "Description": request.get("Description", ""),
                "PricingPlan": "ON_DEMAND",
                "Status": "ACTIVE",
                "Type": kind,
                "CreatedAt": now,
                "LastUpdated": now,
            }
            self.queue_tags[arn] = dict(request.get("Tags", {}))
            return self.queues[name]

    def queue(self, reference: str) -> dict[str, Any]:
        """A queue by name or ARN; NotFoundException where there is none."""
        name = reference.rpartition("/")[2]
        queue = self.queues.get(name)
        if queue is None or (":" in reference and queue["Arn"] != reference):
            raise ApiError("NotFoundException", f"The specified queue {reference} does not exist")
        counts = [job.status for job in self.jobs.values() if job.shown["Queue"] == queue["Arn"]]
        return {
            **queue,
            "SubmittedJobsCount": counts.count("SUBMITTED"),
            "ProgressingJobsCount": counts.count("PROGRESSING"),
        }

    def remove_queue(self, name: str) -> None:
        """Delete a queue of one's own."""
        if self.queue(name)["Type"] == "SYSTEM":
            raise ApiError("BadRequestException", "The default queue cannot be deleted")
        with self._lock:
            self.queue_tags.pop(self.queues.pop(name)["Arn"])

    def add_job(self, request: dict[str, Any], plan: JobPlan) -> tuple[Job, bool]:
        """A new job, or the one that this token made within the last minute."""
        now = int(time.time())
        with self._lock:
            token = request["ClientRequestToken"]
            for job in self.jobs.values():
                same = job.shown["ClientRequestToken"] == token
                if same and now - job.shown["CreatedAt"] < TOKEN_SECONDS:
                    return job, False
            identifier = f"{int(time.time() * 1000)}-{secrets.token_hex(3)}"
            job = Job(
                plan=plan,
                tags=dict(request.get("Tags", {})),
                shown={
                    "Arn": f"{self.arn_prefix}:jobs/{identifier}",
                    "Id": identifier,
                    "CreatedAt": now,
                    "ClientRequestToken": token,
                    "Queue": request["Queue"],
                    "Role": request["Role"],
                    "Settings": request["Settings"],
                    "Status": "SUBMITTED",
                    "UserMetadata": dict(request.get("UserMetadata", {})),
                    "Timing": {"SubmitTime": now},
                },
            )
            self.jobs[identifier] = job
            return job, True

    def job(self, identifier: str) -> Job:
        """A job by its id; NotFoundException where there is none."""
        if identifier not in self.jobs:
            raise ApiError("NotFoundException", f"No job with id {identifier}")
        return self.jobs[identifier]

    def move(self, job: Job, status: str, **shown: Any) -> bool:
        """Change a job's state unless it has ended; says whether it did."""
        with self._lock:
            if job.ended:
                return False
            timing = dict(job.shown["Timing"])
            timing["FinishTime" if status in ENDED else "StartTime"] = int(time.time())
            job.shown.update(shown, Status=status, Timing=timing)
            return True

    def tags(self, arn: str) -> dict[str, str]:
        """Tags of a job or queue, to read or change; NotFoundException for another ARN."""
        if arn in self.queue_tags:
            return self.queue_tags[arn]
        for job in self.jobs.values():
            if job.shown["Arn"] == arn:
                return job.tags
        raise ApiError("NotFoundException", f"No resource with ARN {arn}")
