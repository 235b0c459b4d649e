"""Alarms and whom they tell, metric filters, the dashboard and the saved queries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sns

from components.children import child
from components.naming import METRICS_NAMESPACE, Names
from components.observability.alarms import (
    AlarmSpec,
    alarm_specs,
    undelivered_metric,
)
from components.observability.dashboard import dashboard_body
from components.observability.queries import QUERIES
from components.policy_documents.resources import topic_policy


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """Inputs of `Monitoring`.

    Attributes:
        names: names of the environment.
        tags: tags of every resource.
        key_arn: key of the topic.
        function_timeouts: timeouts in seconds of the functions, by kind.
        function_log_groups: log groups of the functions.
        machine_log_groups: log groups of the state machines, by definition.
        alarm_emails: who is told.
        runbook_url: page whose sections explain the alarms; empty for none.
    """

    names: Names
    tags: Mapping[str, str]
    key_arn: pulumi.Input[str]
    function_timeouts: Mapping[str, int]
    function_log_groups: Sequence[pulumi.Input[str]]
    machine_log_groups: Mapping[str, pulumi.Input[str]]
    alarm_emails: Sequence[str] = ()
    runbook_url: str = ""


class Monitoring(pulumi.ComponentResource):
    """What tells operators that something is wrong, and where they look."""

    topic_arn: pulumi.Output[str]
    dashboard_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Monitoring", name, None, opts)
        self.topic_arn = self._topic(name, args)
        for spec in alarm_specs(args.names, args.function_timeouts):
            self._alarm(f"{name}-{spec.kind}", spec, args)
        for machine, log_group in args.machine_log_groups.items():
            self._count_undelivered(f"{name}-{machine}-undelivered", log_group, args.names)
        dashboard = cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=args.names.dashboard,
            dashboard_body=json.dumps(dashboard_body(args.names, list(args.function_timeouts))),
            opts=child(self),
        )
        for kind, query in QUERIES.items():
            cloudwatch.QueryDefinition(
                f"{name}-{kind}",
                name=args.names.query(kind),
                query_string=query,
                log_group_names=list(args.function_log_groups),
                opts=child(self),
            )
        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"topicArn": self.topic_arn, "dashboardName": self.dashboard_name})

    def _topic(self, name: str, args: MonitoringArgs) -> pulumi.Output[str]:
        topic = sns.Topic(
            f"{name}-alarms",
            name=args.names.alarm_topic,
            kms_master_key_id=args.key_arn,
            tags=args.tags,
            opts=child(self),
        )
        sns.TopicPolicy(
            f"{name}-alarms-policy",
            arn=topic.arn,
            policy=json.dumps(topic_policy(args.names)),
            opts=child(self),
        )
        for email in args.alarm_emails:
            sns.TopicSubscription(
                f"{name}-alarms-{email}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=child(self),
            )
        return topic.arn

    def _alarm(self, name: str, spec: AlarmSpec, args: MonitoringArgs) -> None:
        runbook = f" Runbook: {args.runbook_url}#{spec.kind}" if args.runbook_url else ""
        cloudwatch.MetricAlarm(
            name,
            name=args.names.alarm(spec.kind),
            alarm_description=spec.says + runbook,
            namespace=spec.namespace,
            metric_name=spec.metric,
            dimensions=spec.dimensions,
            statistic=spec.statistic,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=spec.threshold,
            period=spec.period_seconds,
            evaluation_periods=spec.periods,
            # Idle queues and functions send no data: that is no reason to worry.
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=args.tags,
            opts=child(self),
        )

    def _count_undelivered(self, name: str, log_group: pulumi.Input[str], names: Names) -> None:
        """Count entries into the state that gives a callback up."""
        cloudwatch.LogMetricFilter(
            name,
            name="callback-undelivered",
            log_group_name=log_group,
            pattern='{ $.type = "TaskStateEntered" && $.details.name = "CallbackUndelivered" }',
            metric_transformation={
                "namespace": METRICS_NAMESPACE,
                "name": undelivered_metric(names),
                "value": "1",
            },
            opts=child(self),
        )
