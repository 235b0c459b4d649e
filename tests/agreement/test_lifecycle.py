"""The archive rule finds what validation tags, and nothing else that the pipeline writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.harness import STACKS, record_stack
from toq_media.keys import JobKeys, RawKey, raw_key, zip_key
from validate.logic import RAW_TAGS

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
KEYS = JobKeys(listing_id=512, job_id=77, retry=0)
RAW = [
    raw_key(512, "PHOTO_VERTICAL", "vertical-01", "sala.jpg"),
    raw_key(512, "VIDEO_HORIZONTAL", "horizontal-01", "tour.mov"),
    raw_key(512, "PROJECT_DOC", "seq-01", "plan.pdf"),
    "512/raw/photo/vertical/2025-11-29/vertical-01-sala.jpg",
]
MADE = [
    RawKey.parse(RAW[0], listing_id=512).rendition("large"),
    RawKey.parse(RAW[1], listing_id=512).video(),
    RawKey.parse(RAW[1], listing_id=512).poster("small"),
    RawKey.parse(RAW[2], listing_id=512).document(),
    zip_key(512),
]
WORKING = [KEYS.manifest, KEYS.callback, KEYS.receipt, KEYS.batch_result(0), KEYS.video_job(1)]


def rules(stack: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        record_stack(stack).one(LIFECYCLE, "storage-media-lifecycle").inputs["rules"]
    )
    return found


def applies(rule: dict[str, Any], key: str, tags: Mapping[str, str]) -> bool:
    """Whether S3 applies a rule: prefix from the key's start, tags all equal (user guide)."""
    criteria = rule["filter"].get("and", rule["filter"])
    assert criteria.keys() <= {"prefix", "tag", "tags"}, "extend the evaluator"
    wanted = dict(criteria.get("tags", {}))
    if "tag" in criteria:
        wanted[criteria["tag"]["key"]] = criteria["tag"]["value"]
    return (
        rule["status"] == "Enabled"
        and key.startswith(criteria.get("prefix", ""))
        and wanted.items() <= tags.items()
    )


def archived(stack: str, key: str, tags: Mapping[str, str]) -> list[int]:
    return [
        transition["days"]
        for rule in rules(stack)
        if applies(rule, key, tags)
        for transition in rule.get("transitions", ())
    ]


def expires(stack: str, key: str, tags: Mapping[str, str]) -> list[int]:
    return [
        rule["expiration"]["days"]
        for rule in rules(stack)
        if applies(rule, key, tags) and "days" in rule.get("expiration", {})
    ]


@pytest.mark.parametrize("key", RAW)
@pytest.mark.parametrize("stack", STACKS)
def test_an_original_that_validation_tagged_is_archived_and_kept(stack: str, key: str) -> None:
    assert archived(stack, key, RAW_TAGS) == [180]
    assert expires(stack, key, RAW_TAGS) == []


@pytest.mark.parametrize("key", RAW)
def test_an_original_that_was_never_validated_stays(key: str) -> None:
    assert archived("staging", key, {}) == []
    assert archived("staging", key, {"media-class": "other"}) == []


@pytest.mark.parametrize("key", MADE)
def test_what_the_pipeline_made_is_neither_archived_nor_expired(key: str) -> None:
    """Nothing tags it: the function's role may tag under raw/ only."""
    assert archived("staging", key, {}) == []
    assert expires("staging", key, {}) == []


@pytest.mark.parametrize("key", WORKING)
def test_working_files_expire_and_are_never_archived(key: str) -> None:
    assert archived("staging", key, {}) == []
    assert expires("staging", key, {}) == [30]


@pytest.mark.parametrize("key", [*RAW, *MADE, *WORKING])
def test_old_versions_and_unfinished_uploads_go_everywhere(key: str) -> None:
    (rule,) = [
        rule
        for rule in rules("staging")
        if applies(rule, key, {}) and "noncurrentVersionExpiration" in rule
    ]

    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_the_seed_s_prefix_would_find_nothing() -> None:
    seed = {"status": "Enabled", "filter": {"prefix": "raw/"}}

    assert not any(applies(seed, key, RAW_TAGS) for key in RAW)


def test_the_tag_can_be_put_on_originals_only() -> None:
    policy = record_stack("staging").one("aws:iam/rolePolicy:RolePolicy", "identity-lambda-policy")
    tagging = [
        resource
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if any(
            action.startswith("s3:Put") and "Tagging" in action for action in statement["Action"]
        )
        for resource in statement["Resource"]
    ]

    assert tagging == ["arn:aws:s3:::toq-listing-medias/*/raw/*"]
