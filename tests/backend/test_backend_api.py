"""Endpoints as clients see them: uploads, listing, downloads, changes, rights."""

import base64
import hashlib
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.services.media import add_listing
from tests.backend.backend_harness import BASE, LISTING, TOKEN, Service, finalized, photo
from toq_media.keys import RawKey

HEX = hashlib.sha256(b"picture 1").hexdigest()


def test_upload_answers_with_the_contracts_fields(service: Service) -> None:
    answer = service.request_uploads(photo(1, title="Sala"), photo(2))
    assert (answer["listingIdentityId"], answer["uploadUrlTtlSeconds"]) == (LISTING, 900)
    first = answer["files"][0]
    assert first["objectKey"] == f"{LISTING}/raw/photo/vertical/vertical-01-room-1.jpg"
    assert (first["method"], first["title"], first["sequence"]) == ("PUT", "Sala", 1)
    assert f"put={len(b'picture 1')}" in first["uploadUrl"]


@pytest.mark.parametrize(
    "checksum", [HEX, HEX.upper(), f"sha256:{HEX}", base64.b64encode(bytes.fromhex(HEX)).decode()]
)
def test_checksum_may_be_hex_or_base64(sqlite_service: Service, checksum: str) -> None:
    sqlite_service.request_uploads(photo(checksum=checksum))
    assert base64.b64decode(sqlite_service.assets()[0].checksum_sha256).hex() == HEX


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"checksum": "md5:abcd"}, "not sha256"),
        ({"checksum": "abcd"}, "bytes long"),
        ({"contentType": "image/gif"}, "none of"),
        ({"contentType": "video/mp4"}, "does not suit"),
        ({"assetType": "PHOTO_ROUND"}, "none of"),
        ({"bytes": 256 * 1024**2 + 1}, "at most"),
    ],
)
def test_upload_that_is_not_allowed_says_why(
    sqlite_service: Service, change: dict[str, Any], words: str
) -> None:
    answer = sqlite_service.request_uploads(photo(**change), status=400)
    assert words in answer["message"]
    assert (answer["code"], answer["status"], answer["title"]) == (400, 400, "Bad Request")
    assert sqlite_service.assets() == []


def test_limits_of_a_request(sqlite_service: Service) -> None:
    many = [photo(number) for number in range(1, 62)]
    assert "61 files" in sqlite_service.request_uploads(*many, status=400)["message"]
    large = [photo(number, bytes=256 * 1024**2) for number in range(1, 6)]
    assert "in all" in sqlite_service.request_uploads(*large, status=400)["message"]
    twice = sqlite_service.request_uploads(photo(1), photo(1), status=400)
    assert "more than once" in twice["message"]


def test_binding_errors_are_422_or_400_as_in_the_contract(sqlite_service: Service) -> None:
    missing = sqlite_service.request_uploads({"assetType": "PHOTO_VERTICAL"}, status=422)
    assert "files.0.filename" in missing["message"]
    assert sqlite_service.post("/listings/media/uploads/process", {}, status=400)["details"] == [
        {"field": "listingIdentityId", "message": "Field required"}
    ]


def test_asset_type_is_stored_in_upper_case(sqlite_service: Service) -> None:
    answer = sqlite_service.request_uploads(photo(assetType="photo_vertical"))
    assert answer["files"][0]["assetType"] == "PHOTO_VERTICAL"
    assert "/photo/vertical/" in answer["files"][0]["objectKey"]


def test_asking_again_keeps_row_and_key_and_forgets_the_result(service: Service) -> None:
    service.processed(photo(1))
    before = service.assets()[0]
    service.request_uploads(photo(1, filename="other name.jpg"))
    after = service.assets()[0]
    assert (after.id, after.s3_key_raw) == (before.id, before.s3_key_raw)
    assert (after.status, after.renditions, after.s3_key_processed) == ("PENDING_UPLOAD", {}, None)


def test_other_format_gets_another_key_and_the_old_objects_go(sqlite_service: Service) -> None:
    (old,) = sqlite_service.upload(photo(1))
    png = photo(1, filename="room.png", contentType="image/png")
    (new,) = sqlite_service.upload(png)
    assert new.endswith(".png")
    assert old in sqlite_service.aws.storage.deleted


def test_two_assets_never_share_a_key_not_even_a_derived_one(sqlite_service: Service) -> None:
    same = {"metadata": {"client_id": "sala"}, "filename": "a.jpg"}
    refused = sqlite_service.request_uploads(photo(1, **same), photo(2, **same), status=409)
    assert refused["reason"] == "SHARED_KEY"
    video = {"assetType": "VIDEO_VERTICAL", "metadata": {"client_id": "tour"}}
    mov = photo(1, **video, filename="a.mov", contentType="video/quicktime")
    mp4 = photo(2, **video, filename="a.mp4", contentType="video/mp4")
    assert sqlite_service.request_uploads(mov, mp4, status=409)["reason"] == "SHARED_KEY"


