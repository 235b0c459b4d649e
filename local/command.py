"""The main job as commands: `demo` with a made listing, `process` with anyone's folder."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.tree import Tree

from local import samples
from local.backend_run import BackendRun
from local.checks import check_listing
from local.cloud import LocalCloud
from local.media import Folder, MediaFile, name_files, read_folder
from local.report import write_report
from local.run_result import RunResult
from local.service import CALLBACK_PATH, Service, bound_socket, serving, url_of
from toq_media.keys import RENDITION_WIDTHS

LISTING_ID = 512

_STAGES = {"upload": "upload", "process": "processing", "finalization": "bundle"}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A run with everything that was downloaded and found."""

    result: RunResult
    folder: Folder
    objects: dict[str, Path]
    ready: dict[str, float]
    """Seconds from the job's message to each object's appearance, by key."""
    problems: list[str]
    timings: dict[str, float]


def demo(out: Path, console: Console) -> int:
    """Run the sample listing; 0 only if every check held."""
    with tempfile.TemporaryDirectory(prefix="toq-demo-") as scratch:
        media = Path(scratch)
        with console.status("making the sample listing"):
            samples.make_listing(media)
        outcome = _run(name_files(sorted(media.iterdir()), LISTING_ID), out, console)
        _show(outcome, out, console)
    for problem in outcome.problems:
        console.print(f"[red]check failed:[/] {problem}", highlight=False)
    if not outcome.problems:
        console.print("[green]every check held[/]")
    return 1 if outcome.problems else 0


def process(media: Path, out: Path, console: Console) -> int:
    """Run a folder; 0 when the pipeline reached an end, whatever single assets came to."""
    folder = read_folder(media, LISTING_ID)
    for path, why in folder.skipped:
        console.print(f"[yellow]skipped[/] {path}: {why}", highlight=False)
    outcome = _run(folder, out, console)
    _show(outcome, out, console)
    for output in outcome.result.processing.body.get("outputs", []):
        if output["errorCode"]:
            text = f"{output['rawKey']}: {output['errorCode']}: {output['errorMessage']}"
            console.print(f"[red]failed[/] {text}", highlight=False)
    return 0


