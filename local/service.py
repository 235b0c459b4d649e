"""The backend with its page, on a local cloud: what `make up` keeps running."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.aws import S3Storage, aws_of
from backend.context import utc_now
from backend.db.migrate import upgrade
from backend.db.models import Listing
from backend.db.session import Database
from backend.ports import Aws, PresignedPut, UploadSpec
from backend.settings import Settings
from local.cloud import LocalCloud
from local.errors import LocalCloudError, PortInUseError
from local.gateway import StorageGateway
from toq_media.media_types import PICTURES, VIDEOS

HOST = "127.0.0.1"
OWNER = "dev"
CALLBACK_PATH = "/api/v2/listings/media/callback"

MAX_FILE_BYTES = 2 * 1024**3
"""Largest upload here; the contract's 256 MiB would refuse many a video of a visitor's own."""

FILES_PER_REQUEST = 60
"""Most files of one request for upload URLs (contract 1.10)."""

_START_SECONDS = 15
_STOP_SECONDS = 10
_POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running backend.

    Attributes:
        url: Where it and its page answer.
        token: Its bearer token.
        database: Its database.
    """

    url: str
    token: str
    database: Database

    @property
    def page_url(self) -> str:
        """The page, signed in: what follows the '#' never leaves the browser."""
        return f"{self.url}/#token={self.token}"

    def add_listings(self, titles: Mapping[int, str]) -> None:
        """Make listings: another service of the platform does that in production."""
        now = utc_now()

        def work(session: Session) -> None:
            session.add_all(
                Listing(
                    id=number,
                    owner=OWNER,
                    status="PENDING_PHOTO_PROCESSING",
                    title=title,
                    created_at=now,
                    updated_at=now,
                )
                for number, title in titles.items()
            )

        self.database.run(work)


class GatewayStorage(S3Storage):
    """Storage whose presigned URLs lead through the service's own address.

    Args:
        client: S3 client of the emulator.
        signer: S3 client of the service's address, which does nothing but sign.
        bucket: The media bucket.
    """

    def __init__(self, client: Any, signer: Any, bucket: str) -> None:
        super().__init__(client, bucket)
        self._signed = S3Storage(signer, bucket)

    def presign_put(self, upload: UploadSpec, *, seconds: int) -> PresignedPut:
        """As in AWS, for the gateway's address."""
        return self._signed.presign_put(upload, seconds=seconds)

    def presign_get(self, key: str, *, filename: str, seconds: int) -> str:
        """As in AWS, for the gateway's address."""
        return self._signed.presign_get(key, filename=filename, seconds=seconds)


@contextmanager
def bound_socket(port: int) -> Iterator[socket.socket]:
    """Hold a loopback port, so that the stack can be told of it before anything serves there.

    Raises:
        PortInUseError: another process has the port.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} is in use on {HOST}; name another or end what uses it"
            ) from error
        yield listener


def url_of(listener: socket.socket) -> str:
    """URL of a bound socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def serving(
    cloud: LocalCloud, listener: socket.socket, folder: Path, *, token: str = ""
) -> Iterator[Service]:
    """Serve the backend with a fresh database for as long as the context lasts.

    Args:
        cloud: The running cloud; its callback URL is this socket's.
        listener: The bound socket.
        folder: Where the database is kept.
        token: The bearer token; a new one by default.

    Raises:
        LocalCloudError: it does not start.
    """
    token = token or secrets.token_urlsafe(24)
    database = folder / "toq-media.db"
    for stale in folder.glob(f"{database.name}*"):  # what it knew went with the former emulator
        stale.unlink()
    settings = _settings(cloud, f"sqlite:///{database}", token)
    upgrade(settings.database_url)
    app = create_app(settings, aws=_aws(cloud, settings, url_of(listener)))
    app.add_middleware(
        StorageGateway,
        bucket=cloud.bucket,
        endpoint=cloud.endpoint,
        ca_bundle=cloud.ca_bundle,
    )
    with _running(app, listener):
        yield Service(url=url_of(listener), token=token, database=app.state.context.database)


def _settings(cloud: LocalCloud, database_url: str, token: str) -> Settings:
    outputs = cloud.outputs
    return Settings(
        database_url=database_url,
        media_bucket=cloud.bucket,
        queue_url=outputs["queueUrl"],
        processing_state_machine_arn=outputs["processingStateMachineArn"],
        finalization_state_machine_arn=outputs["finalizationStateMachineArn"],
        callback_secret=SecretStr(cloud.callback_secret.decode()),
        dev_token=SecretStr(token),
        dev_subject=OWNER,
        run_worker=True,
        allowed_content_types=tuple(sorted(PICTURES | VIDEOS | {"application/pdf"})),
        max_file_bytes=MAX_FILE_BYTES,
        max_total_bytes=FILES_PER_REQUEST * MAX_FILE_BYTES,
    )


def _aws(cloud: LocalCloud, settings: Settings, url: str) -> Aws:
    s3 = cloud.backend_client("s3")
    aws = aws_of(
        settings,
        s3=s3,
        sqs=cloud.backend_client("sqs"),
        states=cloud.backend_client("stepfunctions"),
    )
    signer = cloud.signing_client(url)
    return replace(aws, storage=GatewayStorage(s3, signer, cloud.bucket))


@contextmanager
def _running(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Uvicorn in a thread; event streams are told to end before it stops."""
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_STOP_SECONDS)
    )
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="backend", daemon=True
    )
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise LocalCloudError("the backend did not start; its log is above")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        app.state.stopping.set()
        server.should_exit = True
        thread.join(_STOP_SECONDS * 2)