def test_keys_differ_by_case_in_every_database(service: Service) -> None:
    service.request_uploads(
        photo(1, metadata={"client_id": "A"}, filename="x.jpg"),
        photo(2, metadata={"client_id": "a"}, filename="x.jpg"),
    )
    assert len(service.assets()) == 2


def test_pages_orders_and_filters(service: Service) -> None:
    service.request_uploads(*(photo(number) for number in (3, 1, 2)))
    page = service.get(
        "/listings/media", listingIdentityId=LISTING, limit=2, order="desc", sort="sequence"
    )
    assert [asset["sequence"] for asset in page["data"]] == [3, 2]
    assert page["pagination"] == {"page": 1, "limit": 2, "total": 3, "totalPages": 2}
    one = service.get("/listings/media", listingIdentityId=LISTING, sequence=2)
    assert [asset["sequence"] for asset in one["data"]] == [2]
    none = service.get("/listings/media", listingIdentityId=LISTING, assetType="VIDEO_VERTICAL")
    assert none["data"] == []


def test_update_merges_the_clients_metadata_only(sqlite_service: Service) -> None:
    sqlite_service.request_uploads(photo(1, metadata={"room": "sala"}))
    change = {"title": "Cozinha", "metadata": {"floor": "2", "checksum": "mine"}}
    place = {"listingIdentityId": LISTING, "assetType": "photo_vertical", "sequence": 1}
    sqlite_service.post("/listings/media/update", {**place, **change})
    asset = sqlite_service.get("/listings/media", listingIdentityId=LISTING)["data"][0]
    assert (asset["title"], asset["metadata"]["room"]) == ("Cozinha", "sala")
    assert asset["metadata"]["checksum"] != "mine"
    too_many = {"metadata": {str(number): "" for number in range(49)}}
    sqlite_service.post("/listings/media/update", {**place, **too_many}, status=400)


def test_downloads_and_why_not(service: Service) -> None:
    service.processed(photo(1))
    place = {"assetType": "PHOTO_VERTICAL", "sequence": 1}
    wanted = [
        {**place, "resolution": "large"},
        {**place, "resolution": "original"},
        {**place, "sequence": 9, "resolution": "small"},
        {"resolution": "zip"},
    ]
    body = {"listingIdentityId": LISTING, "requests": wanted}
    answer = service.post("/listings/media/download", body)
    raw = service.assets()[0].s3_key_raw
    large = RawKey.parse(raw, listing_id=LISTING).rendition("large")
    assert [f"/{key}?" in url["url"] for key, url in zip((large, raw), answer["urls"], strict=True)]
    assert [url["expiresIn"] for url in answer["urls"]] == [3600, 3600]
    refused = [one["reason"] for one in answer["unavailable"]]
    assert refused == ["ASSET_NOT_FOUND", "NO_BUNDLE"]


def test_bundle_in_list_and_download(sqlite_service: Service) -> None:
    sqlite_service.bundled()
    bundle = sqlite_service.get("/listings/media", listingIdentityId=LISTING)["zipBundle"]
    assert (bundle["assetsCount"], bundle["zipSizeBytes"]) == (1, 123)
    body = {"listingIdentityId": LISTING, "requests": [{"resolution": "zip"}]}
    (url,) = sqlite_service.post("/listings/media/download", body)["urls"]
    assert (url["sequence"], url["resolution"]) == (0, "zip")
    assert bundle["bundleKey"] in url["url"]


def test_delete_removes_derived_keys_and_never_what_metadata_says(service: Service) -> None:
    foreign = "513/raw/photo/vertical/other.jpg"
    service.processed(photo(1, metadata={"evil": foreign}))
    key = service.assets()[0].s3_key_raw
    service.delete({"listingIdentityId": LISTING, "assetType": "PHOTO_VERTICAL", "sequence": 1})
    assert service.assets() == []
    deleted = service.aws.storage.deleted
    assert key in deleted
    assert RawKey.parse(key, listing_id=LISTING).rendition("small") in deleted
    assert all(one.startswith(f"{LISTING}/") for one in deleted)


def test_asset_in_processing_is_not_deleted(sqlite_service: Service) -> None:
    sqlite_service.started(photo(1))
    place = {"listingIdentityId": LISTING, "assetType": "PHOTO_VERTICAL", "sequence": 1}
    assert sqlite_service.delete(place, status=409)["reason"] == "ASSET_PROCESSING"
    assert sqlite_service.delete({**place, "sequence": 2}, status=404)["status"] == 404


