"""Large jobs: lists travel by reference, so that no state grows with them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.chaos.world import Job, World
from tests.faults.conftest import Seen
from toq_media.contracts import AssetRef

pytestmark = pytest.mark.local

STATE_BYTES = 32 * 1024
MESSAGE_BYTES = 1024 * 1024


def largest_state(world: World, job: Job) -> tuple[str, int]:
    """The largest input or output of a job's states; each is held to the bound."""
    sizes = {
        f"{state} {side}": size
        for state, sides in world.state_sizes(job).items()
        for side, size in sides.items()
    }
    over = {name: size for name, size in sizes.items() if size >= STATE_BYTES}
    assert over == {}
    name = max(sizes, key=lambda one: sizes[one])
    return name, sizes[name]


@pytest.mark.parametrize("assets", [150, pytest.param(2_000, marks=pytest.mark.slow)])
@pytest.mark.fault(
    "large job",
    injected="150 pictures (2,000 in make faults), each processed for real",
    expected="all done, in request order, once each; no state of 32 KiB",
)
def test_large_job(world: World, seen: Seen, assets: int) -> None:
    job = world.job(assets)
    world.send(job)
    body = world.told(job, seconds=900)
    assert world.ended(job)["status"] == "SUCCEEDED"
    assert body["status"] == "SUCCEEDED"
    assert [one["rawKey"] for one in body["outputs"]] == [asset.key for asset in job.assets]
    assert len({one["processedKey"] for one in body["outputs"]}) == assets
    assert len(world.cloud.keys(f"{job.listing_id}/processed/")) == 4 * assets
    assert len(world.deliveries(job)) == 1
    name, size = largest_state(world, job)
    seen(f"{assets} done; largest state: {name}, {size:,} B")


@pytest.mark.fault(
    "message of almost 1 MiB",
    injected="a message with 1,000 keys of 1,000 bytes, none of them in S3",
    expected="dispatched; VALIDATION_FAILED with every asset; no state of 32 KiB",
)
def test_large_message(world: World, seen: Seen) -> None:
    job = with_long_keys(world.job(0), 950)
    assert MESSAGE_BYTES * 0.9 < len(job.body) <= MESSAGE_BYTES
    world.send(job)
    body = world.told(job)
    assert body["status"] == "VALIDATION_FAILED"
    assert {one["errorCode"] for one in body["outputs"]} == {"VALIDATION_ERROR"}
    assert len(body["outputs"]) == len(job.assets)
    name, size = largest_state(world, job)
    seen(f"{len(job.body):,} B taken; largest state: {name}, {size:,} B")


@pytest.mark.fault(
    "message over 1 MiB",
    injected="a message of 1.2 MB",
    expected="SQS refuses it; the sender knows",
)
def test_oversized_message(world: World, seen: Seen) -> None:
    with pytest.raises(ClientError, match="shorter than"):
        world.send(with_long_keys(world.job(0), 1_150))
    seen("SendMessage refused")


def with_long_keys(job: Job, assets: int) -> Job:
    name = "a" * 950
    keys = [f"{job.listing_id}/raw/photo/vertical/{n:04d}-{name}.jpg" for n in range(assets)]
    refs = [AssetRef(key=key, type="PHOTO_VERTICAL") for key in keys]
    return Job(listing_id=job.listing_id, job_id=job.job_id, assets=refs)
