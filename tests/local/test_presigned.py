"""What a presigned PUT binds: S3 takes exactly the upload that was declared."""

from __future__ import annotations

import base64
import hashlib
import uuid

import pytest
import urllib3

from backend.ports import PresignedPut, UploadSpec
from local.cloud import LocalCloud
from tests.local.scenario import backend_of

pytestmark = pytest.mark.local

BODY = b"\xff\xd8\xff\xe0 exactly these bytes"


def checksum(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@pytest.fixture
def put(cloud: LocalCloud) -> PresignedPut:
    key = f"9001/raw/photo/vertical/vertical-01-{uuid.uuid4()}.jpg"
    upload = UploadSpec(key=key, content_type="image/jpeg", size=len(BODY), checksum=checksum(BODY))
    return backend_of(cloud).storage.presign_put(upload, seconds=60)


def send(
    cloud: LocalCloud, put: PresignedPut, body: bytes = BODY, *, method: str = "PUT", **headers: str
) -> int:
    """Status of an upload; an empty header is left out, underscores stand for hyphens."""
    http = urllib3.PoolManager(ca_certs=str(cloud.ca_bundle), retries=False)
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    lower = {name.lower(): value for name, value in put.headers.items()} | changed
    kept = {name: value for name, value in lower.items() if value}
    return http.request(method, put.url, body=body, headers=kept).status


def test_the_declared_upload_is_taken(cloud: LocalCloud, put: PresignedPut) -> None:
    assert send(cloud, put) == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY[:-1] + b"?", {}),
        (BODY + b" and more", {}),
        (BODY[:-1], {}),
        (b"", {}),
        (BODY, {"content_type": "text/html"}),
        (BODY, {"x_amz_checksum_sha256": checksum(b"other")}),
        (BODY, {"x_amz_checksum_sha256": ""}),
        (BODY, {"x_amz_tagging": "media-class=keep"}),
        (BODY, {"x_amz_tagging": ""}),
    ],
    ids=["other bytes", "longer", "shorter", "empty", "other type", "other checksum",
         "no checksum", "other tag", "no tag"],
)  # fmt: skip
def test_any_other_upload_is_refused(
    cloud: LocalCloud, put: PresignedPut, body: bytes, headers: dict[str, str]
) -> None:
    assert send(cloud, put, body, **headers) in {400, 403}


def test_the_url_is_for_one_key_and_for_writing(cloud: LocalCloud, put: PresignedPut) -> None:
    elsewhere = PresignedPut(url=put.url.replace("/9001/", "/9002/"), headers=put.headers)

    assert send(cloud, elsewhere) == 403
    assert send(cloud, put, method="GET") == 403


def test_the_backend_cannot_sign_what_its_role_may_not_write(cloud: LocalCloud) -> None:
    key = "9001/processed/photo/vertical/large/vertical-01-a.jpg"
    upload = UploadSpec(key=key, content_type="image/jpeg", size=len(BODY), checksum=checksum(BODY))

    assert send(cloud, backend_of(cloud).storage.presign_put(upload, seconds=60)) == 403