def test_approval_moves_the_listing(sqlite_service: Service) -> None:
    word = {"listingIdentityId": LISTING, "approve": False}
    assert sqlite_service.post("/listings/media/approve", word, status=400)["code"] == 400
    sqlite_service.bundled()
    answer = sqlite_service.post("/listings/media/approve", word)
    assert (answer["decision"], answer["newStatus"]) == ("rejected", "REJECTED_BY_OWNER")
    sqlite_service.request_uploads(photo(2))


def test_completed_listing_takes_no_uploads(sqlite_service: Service) -> None:
    sqlite_service.bundled()
    assert sqlite_service.request_uploads(photo(2), status=409)["reason"] == "LISTING_STATUS"
    assert sqlite_service.process(status=409)["reason"] == "LISTING_STATUS"
    assert sqlite_service.complete(status=409)["reason"] == "LISTING_STATUS"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc"])
def test_everything_but_the_callback_wants_a_token(
    sqlite_service: Service, header: str | None
) -> None:
    document = sqlite_service.app.openapi()
    open_paths = []
    for path, methods in document["paths"].items():
        for method in methods:
            headers = {"Authorization": header} if header else {}
            del sqlite_service.client.headers["Authorization"]
            answer = sqlite_service.client.request(
                method, path.replace("{id}", "1"), json={}, headers=headers
            )
            sqlite_service.client.headers["Authorization"] = "restored"
            if answer.status_code != 401:
                open_paths.append(path)
            else:
                assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert open_paths == [f"{BASE}/listings/media/callback"]


def test_unknown_path_and_method_are_problems_too(sqlite_service: Service) -> None:
    assert sqlite_service.get("/nothing", status=404)["reason"] == "NOT_FOUND"
    answer = sqlite_service.client.put(f"{BASE}/listings/media/uploads")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


def test_unexpected_error_is_a_problem_that_tells_nothing(sqlite_service: Service) -> None:
    sqlite_service.upload(photo(1))
    sqlite_service.aws.trouble.before["head"] = RuntimeError("secret detail")
    client = TestClient(sqlite_service.app, raise_server_exceptions=False)
    path = f"{BASE}/listings/media/uploads/process"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.post(path, json={"listingIdentityId": LISTING}, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (500, "UNEXPECTED")
    assert "secret" not in answer.text


def test_listings_are_the_callers(sqlite_service: Service) -> None:
    add_listing(sqlite_service.context, 513, owner="someone", title="Casa")
    ids = [one["id"] for one in sqlite_service.get("/listings")["data"]]
    assert ids == [LISTING, 513]  # the token of development is an operator's
    sqlite_service.get("/listings/514/jobs", status=404)


def test_job_shows_execution_and_attempts(service: Service) -> None:
    job_id = service.started(photo(1))
    job = service.get(f"/jobs/{job_id}")
    assert job["executionArn"].endswith(f":process-{LISTING}-{job_id}-0")
    assert job["executionArn"] in job["executionUrl"]
    assert [(one["retry"], one["status"]) for one in job["attempts"]] == [(0, "RUNNING")]
    assert [asset["status"] for asset in job["assets"]] == ["PROCESSING"]
    assert service.get(f"/listings/{LISTING}/jobs")["data"] == [job]
    assert service.get("/jobs/4000000000", status=404)["reason"] == "JOB_NOT_FOUND"


def test_failed_bundle_can_be_asked_for_again(service: Service) -> None:
    service.processed()
    job_id = service.complete()["jobId"]
    assert service.complete()["jobId"] == job_id
    assert len(service.aws.executions.started) == 1
    service.callback(finalized(job_id, status="FINALIZATION_FAILED"))
    assert service.complete()["jobId"] == job_id
    names = [arn.rsplit(":", 1)[1] for arn in service.aws.executions.started]
    assert names == [f"finalization-{LISTING}-{job_id}-{retry}" for retry in (0, 1)]


def test_complete_says_which_assets_are_not_ready(sqlite_service: Service) -> None:
    assert sqlite_service.complete(status=409)["reason"] == "NO_ASSETS"
    sqlite_service.processed(photo(1))
    sqlite_service.upload(photo(2))
    answer = sqlite_service.complete(status=409)
    assert answer["details"] == [
        {"assetType": "PHOTO_VERTICAL", "sequence": 2, "status": "PENDING_UPLOAD"}
    ]
    assert sqlite_service.aws.executions.started == {}
