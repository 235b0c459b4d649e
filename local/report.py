"""`report.html`: one self-contained page to look at a run."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.run_result import RunResult
from toq_media.media_types import HEAD_BYTES, sniff

MAX_INLINE_BYTES = 8 * 1024 * 1024
"""Largest file that is put into the page; a longer video is linked instead."""

_TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    target: Path, result: RunResult, summary: dict[str, Any], objects: Mapping[str, Path]
) -> None:
    """Render the page from the summary and the downloaded objects."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        summary=summary,
        assets=[_card(asset, objects, target.parent) for asset in summary["assets"]],
        flows=[_flow(run) for run in summary["executions"]],
        callbacks=[json.dumps(body, indent=2, ensure_ascii=False) for body in summary["callbacks"]],
        signatures=[
            callback.headers.get("X-Toq-Signature", "")
            for callback in (result.processing, result.finalization)
            if callback
        ],
    )
    target.write_text(page, encoding="utf-8")


def _card(asset: dict[str, Any], objects: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """An asset as the contact sheet shows it."""
    suffix = asset["type"].lower()
    outputs = {name.removesuffix(f"_{suffix}"): key for name, key in asset["outputs"].items()}
    shown = {size: objects[key] for size, key in outputs.items() if key in objects}
    return {
        **asset,
        "name": asset["rawKey"].split("/raw/", 1)[-1],
        "picture": _inline(shown["small"], folder) if "small" in shown else "",
        "video": _inline(shown["original"], folder) if "VIDEO" in asset["type"] and shown else "",
        "sizes": [
            {
                "name": size,
                "bytes": path.stat().st_size,
                "href": path.relative_to(folder).as_posix(),
            }
            for size, path in shown.items()
        ],
    }


def _inline(path: Path, folder: Path) -> str:
    """The file as a data URL, or its path beside the page when it is large."""
    data = path.read_bytes()
    if len(data) > MAX_INLINE_BYTES:
        return path.relative_to(folder).as_posix()
    return f"data:{sniff(data[:HEAD_BYTES])};base64,{base64.b64encode(data).decode()}"


def _flow(run: dict[str, Any]) -> dict[str, Any]:
    """An execution's states as bars on a common time line, in per cent."""
    whole = max([run["seconds"], *(state["end"] for state in run["states"])]) or 1.0
    return {
        "name": run["arn"].rsplit(":", 1)[-1],
        "machine": run["arn"].rsplit(":", 2)[-2],
        "status": run["status"],
        "seconds": run["seconds"],
        "bars": [
            {
                "name": state["name"],
                "left": round(100 * state["begin"] / whole, 2),
                "width": max(0.6, round(100 * (state["end"] - state["begin"]) / whole, 2)),
                "seconds": state["end"] - state["begin"],
            }
            for state in run["states"]
        ],
    }
