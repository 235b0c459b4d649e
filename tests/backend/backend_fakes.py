"""AWS as the backend's ports see it, in memory, with crashes on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.ports import (
    Aws,
    AwsError,
    Execution,
    JobKind,
    PresignedPut,
    StoredObject,
    UploadSpec,
)
from toq_media.errors import JobConflictError


class Crash(BaseException):
    """The process dies here: nothing in the service catches it."""


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass
class Trouble:
    """What goes wrong at a step: by name, before or after its effect."""

    before: dict[str, BaseException] = field(default_factory=dict)
    after: dict[str, BaseException] = field(default_factory=dict)

    def begin(self, step: str) -> None:
        if step in self.before:
            raise self.before.pop(step)

    def end(self, step: str) -> None:
        if step in self.after:
            raise self.after.pop(step)


@dataclass
class FakeStorage:
    trouble: Trouble
    objects: dict[str, StoredObject] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    on_head: Callable[[], object] = lambda: None

    def presign_put(self, upload: UploadSpec, *, seconds: int) -> PresignedPut:
        url = f"https://s3.test/{upload.key}?put={upload.size}&seconds={seconds}"
        return PresignedPut(url=url, headers={"Content-Type": upload.content_type})

    def presign_get(self, key: str, *, filename: str, seconds: int) -> str:
        return f"https://s3.test/{key}?seconds={seconds}&name={filename}"

    def head(self, key: str) -> StoredObject | None:
        self.trouble.begin("head")
        self.on_head()
        return self.objects.get(key)

    def read(self, key: str) -> bytes | None:
        return self.documents.get(key)

    def write(self, key: str, body: bytes) -> None:
        self.trouble.begin("write")
        self.documents[key] = body
        self.trouble.end("write")

    def delete_all_versions(self, keys: Sequence[str]) -> None:
        self.trouble.begin("delete")
        self.deleted += keys
        for key in keys:
            self.objects.pop(key, None)
        self.trouble.end("delete")


@dataclass
class FakeQueue:
    trouble: Trouble
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    on_send: Callable[[], object] = lambda: None

    def send(self, body: str, attributes: Mapping[str, str]) -> None:
        self.trouble.begin("send")
        self.sent.append((body, dict(attributes)))
        self.on_send()
        self.trouble.end("send")


@dataclass
class FakeExecutions:
    trouble: Trouble
    started: dict[str, bytes] = field(default_factory=dict)
    states: dict[str, Execution] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def arn(self, kind: JobKind, name: str) -> str:
        self.trouble.begin("arn")
        return f"arn:aws:states:us-east-1:000000000000:execution:{kind}:{name}"

    def start(self, kind: JobKind, name: str, payload: bytes) -> None:
        self.trouble.begin("start")
        arn = self.arn(kind, name)
        if self.started.setdefault(arn, payload) != payload:
            raise JobConflictError(f"execution {name} was started with other input")
        self.trouble.end("start")

    def describe(self, arn: str) -> Execution | None:
        self.asked.append(arn)
        self.trouble.begin("describe")
        return self.states.get(arn)

    def stop(self, arn: str, cause: str) -> None:
        self.stopped.append(arn)


class FakeAws:
    """All ports, sharing one `trouble`."""

    def __init__(self) -> None:
        self.trouble = Trouble()
        self.storage = FakeStorage(self.trouble)
        self.queue = FakeQueue(self.trouble)
        self.executions = FakeExecutions(self.trouble)

    @property
    def ports(self) -> Aws:
        return Aws(storage=self.storage, queue=self.queue, executions=self.executions)


def aws_down() -> AwsError:
    return AwsError("SendMessage: throttled")
