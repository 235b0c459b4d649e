"""`pulumi up -s local` as far as it can be known without the CLI: the provider's own arguments."""

from __future__ import annotations

import inspect
import json
from urllib.parse import urlsplit

import pulumi_aws as aws
from pulumi import ProviderResource

from local.emulator.certificates import HOST, PUBLISHED
from tests.infra.harness import ROOT, record_stack
from tests.infra.test_program import settings_of

ENDPOINT_OF = {
    "aws:cloudwatch/eventRule:EventRule": "events",
    "aws:cloudwatch/eventTarget:EventTarget": "events",
    "aws:cloudwatch/logGroup:LogGroup": "logs",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "logs",
    "aws:cloudwatch/queryDefinition:QueryDefinition": "logs",
}
"""Resources that live in another service than their Pulumi module says."""


def provider() -> dict[str, str]:
    inputs: dict[str, str] = (
        record_stack("local").one("pulumi:providers:aws", "toq-media-aws").inputs
    )
    return inputs


def camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def arguments(type_: type) -> set[str]:
    return {camel(name) for name in inspect.signature(type_.__init__).parameters}  # type: ignore[misc]


def test_the_provider_knows_every_argument() -> None:
    known = {camel(name) for name in inspect.signature(aws.Provider._internal_init).parameters}

    assert issubclass(aws.Provider, ProviderResource)
    assert provider().keys() <= known
    assert "noSuchArgument" not in known


def test_every_service_of_the_program_goes_to_the_emulator() -> None:
    (endpoints,) = json.loads(provider()["endpoints"])
    used = {
        ENDPOINT_OF.get(item.type, item.type.split(":")[1].split("/")[0])
        for item in record_stack("local").custom
        if item.type.startswith("aws:")
    }

    assert endpoints.keys() <= arguments(aws.ProviderEndpointArgs)
    # STS is asked for the account before anything is made.
    assert used | {"sts"} == endpoints.keys()
    assert set(endpoints.values()) == {settings_of("local").endpoint_url}


def test_the_account_is_checked_in_the_emulator_too() -> None:
    skipped = {
        name for name, value in provider().items() if name.startswith("skip") and value == "true"
    }

    assert not skipped & {"skipRequestingAccountId", "skipCredentialsValidation"}
    assert json.loads(provider()["allowedAccountIds"]) == [settings_of("local").account_id]
    assert json.loads(provider()["s3UsePathStyle"]) is True


def test_the_endpoint_is_where_the_emulator_listens() -> None:
    endpoint = urlsplit(settings_of("local").endpoint_url)

    assert (endpoint.scheme, endpoint.hostname) == ("https", HOST)
    assert endpoint.port
    assert f"AWS_CA_BUNDLE={PUBLISHED.relative_to(ROOT)}" in (ROOT / "Pulumi.local.yaml").read_text(
        encoding="utf-8"
    )
