"""What holds for every resource: account, region, names, tags, protection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pulumi_policy import Severity

from policy.rules.model import PROTECTED_ENVIRONMENTS, Item, Rule

PROVIDER: Final = "pulumi:providers:aws"
REGIONS: Final = frozenset({"us-east-1"})
TAGS: Final = ("Project", "Environment", "Owner", "CostCentre", "ManagedBy")
STATEFUL: Final = (
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:sqs/queue:Queue",
    "aws:secretsmanager/secret:Secret",
)
TAGGED: Final = (
    *STATEFUL,
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:iam/role:Role",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function",
    "aws:mediaconvert/queue:Queue",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sns/topic:Topic",
)
NAMED: Final = {
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws:kms/alias:Alias": "name",
    "aws:lambda/layerVersion:LayerVersion": "layerName",
    "aws:s3/bucket:Bucket": "bucket",
    **{
        type_: "name"
        for type_ in TAGGED
        if type_ not in {
            "aws:kms/key:Key", "aws:s3/bucket:Bucket",
            "aws:lambda/eventSourceMapping:EventSourceMapping",
        }
    },
}  # fmt: skip
"""Types with a physical name, and the input that holds it."""

ENVIRONMENT_FREE_NAMES: Final = {
    "toq-listing-medias": "staging's bucket was made before there were other environments",
}
_PLATFORM: Final = "components/platform.py"
_PROVIDER_FILE: Final = "components/provider.py"
_NAMING: Final = "components/naming.py"


def _parsed(props: Mapping[str, Any], key: str) -> Any:
    """A provider's inputs are JSON in strings."""
    value = props.get(key)
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value


def _bound_account(item: Item) -> Iterator[str]:
    accounts = _parsed(item.props, "allowedAccountIds") or []
    if len(accounts) != 1 or not re.fullmatch(r"\d{12}", str(accounts[0])):
        yield f"provider {item.name} deploys to whatever account the credentials are of"


def _region(item: Item) -> Iterator[str]:
    if item.props.get("region") not in REGIONS:
        yield f"provider {item.name} deploys to {item.props.get('region')}"


def _real_endpoints(item: Item) -> Iterator[str]:
    keys = {"endpoints", "accessKey", "secretKey"} & set(item.props)
    if item.environment != "local" and keys:
        yield f"provider {item.name} has {', '.join(sorted(keys))}"


def _own_provider(item: Item) -> Iterator[str]:
    if item.provider.startswith("default"):
        yield f"{item.name} uses the default provider, which is bound to no account"


def _tagged(item: Item) -> Iterator[str]:
    tags = item.props.get("tags") or {}
    lacking = [tag for tag in TAGS if not tags.get(tag)]
    if lacking:
        yield f"{item.name} lacks the tags {', '.join(lacking)}"
    elif tags["Environment"] != item.environment:
        yield f"{item.name} is tagged as {tags['Environment']}"


def _named(item: Item) -> Iterator[str]:
    name = item.props.get(NAMED[item.type])
    if not name:
        yield f"{item.name} gets a random name"
    elif name not in ENVIRONMENT_FREE_NAMES and item.environment not in re.split(r"[-/_]", name):
        yield f"{name} does not say that it is of {item.environment}"


def _protected(item: Item) -> Iterator[str]:
    if item.environment in PROTECTED_ENVIRONMENTS and not item.protect:
        yield f"{item.name} can be deleted by mistake"


RULES: Final = (
    Rule(
        id="account-bound",
        holds="A stack deploys to the account that its configuration names, or not at all",
        severity=Severity.CRITICAL,
        remedy="give the provider one id in allowedAccountIds (accountId in the configuration)",
        enforced_in=_PROVIDER_FILE,
        types=(PROVIDER,),
        on=_bound_account,
    ),
    Rule(
        id="region-known",
        holds="A stack deploys to a region that was agreed on",
        severity=Severity.HIGH,
        remedy=f"use one of {', '.join(sorted(REGIONS))}, or add yours to policy/rules/platform.py",
        enforced_in=_PROVIDER_FILE,
        types=(PROVIDER,),
        on=_region,
    ),
    Rule(
        id="endpoints-real",
        holds="Only the local stack has endpoints or keys in its provider",
        severity=Severity.CRITICAL,
        remedy="remove endpointUrl from the stack's configuration",
        enforced_in=_PROVIDER_FILE,
        types=(PROVIDER,),
        on=_real_endpoints,
    ),
    Rule(
        id="provider-explicit",
        holds="Every resource uses the bound provider",
        severity=Severity.HIGH,
        remedy="give the resource its component as parent",
        enforced_in=_PLATFORM,
        on=_own_provider,
    ),
    Rule(
        id="tags-required",
        holds=f"Resources carry the tags {', '.join(TAGS)}, and their own environment",
        severity=Severity.LOW,
        remedy="pass the tags of components/naming.py",
        controls=("SQS.2", "StepFunctions.2", "Lambda.6", "IAM.24"),
        enforced_in=_NAMING,
        types=TAGGED,
        on=_tagged,
    ),
    Rule(
        id="names-say-environment",
        holds="Physical names are chosen by us and say their environment",
        severity=Severity.MEDIUM,
        remedy="take the name from components/naming.py",
        enforced_in=_NAMING,
        types=tuple(NAMED),
        on=_named,
    ),
    Rule(
        id="stateful-protected",
        holds="What holds data is protected from deletion in staging and prod",
        severity=Severity.HIGH,
        remedy="set protectResources in the stack's configuration",
        controls=("KMS.3",),
        enforced_in="components/children.py",
        types=STATEFUL,
        on=_protected,
    ),
)
