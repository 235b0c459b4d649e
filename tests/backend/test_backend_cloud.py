"""The service and the deployed local stack: from an upload to the downloaded bundle."""

import hashlib
import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
import uvicorn
from PIL import Image

from backend.app import create_app
from backend.aws import aws_of
from backend.db.migrate import upgrade
from backend.services.media import add_listing
from backend.settings import Settings
from local.cloud import LocalCloud
from tests.backend.backend_harness import BASE, LISTING, TOKEN

pytestmark = pytest.mark.local

DEADLINE_SECONDS = 120.0


@dataclass
class Running:
    """A backend that serves, and the cloud behind it."""

    cloud: LocalCloud
    url: str

    def __post_init__(self) -> None:
        self.pool = urllib3.PoolManager(ca_certs=str(self.cloud.ca_bundle), retries=False)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.pool.request(
            method,
            f"{self.url}{BASE}{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status < 300, answer.data
        return answer.json()

    def put(self, target: dict[str, Any], body: bytes, **headers: str) -> int:
        sent = {**target["headers"], **headers}
        return self.pool.request("PUT", target["uploadUrl"], body=body, headers=sent).status

    def ended(self, job_id: int) -> Any:
        """The job once it has ended."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            job = self.ask("GET", f"/jobs/{job_id}")
            if job["status"] not in {"PENDING", "RUNNING"} or time.monotonic() > deadline:
                return job
            time.sleep(0.2)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("backend-cloud")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        callback = {"toq-media:callbackUrl": f"{url}{BASE}/listings/media/callback"}
        with LocalCloud(config=callback, scratch_parent=scratch, wait_scale=0.01) as cloud:
            stop = _serve(cloud, listener, scratch)
            yield Running(cloud, url)
            stop()


def _serve(cloud: LocalCloud, listener: socket.socket, scratch: Path) -> Callable[[], None]:
    settings = Settings.model_validate(
        {
            "database_url": f"sqlite:///{scratch / 'toq.db'}",
            "media_bucket": cloud.bucket,
            "queue_url": cloud.outputs["queueUrl"],
            "processing_state_machine_arn": cloud.outputs["processingStateMachineArn"],
            "finalization_state_machine_arn": cloud.outputs["finalizationStateMachineArn"],
            "callback_secret": cloud.callback_secret.decode(),
            "dev_token": TOKEN,
            "event_poll_seconds": 0.05,
        }
    )
    upgrade(settings.database_url)
    s3, sqs, states = (cloud.backend_client(name) for name in ("s3", "sqs", "stepfunctions"))
    app = create_app(settings, aws=aws_of(settings, s3=s3, sqs=sqs, states=states))
    add_listing(app.state.context, LISTING, owner="dev", title="Casa")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()

    def stop() -> None:
        app.state.stopping.set()
        server.should_exit = True
        thread.join(30)

    return stop


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def _file(body: bytes, sequence: int, **changes: Any) -> dict[str, Any]:
    return {
        "assetType": "PHOTO_HORIZONTAL",
        "orientation": "LANDSCAPE",
        "filename": f"sala {sequence}.jpg",
        "contentType": "image/jpeg",
        "bytes": len(body),
        "checksum": hashlib.sha256(body).hexdigest(),
        "sequence": sequence,
        **changes,
    }


def test_from_upload_to_downloaded_bundle_to_deletion(running: Running) -> None:
    picture, document = _picture(), b"%PDF-1.4\n%%EOF\n"
    files = [
        _file(picture, 1),
        _file(
            document, 1, assetType="PROJECT_DOC", filename="p.pdf", contentType="application/pdf"
        ),
    ]
    body = {"listingIdentityId": LISTING, "files": files}
    first, second = running.ask("POST", "/listings/media/uploads", body)["files"]

    assert running.put(first, picture[:-1] + b"x") == 400, "other bytes of the same length"
    assert running.put(first, picture + b"x") == 403, "more bytes"
    assert running.put(first, picture, **{"Content-Type": "text/html"}) == 403
    assert running.put(first, picture, **{"x-amz-tagging": "media-class=other"}) == 403
    assert (running.put(first, picture), running.put(second, document)) == (200, 200)

    here = {"listingIdentityId": LISTING}
    (job_id,) = running.ask("POST", "/listings/media/uploads/process", here)["jobIds"]
    job = running.ended(job_id)
    assert job["status"] == "SUCCEEDED", job
    bundle_job = running.ended(
        running.ask("POST", "/listings/media/uploads/complete", here)["jobId"]
    )
    assert bundle_job["status"] == "SUCCEEDED", bundle_job
    for done in (job, bundle_job):
        states = running.cloud.admin_client("stepfunctions")
        assert states.describe_execution(executionArn=done["executionArn"])["name"]

    place = {"assetType": "PHOTO_HORIZONTAL", "sequence": 1}
    wanted = [{"resolution": "zip"}, {**place, "resolution": "thumbnail"}]
    answer = running.ask("POST", "/listings/media/download", {**here, "requests": wanted})
    archive, small = (running.pool.request("GET", one["url"]).data for one in answer["urls"])
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == len(files)
    assert Image.open(io.BytesIO(small)).width == 200

    running.ask("DELETE", "/listings/media/delete", {**here, **place})
    versions = running.cloud.admin_client("s3").list_object_versions(
        Bucket=running.cloud.bucket, Prefix=f"{LISTING}/"
    )
    left = {item["Key"] for item in versions.get("Versions", ())}
    assert not any("/photo/" in key for key in left)
    assert second["objectKey"] in left
    assert not versions.get("DeleteMarkers"), json.dumps(versions, default=str)