def _run(folder: Folder, out: Path, console: Console) -> Outcome:
    """Deploy, put the listing through the backend, download what it left, write the results."""
    began = time.perf_counter()
    with _platform(console) as (cloud, service):
        deployed = round(time.perf_counter() - began, 3)
        with _progress(console) as progress:
            tasks: dict[str, Any] = {}

            def tell(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = progress.add_task(_STAGES[stage], total=total)
                progress.update(tasks[stage], completed=done)

            run = BackendRun(cloud=cloud, service=service, listing_id=LISTING_ID, progress=tell)
            result = run.run(folder.files)
        objects, modified = _download(cloud, out)
    outcome = Outcome(
        result=result,
        folder=folder,
        objects=objects,
        ready={key: max(0.0, at - result.published_at) for key, at in modified.items()},
        problems=check_listing(result, folder.files, objects),
        timings={"deploy": deployed, **result.timings},
    )
    summary = summary_of(outcome)
    (out / "summary.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    write_report(out / "report.html", outcome.result, summary, objects)
    return outcome


@contextmanager
def _platform(console: Console) -> Iterator[tuple[LocalCloud, Service]]:
    """The deployed stack, and the backend that its callbacks go to."""
    with ExitStack() as stack:
        status = stack.enter_context(
            console.status("starting the embedded cloud, deploying the local stack")
        )
        listener = stack.enter_context(bound_socket(0))
        callback = {"toq-media:callbackUrl": f"{url_of(listener)}{CALLBACK_PATH}"}
        cloud = stack.enter_context(LocalCloud(config=callback))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toq-backend-")))
        service = stack.enter_context(serving(cloud, listener, folder))
        service.add_listings({LISTING_ID: "Demo"})
        status.stop()
        console.print(
            f"deployed [bold]{len(cloud.resources)}[/] resources at {cloud.endpoint}, "
            f"the backend at {service.url}"
        )
        yield cloud, service


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _download(cloud: LocalCloud, out: Path) -> tuple[dict[str, Path], dict[str, float]]:
    """Everything under the listing's `processed/`, as files, and when each was written."""
    results = out / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    s3 = cloud.backend_client("s3")
    objects: dict[str, Path] = {}
    modified: dict[str, float] = {}
    for key in cloud.keys(f"{LISTING_ID}/processed/"):
        objects[key] = results / key
        objects[key].parent.mkdir(parents=True, exist_ok=True)
        found = s3.get_object(Bucket=cloud.bucket, Key=key)
        objects[key].write_bytes(found["Body"].read())
        modified[key] = found["LastModified"].timestamp()
    return objects, modified


def summary_of(outcome: Outcome) -> dict[str, Any]:
    """`summary.json`: for machines, and the data of the report."""
    result = outcome.result
    types = {file.key: file.asset_type for file in outcome.folder.files}
    callbacks = [result.processing.body]
    zipped: dict[str, Any] = {}
    if result.finalization:
        body = result.finalization.body
        callbacks.append(body)
        key = (body.get("zipBundles") or [""])[0]
        if key in outcome.objects:
            path = outcome.objects[key]
            with zipfile.ZipFile(path) as archive:
                zipped = {"key": key, "entries": archive.namelist(), "bytes": path.stat().st_size}
    return {
        "status": result.processing.body["status"],
        "jobId": result.processing.body["jobId"],
        "listingIdentityId": LISTING_ID,
        "traceparent": result.traceparent,
        "assets": [
            {
                "type": types.get(output["rawKey"], ""),
                **output,
                "readySeconds": _ready(outcome, output),
            }
            for output in result.processing.body.get("outputs", [])
        ],
        "skipped": [{"path": str(path), "reason": why} for path, why in outcome.folder.skipped],
        "callbacks": callbacks,
        "zip": zipped,
        "timings": outcome.timings,
        "executions": [
            {
                "arn": run.arn,
                "status": run.status,
                "seconds": round(run.seconds, 3),
                "states": [
                    {"name": s.name, "begin": round(s.begin, 3), "end": round(s.end, 3)}
                    for s in run.states
                ],
            }
            for run in result.executions
        ],
        "problems": outcome.problems,
    }


def _ready(outcome: Outcome, output: dict[str, Any]) -> float | None:
    """Seconds from the job's message to the asset's last output; S3 keeps whole seconds."""
    times = [outcome.ready[key] for key in output["outputs"].values() if key in outcome.ready]
    return round(max(times), 1) if times else None


def _show(outcome: Outcome, out: Path, console: Console) -> None:
    console.print(_asset_table(outcome))
    console.print(_bucket_tree(outcome.objects))
    console.print(_bundle_tree(outcome.objects))
    for run in outcome.result.executions:
        table = Table("state", "begins", "takes", title=run.arn.rsplit(":", 1)[-1])
        for state in run.states:
            table.add_row(state.name, f"{state.begin:.2f} s", f"{state.end - state.begin:.2f} s")
        console.print(table)
    timings = Table("step", "seconds")
    for step, seconds in outcome.timings.items():
        timings.add_row(step, f"{seconds:.2f}")
    console.print(timings)
    for name in ("summary.json", "report.html", "results"):
        console.print(f"  {out / name}", highlight=False)


def _asset_table(outcome: Outcome) -> Table:
    files: dict[str, MediaFile] = {file.key: file for file in outcome.folder.files}
    table = Table("asset", "original", "widths", "bytes", "ready", title="assets")
    for output in outcome.result.processing.body.get("outputs", []):
        file = files[output["rawKey"]]
        size = "x".join(map(str, file.upright)) if file.upright else file.content_type
        keys = [key for key in output["outputs"].values() if key in outcome.objects]
        sizes = [outcome.objects[key].stat().st_size for key in keys]
        ready = _ready(outcome, output)
        widths = " ".join(_width(outcome.objects[key]) for key in keys)
        table.add_row(
            output["rawKey"].rsplit("/", 1)[-1],
            size,
            output["errorCode"] or widths,
            f"{sum(sizes):,}" if sizes else "",
            "" if ready is None else f"{ready:.0f} s",
        )
    return table


def _width(path: Path) -> str:
    """A rendition's width in pixels; of anything else its suffix."""
    if path.suffix.lower() not in {".jpg", ".jpeg"}:
        return path.suffix.removeprefix(".")
    with Image.open(path) as rendition:
        return str(rendition.width)


def _bundle_tree(objects: dict[str, Path]) -> Tree:
    """What is in the listing's bundles."""
    tree = Tree("bundle")
    for key in sorted(key for key in objects if "/processed/zip/" in key):
        with zipfile.ZipFile(objects[key]) as archive:
            node = tree.add(key)
            for entry in archive.infolist():
                node.add(f"{entry.filename}  {entry.file_size:,} B")
    return tree


def _bucket_tree(objects: dict[str, Path]) -> Tree:
    """The listing's processed prefix, folders with many files shortened."""
    tree = Tree(f"{LISTING_ID}/processed")
    nodes: dict[str, Tree] = {}
    shown = 0
    for key in sorted(objects):
        folder, name = key.split("/processed/", 1)[1].rsplit("/", 1)
        if folder not in nodes:
            nodes[folder] = tree.add(folder)
            shown = 0
        shown += 1
        if shown <= len(RENDITION_WIDTHS):
            nodes[folder].add(f"{name}  {objects[key].stat().st_size:,} B")
        elif shown == len(RENDITION_WIDTHS) + 1:
            nodes[folder].add("...")
    return tree
