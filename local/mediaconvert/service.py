"""The REST API, as boto3 speaks it: jobs, queues and their tags."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from local.mediaconvert.access import require_pass_role
from local.mediaconvert.errors import ApiError, bad_request
from local.mediaconvert.plan import plan
from local.mediaconvert.store import Store
from local.mediaconvert.wire import read, write
from local.mediaconvert.worker import Worker

ROOT = "/2017-08-29"
Answer = tuple[int, dict[str, str], bytes]
Query = dict[str, list[str]]

_HONOURED = {"ClientRequestToken", "Queue", "Role", "Settings", "Tags", "UserMetadata"}
_PAGE = 20


class Service:
    """Answers requests that the emulator routes here, after it has checked their signature."""

    def __init__(self, store: Store, worker: Worker, endpoint: str) -> None:
        self._store = store
        self._worker = worker
        self._endpoint = endpoint

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: Query
    ) -> Answer:
        """Entry point in the emulator's own shape of a service."""
        try:
            document = json.loads(body) if body else {}
            status, answer = self._route(method, path, headers, document, query)
        except ValueError as error:
            return _failure(bad_request(f"the body is no JSON: {error}"))
        except ApiError as error:
            return _failure(error)
        return status, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _route(
        self, method: str, path: str, headers: dict[str, str], document: Any, query: Query
    ) -> tuple[int, dict[str, Any]]:
        routes: list[tuple[str, str, Callable[..., tuple[int, dict[str, Any]]]]] = [
            ("POST", "/jobs", lambda: self._create_job(document, headers)),
            ("GET", "/jobs", lambda: self._list_jobs(query)),
            ("GET", "/jobs/(.+)", self._get_job),
            ("DELETE", "/jobs/(.+)", self._cancel_job),
            ("POST", "/endpoints", lambda: (200, {"endpoints": [{"url": self._endpoint}]})),
            ("POST", "/queues", lambda: self._create_queue(document)),
            ("GET", "/queues", self._list_queues),
            ("GET", "/queues/(.+)", self._get_queue),
            ("DELETE", "/queues/(.+)", self._delete_queue),
            ("POST", "/tags", lambda: self._tag(document)),
            ("GET", "/tags/(.+)", self._list_tags),
        ]
        for verb, pattern, action in routes:
            found = re.fullmatch(ROOT + pattern, path.rstrip("/"))
            if found and verb == method:
                return action(*map(unquote, found.groups()))
        raise bad_request(f"the stand-in does not know {method} {path}")

    def _create_job(self, document: Any, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        document.setdefault("clientRequestToken", str(uuid.uuid4()))
        request = read("CreateJobRequest", document)
        for name in request.keys() - _HONOURED:
            raise bad_request(f"{name}: is not carried out by the stand-in")
        request["Queue"] = self._store.queue(request.get("Queue", "Default"))["Arn"]
        require_pass_role(headers, request["Role"], self._store.region)
        job, new = self._store.add_job(request, plan(request["Settings"]))
        if new:
            self._worker.submit(job)
        return 201, {"job": write("Job", job.shown)}

    def _get_job(self, identifier: str) -> tuple[int, dict[str, Any]]:
        return 200, {"job": write("Job", self._store.job(identifier).shown)}

    def _list_jobs(self, query: Query) -> tuple[int, dict[str, Any]]:
        wanted = {name: values[0] for name, values in query.items()}
        queue = self._store.queue(wanted["queue"])["Arn"] if "queue" in wanted else ""
        jobs = [
            job.shown
            for job in self._store.jobs.values()
            if wanted.get("status", job.status) == job.status and queue in ("", job.shown["Queue"])
        ]
        if wanted.get("order") == "DESCENDING":
            jobs.reverse()
        start = int(wanted.get("nextToken", 0))
        end = start + int(wanted.get("maxResults", _PAGE))
        answer: dict[str, Any] = {"jobs": [write("Job", job) for job in jobs[start:end]]}
        if end < len(jobs):
            answer["nextToken"] = str(end)
        return 200, answer

    def _cancel_job(self, identifier: str) -> tuple[int, dict[str, Any]]:
        job = self._store.job(identifier)
        if not self._store.move(job, "CANCELED"):
            raise ApiError("ConflictException", f"Job {identifier} has ended as {job.status}")
        self._worker.announce(job)
        return 202, {}

    def _create_queue(self, document: Any) -> tuple[int, dict[str, Any]]:
        request = read("CreateQueueRequest", document)
        for name in request.keys() - {"Name", "Description", "PricingPlan", "Status", "Tags"}:
            raise bad_request(f"{name}: is not carried out by the stand-in")
        if request.get("PricingPlan", "ON_DEMAND") != "ON_DEMAND":
            raise bad_request("PricingPlan: RESERVED is not carried out by the stand-in")
        if request.get("Status", "ACTIVE") != "ACTIVE":
            raise bad_request("Status: PAUSED is not carried out by the stand-in")
        return 201, {"queue": write("Queue", self._store.add_queue(request))}

    def _get_queue(self, name: str) -> tuple[int, dict[str, Any]]:
        return 200, {"queue": write("Queue", self._store.queue(name))}

    def _list_queues(self) -> tuple[int, dict[str, Any]]:
        queues = [self._store.queue(name) for name in self._store.queues]
        return 200, {"queues": [write("Queue", queue) for queue in queues]}

    def _delete_queue(self, name: str) -> tuple[int, dict[str, Any]]:
        self._store.remove_queue(name)
        return 202, {}

    def _tag(self, document: Any) -> tuple[int, dict[str, Any]]:
        request = read("TagResourceRequest", document)
        self._store.tags(request["Arn"]).update(request["Tags"])
        return 200, {}

    def _list_tags(self, arn: str) -> tuple[int, dict[str, Any]]:
        return 200, {"resourceTags": {"arn": arn, "tags": self._store.tags(arn)}}


def _failure(error: ApiError) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.name}
    return error.status, headers, json.dumps({"message": str(error)}).encode()
