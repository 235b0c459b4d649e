"""States entered and S3 requests of one mixed listing, counted from what the cloud recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local import samples
from local.cloud import LocalCloud
from local.media import MediaFile, name_files
from local.run_result import RunResult

LISTING: Final = 1
_GETS: Final = frozenset({"s3:GetObject", "s3:GetObjectVersion"})


def counted(
    cloud: LocalCloud, put: Callable[[list[MediaFile]], RunResult], scratch: Path
) -> dict[str, int]:
    """Put the sample listing through; how many states were entered and what was asked of S3.

    The emulator's histories hold the states of the top level. Of S3, what the program's roles ask
    is counted, MediaConvert's and the backend's among them.
    """
    folder = scratch / "sample"
    folder.mkdir()
    samples.make_listing(folder)
    files = name_files(sorted(folder.iterdir()), LISTING).files
    before = len(cloud.emulator.usage())
    result = put(files)
    actions = Counter(
        entry["action"]
        for entry in cloud.emulator.usage()[before:]
        if entry["allowed"] and not entry["probe"] and entry["action"].startswith("s3:")
    )
    gets = sum(actions[name] for name in _GETS)
    kinds = Counter(_kind(file) for file in files)
    return {
        **{name: kinds[name] for name in ("photos", "videos", "documents")},
        "topLevelStates": sum(_entered(cloud, one.arn) for one in result.executions),
        "s3Gets": gets,
        "s3Puts": sum(actions.values()) - gets,
    }


def _kind(file: MediaFile) -> str:
    kind = file.content_type.partition("/")[0]
    return {"image": "photos", "video": "videos"}.get(kind, "documents")


def _entered(cloud: LocalCloud, arn: str) -> int:
    states = cloud.admin_client("stepfunctions")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    return sum("stateEnteredEventDetails" in event for page in pages for event in page["events"])
