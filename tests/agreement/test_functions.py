"""What the program gives its functions is what their code asks for."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from components.functions import bundle
from tests.infra.harness import ROOT, STACKS, Resource, record_stack
from toq_media import settings
from toq_media.errors import SettingsError

MODELS: dict[str, type[settings.FunctionSettings]] = {
    "dispatch": settings.DispatchSettings,
    "validate": settings.ValidateSettings,
    "thumbnails": settings.ThumbnailsSettings,
    "zip_bundle": settings.ZipSettings,
    "consolidate": settings.ConsolidateSettings,
    "callback": settings.CallbackSettings,
}

NOT_OURS = {
    "ENVIRONMENT",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "MALLOC_ARENA_MAX",
}
"""Read by Powertools, by the C library and by people in the console."""


def functions(stack: str) -> dict[str, Resource]:
    found = record_stack(stack).of_type("aws:lambda/function:Function")
    return {resource.inputs["handler"].split(".")[0]: resource for resource in found}


def variables(resource: Resource) -> dict[str, str]:
    given: dict[str, str] = resource.inputs["environment"]["variables"]
    return given


def test_every_function_has_a_settings_model() -> None:
    assert set(functions("staging")) == set(MODELS)


@pytest.mark.parametrize("package", MODELS)
@pytest.mark.parametrize("stack", STACKS)
def test_the_environment_is_the_one_the_code_reads(stack: str, package: str) -> None:
    given = variables(functions(stack)[package])
    settings.load(MODELS[package], given)
    asked = {field.encode_name for field in msgspec.structs.fields(MODELS[package])}
    assert set(given) - NOT_OURS - asked == set(), "set by the program, read by nobody"


@pytest.mark.parametrize("package", MODELS)
def test_a_missing_variable_is_named(package: str) -> None:
    given = variables(functions("staging")[package])
    for field in msgspec.structs.fields(MODELS[package]):
        if not field.required:
            continue
        left = {name: value for name, value in given.items() if name != field.encode_name}
        with pytest.raises(SettingsError, match=field.encode_name):
            settings.load(MODELS[package], left)


def test_no_secret_stands_in_an_environment() -> None:  # field note 72
    for resource in functions("staging").values():
        for name, value in variables(resource).items():
            assert "SECRET" not in name or value.startswith("arn:"), name


@pytest.mark.parametrize("package", MODELS)
def test_only_its_own_code_is_in_an_archive(package: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(bundle.function_archive(package).read_bytes()))
    roots = {name.split("/")[0] for name in archive.namelist()}
    assert roots == {"toq_media", package}


IMPORT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import importlib
module = importlib.import_module(sys.argv[2])
getattr(module, sys.argv[3])
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("package", MODELS)
def test_the_handler_imports_from_the_archive_alone(package: str, tmp_path: Path) -> None:
    """The archive as uploaded, unpacked elsewhere; of this checkout only installed packages."""
    resource = functions("staging")[package]
    with zipfile.ZipFile(bundle.function_archive(package)) as archive:
        archive.extractall(tmp_path)
    module, name = resource.inputs["handler"].rsplit(".", 1)
    run = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT, json.dumps([str(tmp_path)]), module, name],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": package},
    )
    imported: list[Any] = json.loads(run.stdout.splitlines()[-1])
    needs_pillow = any("imaging" in layer for layer in resource.inputs["layers"])
    assert ("PIL" in imported) <= needs_pillow, "Pillow is imported but not in a layer"
    assert not {"pulumi", "components", "local", "rich", "pydantic"} & set(imported)


def test_only_settings_read_the_environment() -> None:
    for path in sorted((ROOT / "lambda_src").rglob("*.py")):
        if path.name == "settings.py":
            continue
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert not names & {"environ", "getenv"}, path
