"""A deployed environment of its own, used through the operator's command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from components.naming import Names
from local.cloud import LocalCloud
from local.receiver import Receiver
from ops.__main__ import main
from ops.cloud import Cloud
from tests.local.stage import until
from toq_media.contracts import AssetRef, JobMessage, encode


@dataclass
class Operator:
    """Runs commands against a local cloud and reads their JSON."""

    local: LocalCloud
    receiver: Receiver
    capsys: pytest.CaptureFixture[str]

    @property
    def cloud(self) -> Cloud:
        names = Names(
            account_id=self.local.emulator.settings.account_id,
            region=self.local.emulator.settings.region,
            environment="local",
            media_bucket=self.local.bucket,
        )
        return Cloud(names=names, client=self.local.admin_client)

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Exit code and answer of `python -m ops ... --json`."""
        self.capsys.readouterr()
        code = main([*words, "--stack", "local", "--json"], connected=lambda _: self.cloud)
        said = self.capsys.readouterr()
        assert not said.err, said.err
        answer: dict[str, Any] = json.loads(said.out)
        return code, answer

    def refused(self, *words: str) -> tuple[int, str]:
        """Exit code and error line of a command that cannot do its work."""
        self.capsys.readouterr()
        code = main([*words, "--stack", "local"], connected=lambda _: self.cloud)
        said = self.capsys.readouterr()
        assert not said.out
        return code, said.err

    def upload(self, key: str, body: bytes) -> None:
        self.local.backend_client("s3").put_object(Bucket=self.local.bucket, Key=key, Body=body)

    def publish(self, listing: int, job: int, *keys: str) -> None:
        """A job as the backend sends it."""
        message = JobMessage(
            job_id=job,
            listing_identity_id=listing,
            assets=[AssetRef(key=key, type="PHOTO_HORIZONTAL") for key in keys],
        )
        self.send(encode(message).decode())

    def send(self, body: str, queue: str = "queueUrl") -> None:
        self.local.admin_client("sqs").send_message(
            QueueUrl=self.local.outputs[queue], MessageBody=body
        )

    def ended(self, listing: int, job: int, retry: int) -> str:
        """Status of a processing execution once it has ended."""
        machine = self.local.outputs["processingStateMachineArn"]
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:process-{listing}-{job}-{retry}"
        states = self.local.admin_client("stepfunctions")

        def read() -> str | None:
            try:
                status = str(states.describe_execution(executionArn=arn)["status"])
            except states.exceptions.ExecutionDoesNotExist:
                return None
            return None if status == "RUNNING" else status

        return until(read, f"end of process-{listing}-{job}-{retry}")

    def letters(self, count: int) -> list[dict[str, Any]]:
        """Dead letters once there are so many."""

        def read() -> list[dict[str, Any]] | None:
            letters: list[dict[str, Any]] = self.run("dlq", "list")[1]["letters"]
            return letters if len(letters) >= count else None

        return until(read, f"{count} dead letters")
