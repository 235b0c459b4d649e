"""CloudWatch log groups, metric filters, alarms and dashboards."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, pascal, present, tag_list, tag_map
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:cloudwatch/logGroup:LogGroup")
def log_group(target: Target, inputs: Inputs) -> Created:
    """A log group with its retention."""
    logs = target.clients.client("logs")
    call = present(
        inputs,
        {
            "name": "logGroupName",
            "kmsKeyId": "kmsKeyId",
            "logGroupClass": "logGroupClass",
            "tags": ("tags", tag_map),
        },
    )
    logs.create_log_group(**call)
    name = call["logGroupName"]
    if "retentionInDays" in inputs:
        logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    arn = f"arn:aws:logs:{target.region}:{target.account_id}:log-group:{name}"
    return Created(id=name, outputs={"arn": arn})


@provisions("aws:cloudwatch/logMetricFilter:LogMetricFilter")
def metric_filter(target: Target, inputs: Inputs) -> Created:
    """A metric counted from log lines."""
    transformation = inputs["metricTransformation"]
    names = {
        "namespace": "metricNamespace",
        "name": "metricName",
        "value": "metricValue",
        "defaultValue": "defaultValue",
        "unit": "unit",
        "dimensions": "dimensions",
    }
    name = inputs["name"]
    target.clients.client("logs").put_metric_filter(
        filterName=name,
        filterPattern=inputs["pattern"],
        logGroupName=inputs["logGroupName"],
        metricTransformations=[present(transformation, names)],
    )
    return Created(id=name)


@provisions("aws:cloudwatch/metricAlarm:MetricAlarm")
def alarm(target: Target, inputs: Inputs) -> Created:
    """An alarm on one metric."""
    call = present(
        inputs,
        {
            "name": "AlarmName",
            "alarmDescription": "AlarmDescription",
            "namespace": "Namespace",
            "metricName": "MetricName",
            "dimensions": ("Dimensions", _dimensions),
            "statistic": "Statistic",
            "extendedStatistic": "ExtendedStatistic",
            "unit": "Unit",
            "comparisonOperator": "ComparisonOperator",
            "threshold": "Threshold",
            "period": "Period",
            "evaluationPeriods": "EvaluationPeriods",
            "datapointsToAlarm": "DatapointsToAlarm",
            "treatMissingData": "TreatMissingData",
            "actionsEnabled": "ActionsEnabled",
            "alarmActions": "AlarmActions",
            "okActions": "OKActions",
            "insufficientDataActions": "InsufficientDataActions",
            "metricQueries": ("Metrics", pascal),
            "tags": ("Tags", tag_list),
        },
    )
    target.clients.client("cloudwatch").put_metric_alarm(**call)
    name = call["AlarmName"]
    arn = f"arn:aws:cloudwatch:{target.region}:{target.account_id}:alarm:{name}"
    return Created(id=name, outputs={"arn": arn})


@provisions("aws:cloudwatch/dashboard:Dashboard")
def dashboard(target: Target, inputs: Inputs) -> Created:
    """A dashboard."""
    name = inputs["dashboardName"]
    target.clients.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=inputs["dashboardBody"]
    )
    arn = f"arn:aws:cloudwatch::{target.account_id}:dashboard/{name}"
    return Created(id=name, outputs={"dashboardArn": arn})


def _dimensions(dimensions: Inputs) -> list[dict[str, str]]:
    return [{"Name": name, "Value": dimensions[name]} for name in dimensions]
