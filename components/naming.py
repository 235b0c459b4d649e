"""Every physical name, ARN and tag of an environment; nothing else in the program builds one.

All of them follow from account, region and environment, so they are known before the resources
exist: roles, functions and state machines refer to each other without a cycle. The two ARNs that
AWS completes with random characters (key id, secret suffix) are outputs of their resources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PROJECT: Final = "toq-media"
METRICS_NAMESPACE: Final = "TOQ/Media"
"""Namespace of the pipeline's own metrics in CloudWatch, of all environments."""

MAX_BUCKET_NAME: Final = 63
MAX_FUNCTION_NAME: Final = 64
MAX_ROLE_NAME: Final = 64
MAX_QUEUE_NAME: Final = 80
MAX_STATE_MACHINE_NAME: Final = 80
MAX_ENVIRONMENT_NAME: Final = 16


def standard_tags(*, environment: str, owner: str, cost_centre: str) -> dict[str, str]:
    """Tags of every taggable resource; the policy pack requires exactly these keys."""
    return {
        "Project": PROJECT,
        "Environment": environment,
        "Owner": owner,
        "CostCentre": cost_centre,
        "ManagedBy": "pulumi",
    }


def default_media_bucket(environment: str) -> str:
    """Name of the media bucket where the configuration gives none (S3 names are global)."""
    return f"toq-listing-medias-{environment}"


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of one environment.

    Raises:
        ValueError: a name would be longer than AWS takes; says which.
    """

    account_id: str
    region: str
    environment: str
    media_bucket: str

    def __post_init__(self) -> None:
        limits = {
            self.environment: MAX_ENVIRONMENT_NAME,
            self.media_bucket: MAX_BUCKET_NAME,
            self.logs_bucket: MAX_BUCKET_NAME,
            self.dead_letter_queue: MAX_QUEUE_NAME,
            self.role("stepfunctions"): MAX_ROLE_NAME,
            self.function("callback-dispatch"): MAX_FUNCTION_NAME,
            self.finalization_machine: MAX_STATE_MACHINE_NAME,
        }
        for name, limit in limits.items():
            if len(name) > limit:
                raise ValueError(f"name {name!r} has {len(name)} characters; the limit is {limit}")

    @property
    def key_alias(self) -> str:
        """Alias of the KMS key."""
        return f"alias/toq-media-processing-{self.environment}"

    @property
    def media_bucket_arn(self) -> str:
        """ARN of the bucket with the listings' media."""
        return f"arn:aws:s3:::{self.media_bucket}"

    @property
    def logs_bucket(self) -> str:
        """Bucket for the media bucket's access logs."""
        return f"toq-logs-{self.environment}"

    @property
    def logs_bucket_arn(self) -> str:
        """ARN of the logs bucket."""
        return f"arn:aws:s3:::{self.logs_bucket}"

    @property
    def queue(self) -> str:
        """Queue of processing jobs."""
        return f"listing-media-processing-{self.environment}"

    @property
    def queue_arn(self) -> str:
        """ARN of the queue of processing jobs."""
        return self._arn("sqs", self.queue)

    @property
    def dead_letter_queue(self) -> str:
        """Queue of what could not be processed or delivered."""
        return f"listing-media-processing-dlq-{self.environment}"

    @property
    def dead_letter_queue_arn(self) -> str:
        """ARN of the dead-letter queue."""
        return self._arn("sqs", self.dead_letter_queue)

    def queue_url(self, queue: str) -> str:
        """URL of a queue, by its name."""
        return f"https://sqs.{self.region}.amazonaws.com/{self.account_id}/{queue}"

    @property
    def callback_secret(self) -> str:
        """Secrets Manager secret that signs callbacks."""
        return f"toq-media-callback-{self.environment}"

    def role(self, kind: str) -> str:
        """Name of a role, by whom it serves: `backend`, `lambda`, `dispatch` ..."""
        return f"toq-media-processing-{kind}-{self.environment}"

    def role_arn(self, kind: str) -> str:
        """ARN of a role."""
        return f"arn:aws:iam::{self.account_id}:role/{self.role(kind)}"

    def function(self, kind: str) -> str:
        """Name of a function, by its job: `validate`, `zip` ..."""
        return f"listing-media-{kind}-{self.environment}"

    def function_arn(self, kind: str) -> str:
        """ARN of a function, unqualified."""
        return self._arn("lambda", f"function:{self.function(kind)}")

    def function_log_group(self, kind: str) -> str:
        """Log group of a function; the name that Lambda itself would choose."""
        return f"/aws/lambda/{self.function(kind)}"

    def layer(self, kind: str) -> str:
        """Name of a layer of third-party packages."""
        return f"toq-media-{kind}-{self.environment}"

    @property
    def processing_machine(self) -> str:
        """State machine that processes a job."""
        return f"listing-media-processing-sm-{self.environment}"

    @property
    def finalization_machine(self) -> str:
        """State machine that bundles a listing."""
        return f"listing-media-finalization-sm-{self.environment}"

    def machine_arn(self, machine: str) -> str:
        """ARN of a state machine, by its name."""
        return self._arn("states", f"stateMachine:{machine}")

    def execution_arns(self, machine: str) -> str:
        """Pattern of the ARNs of a state machine's executions."""
        return self._arn("states", f"execution:{machine}:*")

    def machine_log_group(self, machine: str) -> str:
        """Log group of a state machine; the prefix spares the log resource policy's size limit."""
        return f"/aws/vendedlogs/states/{machine}"

    @property
    def execution_ended_rule(self) -> str:
        """EventBridge rule for executions that ended without success."""
        return f"listing-media-execution-ended-{self.environment}"

    @property
    def execution_ended_rule_arn(self) -> str:
        """ARN of that rule, on the default bus."""
        return self._arn("events", f"rule/{self.execution_ended_rule}")

    @property
    def mediaconvert_queue(self) -> str:
        """MediaConvert queue of the videos."""
        return f"toq-media-queue-{self.environment}"

    @property
    def mediaconvert_queue_arn(self) -> str:
        """ARN of the MediaConvert queue."""
        return self._arn("mediaconvert", f"queues/{self.mediaconvert_queue}")

    @property
    def mediaconvert_job_arns(self) -> str:
        """Pattern of MediaConvert job ARNs; job ids are random and carry no environment."""
        return self._arn("mediaconvert", "jobs/*")

    @property
    def mediaconvert_sync_rule_arn(self) -> str:
        """Managed rule through which Step Functions waits for MediaConvert (`createJob.sync`)."""
        return self._arn("events", "rule/StepFunctionsGetEventsForMediaConvertJobRule")

    @property
    def alarm_topic(self) -> str:
        """SNS topic of the alarms."""
        return f"toq-media-alarms-{self.environment}"

    @property
    def alarm_topic_arn(self) -> str:
        """ARN of the alarms' topic."""
        return self._arn("sns", self.alarm_topic)

    def alarm(self, kind: str) -> str:
        """Name of an alarm."""
        return f"toq-media-{kind}-{self.environment}"

    @property
    def dashboard(self) -> str:
        """Name of the CloudWatch dashboard."""
        return f"toq-media-{self.environment}"

    def query(self, kind: str) -> str:
        """Name of a saved Logs Insights query; the slash makes a folder in the console."""
        return f"toq-media-{self.environment}/{kind}"

    def log_group_arn(self, name: str) -> str:
        """ARN of a log group."""
        return self._arn("logs", f"log-group:{name}")

    @property
    def any_log_group_arn(self) -> str:
        """Pattern of all log groups of the account, for the key's encryption context."""
        return self._arn("logs", "*")

    @property
    def any_state_machine_arn(self) -> str:
        """Pattern of all state machines of the account, for trust policies."""
        return self._arn("states", "stateMachine:*")

    @property
    def account_root_arn(self) -> str:
        """The account itself as a principal."""
        return f"arn:aws:iam::{self.account_id}:root"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"
