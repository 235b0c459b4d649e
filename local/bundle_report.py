"""`make bundle`: what is uploaded, how large it becomes, and what is in it."""

from __future__ import annotations

import zipfile
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from components.functions.bundle import (
    LAYER_LOCKS,
    ROOT,
    UNPACKED_LIMIT_BYTES,
    function_archive,
    layer_archive,
)
from components.functions.catalogue import FunctionConfig, FunctionSpec, catalogue
from components.settings import NAMESPACE, StackSettings
from components.stack_config import load_stack_config

_STACK = "staging"
_NAMES_SHOWN = 6
_MEBIBYTE = 1024 * 1024


def print_bundle(console: Console) -> None:
    """Build every archive and the layers for Lambda, and print them against Lambda's limit.

    Raises:
        BundleError: an archive cannot be built.
    """
    layers = {name: layer_archive(name, "lambda") for name in LAYER_LOCKS}
    functions = {spec.kind: (spec, function_archive(spec.package)) for spec in _specs()}
    table = Table(title="Archives for Lambda (python3.13, arm64)")
    table.add_column("archive")
    for heading in ("packed", "unpacked", "with layers", "of 250 MB"):
        table.add_column(heading, justify="right")
    table.add_column("content")
    for name, layer in layers.items():
        table.add_row(f"layer {name}", _size(_packed(layer)), _size(_unpacked(layer)), "", "",
                      _content(layer, depth=2))  # fmt: skip
    for kind, (spec, archive) in functions.items():
        total = _unpacked(archive) + sum(_unpacked(layers[layer]) for layer in spec.layers)
        table.add_row(f"function {kind}", _size(_packed(archive)), _size(_unpacked(archive)),
                      _size(total), f"{total / UNPACKED_LIMIT_BYTES:.0%}",
                      _content(archive, depth=1))  # fmt: skip
    console.print(table)
    for path in (*layers.values(), *(archive for _, archive in functions.values())):
        console.print(path.relative_to(ROOT), style="dim")


def _specs() -> list[FunctionSpec]:
    values = load_stack_config(ROOT, _STACK)
    prefix = f"{NAMESPACE}:"
    found = {
        key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)
    }
    settings = StackSettings.parse(found, environment=_STACK)
    shared: dict[str, Any] = {
        field.name: getattr(settings, field.name)
        for field in fields(FunctionConfig)
        if hasattr(settings, field.name)
    }
    # Archives do not depend on the secret, whose ARN only a deployment knows.
    return list(catalogue(FunctionConfig(**shared, callback_secret_arn="")))


def _packed(archive: Path) -> int:
    return archive.stat().st_size


def _unpacked(archive: Path) -> int:
    with zipfile.ZipFile(archive) as bundle:
        return sum(entry.file_size for entry in bundle.infolist())


def _size(count: int) -> str:
    return f"{count / _MEBIBYTE:.2f} MiB"


def _content(archive: Path, *, depth: int) -> str:
    """The largest folders with their share."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(archive) as bundle:
        for entry in bundle.infolist():
            parts = entry.filename.split("/")
            sizes["/".join(parts[: min(depth, max(1, len(parts) - 1))])] += entry.file_size
    shown = [f"{name} {_size(size)}" for name, size in sizes.most_common(_NAMES_SHOWN)]
    rest = len(sizes) - len(shown)
    return ", ".join(shown) + (f", {rest} more" if rest > 0 else "")
