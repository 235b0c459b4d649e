"""Controls that this system does not follow, each with its reason; `make checkov` reads it too."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True, kw_only=True)
class NotApplicable:
    """Controls left out.

    Attributes:
        controls: ids as in `Rule.controls`.
        resources: pattern of the logical names that they are left out for.
        reason: why.
    """

    controls: tuple[str, ...]
    resources: str = "*"
    reason: str

    def covers(self, control: str, resource: str) -> bool:
        """Whether a finding of that control on that resource is excused."""
        return control in self.controls and fnmatchcase(resource, self.resources)


NOT_APPLICABLE: Final = (
    NotApplicable(
        controls=("S3.7", "CKV_AWS_144"),
        resources="storage-*",
        reason="one region: a listing's media can be uploaded again, versions cover mistakes",
    ),
    NotApplicable(
        controls=("S3.11", "CKV2_AWS_62"),
        resources="storage-*",
        reason="jobs start from the backend's message, never from an upload",
    ),
    NotApplicable(
        controls=("S3.15", "S3.20"),
        reason="owners may have their media deleted for good; object lock and MFA delete forbid it",
    ),
    NotApplicable(
        controls=("S3.22", "S3.23"),
        reason="trails with data events belong to the account, not to this stack",
    ),
    NotApplicable(
        controls=("CKV_AWS_145",),
        resources="storage-logs-bucket",
        reason="S3 delivers access logs only to buckets that encrypt with S3's own keys",
    ),
    NotApplicable(
        controls=("CKV_AWS_21",),
        resources="storage-logs-bucket",
        reason="log files are written once under names of their own, and expire",
    ),
    NotApplicable(
        controls=("SecretsManager.1", "SecretsManager.4", "CKV2_AWS_57"),
        resources="encryption-callback-secret",
        reason="both sides hold the secret: it is rotated by hand, two being valid meanwhile",
    ),
    NotApplicable(
        controls=("Lambda.3", "Lambda.5", "CKV_AWS_117"),
        resources="functions-*",
        reason="functions talk to AWS and the backend only: a VPC adds cost, no wall",
    ),
    NotApplicable(
        controls=("CKV_AWS_115",),
        resources="functions-*",
        reason="queue and maps cap concurrency already; a reserve is taken from others",
    ),
    NotApplicable(
        controls=("CKV_AWS_116",),
        resources="functions-*",
        reason="the one function that is called asynchronously has a failure destination instead",
    ),
    NotApplicable(
        controls=("CKV_AWS_272",),
        resources="functions-*",
        reason="archives come from the pipeline that deploys them, byte for byte reproducible",
    ),
    NotApplicable(
        controls=("CKV_AWS_285",),
        resources="workflow-*-machine",
        reason="every state is logged; checkov also wants the payloads, which stay out of logs",
    ),
)
