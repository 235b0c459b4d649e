"""A deployed environment of its own, used through the operator's command line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.naming import Names
from local.cloud import LocalCloud
from local.receiver import Receiver
from ops.__main__ import main
from ops.cloud import Cloud
from tests.local.stage import until
from toq_media.contracts import AssetRef, JobMessage, encode

_TYPES = {"jpg": "PHOTO_HORIZONTAL", "mp4": "VIDEO_HORIZONTAL"}


def operator_role(local: LocalCloud) -> str:
    """A role with exactly the policy that the runbook gives an operator, for this environment."""
    names = names_of(local)
    (policy,) = re.findall(
        r"^```json\n(.*?)^```$", Path("docs/runbook.md").read_text(), re.MULTILINE | re.DOTALL
    )
    for there, here in (
        ("058264253741", names.account_id),
        ("s3:::toq-listing-medias", f"s3:::{names.media_bucket}"),
        ("staging", names.environment),
    ):
        assert there in policy
        policy = policy.replace(there, here)
    # The emulator knows no resource of ListJobs; AWS authorizes it on the queue.
    policy = policy.replace(f'"{names.mediaconvert_queue_arn}"', '"*"')
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": names.account_root_arn},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam = local.admin_client("iam")
    made = iam.create_role(RoleName="operator", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="operator", PolicyName="runbook", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def names_of(local: LocalCloud) -> Names:
    return Names(
        account_id=local.emulator.settings.account_id,
        region=local.emulator.settings.region,
        environment="local",
        media_bucket=local.bucket,
    )


@dataclass
class Operator:
    """Runs commands against a local cloud and reads their JSON."""

    local: LocalCloud
    receiver: Receiver
    role: str
    capsys: pytest.CaptureFixture[str]

    @property
    def cloud(self) -> Cloud:
        return Cloud(
            names=names_of(self.local),
            client=lambda service: self.local.role_client(service, self.role),
        )

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
            assets=[AssetRef(key=key, type=_TYPES[key.rsplit(".", 1)[1]]) for key in keys],
        )
        self.send(encode(message).decode())

    def send(self, body: str, queue: str = "queueUrl") -> str:
        """Id of the message that was sent."""
        sent = self.local.admin_client("sqs").send_message(
            QueueUrl=self.local.outputs[queue], MessageBody=body
        )
        return str(sent["MessageId"])

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
