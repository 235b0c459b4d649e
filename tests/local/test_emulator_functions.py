"""Functions see their archive, their layers and the runtime, and fail as they do in Lambda."""

from __future__ import annotations

import json

import pytest

from local.function_runtime import RUNTIME
from tests.local.stage import Stage, archive, until

pytestmark = pytest.mark.local

_ATTEMPT = """
import importlib, os, sys
def handler(event, context):
    found = {}
    for name in event:
        try:
            importlib.import_module(name)
            found[name] = True
        except ImportError:
            found[name] = False
    return {"found": found, "path": sys.path, "environment": sorted(os.environ)}
"""


def test_a_function_imports_neither_checkout_nor_installed_packages(stage: Stage) -> None:
    seen = stage.invoke(
        stage.function(_ATTEMPT), ["pulumi", "rich", "local", "components", "toq_media", "boto3"]
    )
    assert seen["found"] == {
        "pulumi": False, "rich": False, "local": False, "components": False,
        "toq_media": False, "boto3": True,
    }  # fmt: skip
    assert not any("site-packages" in entry for entry in seen["path"])


def test_a_function_gets_a_clean_environment(stage: Stage) -> None:
    function = stage.function(_ATTEMPT, Environment={"Variables": {"MEDIA_BUCKET": "media"}})
    names = set(stage.invoke(function, [])["environment"])
    assert {"MEDIA_BUCKET", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"} <= names
    assert not {"AUTH", "GATEWAY_PORT", "PYTHONPATH", "VIRTUAL_ENV", "TOQ_LAYER_DIRS"} & names


def test_layers_are_importable_by_functions_that_have_them(stage: Stage) -> None:
    layer = stage.client("lambda").publish_layer_version(
        LayerName=stage.name("layer"),
        Content={"ZipFile": archive({"python/only_in_layer.py": "VALUE = 1"})},
    )["LayerVersionArn"]
    with_layer = stage.function(_ATTEMPT, Layers=[layer])
    assert stage.invoke(with_layer, ["only_in_layer"])["found"] == {"only_in_layer": True}
    without = stage.function(_ATTEMPT)
    assert stage.invoke(without, ["only_in_layer"])["found"] == {"only_in_layer": False}


def test_an_exception_arrives_with_class_message_and_own_frames(stage: Stage) -> None:
    function = stage.function(
        "class BadThingError(Exception): pass\n"
        "def handler(event, context):\n    raise BadThingError('it broke')\n"
    )
    error = stage.invoke(function)
    assert (error["errorType"], error["errorMessage"]) == ("BadThingError", "it broke")
    assert len(error["stackTrace"]) == 1
    assert "line 3, in handler" in error["stackTrace"][0]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import os\ndef handler(event, context): os._exit(3)", "Runtime.ExitError"),
        ("import nothing_like_this\ndef handler(event, context): ...", "Runtime.ImportModuleError"),
        ("def other(event, context): ...", "Runtime.HandlerNotFound"),
        ("def handler(event, context): return object()", "Runtime.MarshalError"),
        ("def handler(event, context): return 'x' * 7_000_000", "Function.ResponseSizeTooLarge"),
        ("raise OSError('early')", "OSError"),
    ],
)
def test_failures_have_lambdas_names(stage: Stage, source: str, kind: str) -> None:
    assert stage.invoke(stage.function(source))["errorType"] == kind


def test_a_function_over_its_time_is_stopped(stage: Stage) -> None:
    function = stage.function("import time\ndef handler(event, context): time.sleep(30)", Timeout=1)
    assert stage.invoke(function)["errorType"] == "Sandbox.Timedout"


def test_the_context_has_what_powertools_reads(stage: Stage) -> None:
    function = stage.function(
        "def handler(event, c):\n"
        "    return [c.function_name, c.memory_limit_in_mb, c.invoked_function_arn,\n"
        "            c.log_group_name, bool(c.log_stream_name), len(c.aws_request_id),\n"
        "            c.get_remaining_time_in_millis()]\n",
        MemorySize=256,
    )
    name, memory, arn, group, stream, request_id, remaining = stage.invoke(function)
    assert (name, memory, group) == (function, "256", f"/aws/lambda/{function}")
    assert arn.endswith(f":function:{function}")
    assert (stream, request_id) == (True, 36)
    assert 0 < remaining <= 20_000


def test_what_a_function_prints_reaches_its_log_group(stage: Stage) -> None:
    function = stage.function("def handler(event, context): print('seen in the log')")
    stage.invoke(function)
    logs = stage.client("logs")

    def lines() -> list[str]:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        return [event["message"] for event in events]

    until(lambda: any("seen in the log" in line for line in lines()), "log line")


def test_a_function_calls_aws_under_its_own_role_only(stage: Stage) -> None:
    bucket = stage.bucket()
    role = stage.role(
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/own/*"}
    )
    function = stage.function(
        "import boto3\n"
        "def handler(event, context):\n"
        "    s3 = boto3.client('s3')\n"
        "    answers = []\n"
        "    for key in event['keys']:\n"
        "        try:\n"
        "            s3.put_object(Bucket=event['bucket'], Key=key, Body=b'x')\n"
        "            answers.append('done')\n"
        "        except s3.exceptions.ClientError as error:\n"
        "            answers.append(error.response['Error']['Code'])\n"
        "    return answers\n",
        role=role,
    )
    answers = stage.invoke(function, {"bucket": bucket, "keys": ["own/a", "other/a"]})
    assert answers == ["done", "AccessDenied"]


def test_functions_run_as_a_custom_runtime(stage: Stage) -> None:
    function = stage.function("def handler(event, context): return event")
    seen = stage.client("lambda").get_function_configuration(FunctionName=function)
    assert seen["Runtime"] == RUNTIME
    assert stage.invoke(function, {"é": [1, None]}) == json.loads('{"é": [1, null]}')
