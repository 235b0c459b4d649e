"""The whole pipeline of one environment: the only file that knows every component."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.encryption import Encryption, EncryptionArgs
from components.functions.catalogue import FunctionConfig
from components.functions.fleet import Bundle, Fleet, FleetArgs
from components.identity import Identity, IdentityArgs
from components.messaging import Messaging, MessagingArgs
from components.observability.monitoring import Monitoring, MonitoringArgs
from components.orchestration.workflow import Workflow, WorkflowArgs
from components.provider import aws_provider
from components.settings import StackSettings
from components.storage import Storage, StorageArgs


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """Inputs of `Platform`.

    Attributes:
        settings: the stack's checked configuration.
        bundle: where the functions' archives come from.
    """

    settings: StackSettings
    bundle: Bundle


class Platform(pulumi.ComponentResource):
    """Every component, wired; `exports` is what a backend and its operators need to know."""

    exports: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Platform", name, None, opts)
        self._settings = args.settings
        self._names = args.settings.names
        self._tags = args.settings.tags
        self._adopt = bool(args.settings.adopt_key_id)
        self._aws = aws_provider(f"{name}-aws", args.settings, parent=self)
        self._encryption = self._make_encryption()
        self._storage = self._make_storage()
        self._messaging = Messaging(
            "messaging",
            MessagingArgs(
                names=self._names,
                tags=self._tags,
                key_arn=self._encryption.key_arn,
                adopt=self._adopt,
                protect=args.settings.protect_resources,
            ),
            self._child(),
        )
        self._identity = Identity(
            "identity",
            IdentityArgs(
                names=self._names,
                tags=self._tags,
                key_arn=self._encryption.key_arn,
                secret_arn=self._encryption.secret_arn,
                adopt=self._adopt,
            ),
            self._child(),
        )
        self._fleet = self._make_fleet(args.bundle)
        self._workflow = self._make_workflow()
        self._monitoring = self._make_monitoring()
        self.exports = self._make_exports()
        self.register_outputs({})

    def _child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, providers=[self._aws], depends_on=list(depends_on)
        )

    def _make_encryption(self) -> Encryption:
        return Encryption(
            "encryption",
            EncryptionArgs(
                names=self._names,
                tags=self._tags,
                adopt_key_id=self._settings.adopt_key_id,
                protect=self._settings.protect_resources,
                delete_soon=self._settings.force_destroy,
            ),
            self._child(),
        )

    def _make_storage(self) -> Storage:
        settings = self._settings
        return Storage(
            "storage",
            StorageArgs(
                names=self._names,
                tags=self._tags,
                key_arn=self._encryption.key_arn,
                raw_archive_days=settings.raw_archive_days,
                noncurrent_days=settings.noncurrent_days,
                job_file_days=settings.job_file_days,
                access_log_days=settings.access_log_days,
                cors_allowed_origins=settings.cors_allowed_origins,
                adopt=self._adopt,
                protect=settings.protect_resources,
                force_destroy=settings.force_destroy,
            ),
            self._child(),
        )

    def _make_fleet(self, bundle: Bundle) -> Fleet:
        settings = self._settings
        return Fleet(
            "functions",
            FleetArgs(
                config=FunctionConfig(
                    names=self._names,
                    callback_url=settings.callback_url,
                    callback_secret_arn=self._encryption.secret_arn,
                    max_image_pixels=settings.max_image_pixels,
                    max_image_bytes=settings.max_image_bytes,
                    max_video_bytes=settings.max_video_bytes,
                    max_video_seconds=settings.max_video_seconds,
                    max_batch_assets=settings.max_batch_assets,
                    max_batch_bytes=settings.max_batch_bytes,
                    rendition_cache_control=settings.rendition_cache_control,
                    strip_metadata=settings.strip_metadata,
                    log_level=settings.log_level,
                ),
                tags=self._tags,
                bundle=bundle,
                target=settings.function_target,
                key_arn=self._encryption.key_arn,
                role_arns=self._identity.role_arns,
                queue_arn=self._messaging.queue_arn,
                dead_letter_queue_arn=self._messaging.dead_letter_queue_arn,
                log_retention_days=settings.log_retention_days,
                dispatch_concurrency=settings.dispatch_concurrency,
                adopt=self._adopt,
            ),
            # Lambda checks at creation what a role may do: its policy has to be there.
            self._child(self._identity),
        )

    def _make_workflow(self) -> Workflow:
        settings = self._settings
        return Workflow(
            "workflow",
            WorkflowArgs(
                names=self._names,
                tags=self._tags,
                key_arn=self._encryption.key_arn,
                role_arn=self._identity.role_arns["stepfunctions"],
                mediaconvert_role_arn=self._identity.role_arns["mediaconvert"],
                function_arns=self._fleet.function_arns,
                function_timeouts=self._fleet.timeouts,
                dead_letter_queue_url=self._messaging.dead_letter_queue_url,
                dead_letter_queue_arn=self._messaging.dead_letter_queue_arn,
                thumbnails_concurrency=settings.thumbnails_concurrency,
                video_concurrency=settings.video_concurrency,
                log_retention_days=settings.log_retention_days,
                adopt=self._adopt,
            ),
            # Step Functions checks at creation that the role may deliver logs.
            self._child(self._identity),
        )

    def _make_monitoring(self) -> Monitoring:
        return Monitoring(
            "monitoring",
            MonitoringArgs(
                names=self._names,
                tags=self._tags,
                key_arn=self._encryption.key_arn,
                function_timeouts=self._fleet.timeouts,
                function_log_groups=list(self._fleet.log_groups.values()),
                machine_log_groups=self._workflow.log_groups,
                alarm_emails=self._settings.alarm_emails,
                runbook_url=self._settings.runbook_url,
            ),
            self._child(),
        )

    def _make_exports(self) -> dict[str, pulumi.Output[str]]:
        fixed = {
            "region": self._settings.region,
            "environment": self._settings.environment,
            "kmsAlias": self._names.key_alias,
        }
        return {
            **{name: pulumi.Output.from_input(value) for name, value in fixed.items()},
            "mediaBucket": self._storage.media_bucket,
            "mediaBucketArn": self._storage.media_bucket_arn,
            "logsBucket": self._storage.logs_bucket,
            "queueUrl": self._messaging.queue_url,
            "queueArn": self._messaging.queue_arn,
            "deadLetterQueueUrl": self._messaging.dead_letter_queue_url,
            "deadLetterQueueArn": self._messaging.dead_letter_queue_arn,
            "kmsKeyArn": self._encryption.key_arn,
            "callbackSecretArn": self._encryption.secret_arn,
            "processingStateMachineArn": self._workflow.processing_arn,
            "finalizationStateMachineArn": self._workflow.finalization_arn,
            "mediaConvertQueueArn": self._workflow.mediaconvert_queue_arn,
            "alarmTopicArn": self._monitoring.topic_arn,
            "dashboardName": self._monitoring.dashboard_name,
            **{f"{kind}RoleArn": arn for kind, arn in self._identity.role_arns.items()},
            **{
                f"{_camel(kind)}FunctionArn": arn for kind, arn in self._fleet.function_arns.items()
            },
        }


def _camel(kind: str) -> str:
    first, *rest = kind.split("-")
    return first + "".join(word.capitalize() for word in rest)
