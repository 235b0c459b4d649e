"""Configuration: committed stacks are accepted, bad values are refused by name, before anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from components.naming import Names
from components.settings import SettingsError, StackSettings
from components.stack_config import StackConfigError, load_stack_config
from tests.infra.harness import ROOT, STACKS, record

PREFIX = "toq-media:"


def staging(**changes: object) -> dict[str, Any]:
    config = load_stack_config(ROOT, "staging")
    values = {k.removeprefix(PREFIX): v for k, v in config.items() if k.startswith(PREFIX)}
    return values | changes


@pytest.mark.parametrize("stack", STACKS)
def test_every_committed_stack_is_accepted(stack: str) -> None:
    values = {
        key.removeprefix(PREFIX): value
        for key, value in load_stack_config(ROOT, stack).items()
        if key.startswith(PREFIX)
    }

    settings = StackSettings.parse(values, environment=stack)

    assert settings.environment == stack
    assert settings.raw_archive_days == 180


def test_staging_is_the_seed_s_environment() -> None:
    settings = StackSettings.parse(staging(), environment="staging")

    assert settings.account_id == "058264253741"
    assert settings.region == "us-east-1"
    assert settings.names.media_bucket == "toq-listing-medias"
    assert settings.protect_resources


def test_other_environments_have_a_media_bucket_of_their_own() -> None:
    settings = StackSettings.parse(staging(mediaBucketName=""), environment="qa")

    assert settings.names.media_bucket == "toq-listing-medias-qa"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("accountId", "58264253741", "should match pattern"),
        ("region", "virginia", "should match pattern"),
        ("callbackUrl", "ftp://backend", "should match pattern"),
        ("callbackUrl", "http://backend.example/cb", "must be https"),
        ("functionTarget", "docker", "'lambda' or 'host'"),
        ("logRetentionDays", "31", "must be one of 1, 3, 5"),
        ("dispatchConcurrency", "1", "greater than or equal to 2"),
        ("thumbnailsConcurrency", "0", "greater than or equal to 1"),
        ("maxImagePixels", "many", "valid integer"),
        ("maxImageBytes", "-1", "greater than or equal to"),
        ("stripMetadata", "perhaps", "valid boolean"),
        ("rawArchiveDays", "0", "greater than or equal to 1"),
        ("corsAllowedOrigins", '["*"]', "should match pattern"),
        ("corsAllowedOrigins", "https://app", "Invalid JSON"),
        ("alarmEmails", '["nobody"]', "should match pattern"),
        ("mediaBucketName", "Upper", "should match pattern"),
        ("forceDestroy", "true", "contradicts protectResources"),
        ("logRetentionDay", "30", "unknown key"),
        ("ownerTag", "", "at least 1 character"),
        ("logLevel", "info", "'DEBUG', 'INFO'"),
    ],
)
def test_a_bad_value_is_refused_with_its_key(key: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        StackSettings.parse(staging(**{key: value}), environment="staging")

    line = str(refused.value)
    assert line.startswith(f"toq-media:{key}")
    assert says in line
    assert "\n" not in line


def test_every_bad_key_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        StackSettings.parse(staging(region="x", accountId="y"), environment="staging")

    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == [
        "toq-media:region",
        "toq-media:accountId",
    ]


def test_a_missing_key_is_named() -> None:
    values = staging()
    del values["callbackUrl"]

    with pytest.raises(SettingsError, match=r"^toq-media:callbackUrl: Field required"):
        StackSettings.parse(values, environment="staging")


def test_an_unknown_key_stops_the_program_before_any_resource() -> None:
    config = load_stack_config(ROOT, "staging") | {"toq-media:regoin": "us-east-1"}
    registered: list[str] = []

    def program() -> None:
        StackSettings.load()
        registered.append("resources would follow")

    with pytest.raises(SettingsError, match="toq-media:regoin: unknown key"):
        record(program, stack="staging", config=config)
    assert registered == []


def test_pulumi_yaml_declares_every_setting_with_its_type() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    fields = {
        field.alias or name: field
        for name, field in StackSettings.model_fields.items()
        if name != "environment"
    }

    assert declared.keys() == fields.keys()
    for key, schema in declared.items():
        assert len(schema["description"]) > 20, key
        assert schema["type"] == _type_name(fields[key]), key


def _type_name(field: Any) -> str:
    if any(type(item).__name__ == "JsonWrapper" or "Json" in repr(item) for item in field.metadata):
        return "array"
    annotation = field.annotation
    if get_origin(annotation) is tuple:
        return "array"
    if isinstance(annotation, type) and not issubclass(annotation, BaseModel):
        return {str: "string", bool: "boolean", int: "integer"}[annotation]
    assert all(isinstance(choice, str) for choice in get_args(annotation))
    return "string"


def test_a_stack_file_overrides_the_project_s_defaults(tmp_path: Path) -> None:
    _write(tmp_path, project={"a": {"type": "integer", "default": 1}}, stack={"p:a": 2})

    assert load_stack_config(tmp_path, "x") == {"p:a": "2"}


def test_values_arrive_as_the_command_line_passes_them(tmp_path: Path) -> None:
    schema = {
        "flag": {"type": "boolean", "default": False},
        "list": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        "text": {"type": "string", "default": "01"},
    }
    _write(tmp_path, project=schema, stack={})

    assert load_stack_config(tmp_path, "x") == {
        "p:flag": "false",
        "p:list": '["a"]',
        "p:text": "01",
    }


@pytest.mark.parametrize(
    ("project", "stack", "says"),
    [
        ({"a": {"type": "string"}}, {}, r"Pulumi\.x\.yaml: no value for p:a"),
        ({}, {"p:a": {"secure": "v1:..."}}, r"p:a is encrypted"),
    ],
)
def test_what_the_command_line_would_refuse_is_refused(
    tmp_path: Path, project: dict[str, Any], stack: dict[str, Any], says: str
) -> None:
    _write(tmp_path, project=project, stack=stack)

    with pytest.raises(StackConfigError, match=says):
        load_stack_config(tmp_path, "x")


def test_a_missing_stack_is_named() -> None:
    with pytest.raises(StackConfigError, match=r"Pulumi\.nowhere\.yaml does not exist"):
        load_stack_config(ROOT, "nowhere")


def test_names_beyond_the_limits_of_aws_are_refused() -> None:
    with pytest.raises(ValueError, match="the limit is 63"):
        Names(account_id="123456789012", region="us-east-1", environment="e", media_bucket="b" * 64)


def _write(folder: Path, *, project: dict[str, Any], stack: dict[str, Any]) -> None:
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "config": project}))
    (folder / "Pulumi.x.yaml").write_text(yaml.safe_dump({"config": stack}))
