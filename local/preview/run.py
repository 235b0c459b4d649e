"""`make preview`: what a stack would have, or what changes against another commit."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from local.preview import as_markdown, as_text
from local.preview.base import find_commit, take_base
from local.preview.difference import ABSENT, Change, Difference, compare
from local.preview.snapshot import Snapshot, dump, take

FORMATS: Final = ("text", "json", "markdown")


def preview(stack: str, *, base: str = "", output: str = "text") -> str:
    """The preview of a committed stack, in one of `FORMATS`.

    Args:
        stack: as in `Pulumi.<stack>.yaml`.
        base: git ref to compare with; empty for the whole stack.
        output: the format.

    Raises:
        UsageError: the base is no commit, or has no program that can be evaluated.
        StackConfigError, SettingsError, RecordingError: as `record_stack`.
    """
    if not base:
        return _whole(take(stack), output)
    commit = find_commit(base)
    with ThreadPoolExecutor(max_workers=1) as pool:  # the base is evaluated meanwhile
        evaluating = pool.submit(take_base, commit, stack)
        snapshot = take(stack)
        difference = compare(evaluating.result(), snapshot)
    return _compared(snapshot, str(commit), difference, output)


def _whole(snapshot: Snapshot, output: str) -> str:
    if output == "json":
        return json.dumps(dump(snapshot), indent=2) + "\n"
    return as_markdown.overview(snapshot) if output == "markdown" else as_text.tree(snapshot)


def _compared(snapshot: Snapshot, base: str, difference: Difference, output: str) -> str:
    if output == "json":
        document = {**dump(snapshot), "base": base, "difference": _as_data(difference)}
        return json.dumps(document, indent=2) + "\n"
    write = as_markdown.comparison if output == "markdown" else as_text.comparison
    return write(snapshot, base, difference)


def _as_data(difference: Difference) -> dict[str, Any]:
    return {
        "added": [view.urn for view in difference.added],
        "changed": [
            {"urn": item.view.urn, "properties": [_change(change) for change in item.changes]}
            for item in difference.changed
        ],
        "removed": [dataclasses.asdict(view) for view in difference.removed],
        "unchanged": difference.unchanged,
        "exports": [_change(change) for change in difference.exports],
    }


def _change(change: Change) -> dict[str, Any]:
    """A change; a value that is not set is left out, since `null` is a value."""
    sides = {"before": change.before, "after": change.after}
    return {
        "path": change.path,
        **{name: value for name, value in sides.items() if value is not ABSENT},
    }
