"""The emulator as a child process: started, watched, and gone without a trace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from components.functions.bundle import ROOT
from local.emulator import certificates
from local.emulator.clients import Clients
from local.emulator.settings import EmulatorSettings
from local.errors import LocalCloudError, PortInUseError
from local.host_runtime import host_runtime

_START_SECONDS = 30
_STOP_SECONDS = 6
_POLL_SECONDS = 0.05
_LOG_TAIL_LINES = 40


class Emulator:
    """MiniStack on 127.0.0.1 with IAM enforced over TLS; use it as a context manager.

    Everything it writes is in a scratch folder that is removed at the end. It ends with its
    parent, however that dies.

    Args:
        account_id: AWS account it plays.
        region: AWS region it plays.
        port: Port to listen on, with the certificate then at `certificates.PUBLISHED`; 0 takes a
            free one.
        scratch_parent: Folder in which the scratch folder is made; the system's by default.
        wait_scale: What the seconds of Wait and Retry are multiplied by; 0 waits for nothing.
    """

    def __init__(
        self,
        *,
        account_id: str,
        region: str = "us-east-1",
        port: int = 0,
        scratch_parent: Path | None = None,
        wait_scale: float = 1.0,
    ) -> None:
        self._account_id = account_id
        self._region = region
        self._port = port
        self._scratch_parent = scratch_parent
        self._wait_scale = wait_scale
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: EmulatorSettings
        self.clients: Clients

    def __enter__(self) -> Emulator:
        """Start it and wait until it answers.

        Raises:
            PortInUseError: the port asked for is taken.
            LocalCloudError: it does not come up; the message ends with its log.
        """
        runtime = host_runtime()
        listener = _bound(self._port)
        scratch = Path(tempfile.mkdtemp(prefix="toq-local-", dir=self._scratch_parent))
        try:
            certificate, bundle = certificates.write(scratch)
            self.settings = EmulatorSettings(
                socket_fd=listener.fileno(),
                endpoint=f"https://{certificates.HOST}:{listener.getsockname()[1]}",
                scratch=scratch,
                certificate=certificate,
                ca_bundle=bundle,
                host_runtime=runtime,
                account_id=self._account_id,
                region=self._region,
            )
            self.clients = Clients(self.settings)
            self._start()
            self._wait_until_healthy()
            if self._port:
                certificates.publish(bundle)
        except BaseException:
            self.stop()
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        finally:
            listener.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and remove its scratch folder."""
        self.stop()

    @property
    def endpoint(self) -> str:
        """URL of every service."""
        return self.settings.endpoint

    @property
    def pid(self) -> int:
        """Process id of the emulator."""
        if self._process is None:
            raise LocalCloudError("the emulator is not running")
        return self._process.pid

    def stop(self) -> None:
        """End the emulator with all its processes; harmless when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()  # what the child waits for
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.settings.scratch, ignore_errors=True)

    def usage(self) -> list[dict[str, Any]]:
        """Every permission check so far: principal, action, resource, allowed, probe."""
        log = self.settings.usage_log
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]

    def set_faults(self, faults: list[dict[str, Any]]) -> None:
        """Put these faults in force instead of the former (fields: `patches.faults.Fault`).

        Raises:
            LocalCloudError: an entry is wrong; names its field.
        """
        self._ask("/_toq/faults", json.dumps(faults).encode())

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each `struck`."""
        return self._ask("/_toq/faults")  # type: ignore[no-any-return]

    def state_sizes(self) -> dict[str, dict[str, dict[str, int]]]:
        """Execution ARN -> state -> `input`/`output` -> largest number of bytes so far."""
        return self._ask("/_toq/state-sizes")  # type: ignore[no-any-return]

    def set_wait_scale(self, scale: float) -> None:
        """Change what the seconds of Wait and Retry are multiplied by."""
        body = json.dumps({"stepfunctions._SFN_WAIT_SCALE": scale}).encode()
        self._ask("/_ministack/config", body)

    def log_tail(self) -> str:
        """Last lines of the emulator's log."""
        log = self.settings.scratch / "emulator.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def _start(self) -> None:
        settings = self.settings
        (settings.scratch / "tmp").mkdir()
        with (settings.scratch / "emulator.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.emulator", *settings.arguments()],
                cwd=ROOT,
                env=_environment(settings, self._wait_scale),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[settings.socket_fd],
                start_new_session=True,  # Ctrl-C reaches us alone; we end the whole group
            )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                self._ask("/_ministack/health")
            except (OSError, LocalCloudError):
                time.sleep(_POLL_SECONDS)
            else:
                return
        raise LocalCloudError(f"the emulator did not start; its log ends with:\n{self.log_tail()}")

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        trust = ssl.create_default_context(cafile=str(self.settings.ca_bundle))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        try:
            with opener.open(self.endpoint + path, body, timeout=_START_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise LocalCloudError(f"{path}: {error.read().decode()}") from error


def _bound(port: int) -> socket.socket:
    """A socket that holds the port from now on; the child listens on it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((certificates.HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise PortInUseError(
            f"port {port} is in use on {certificates.HOST}; name another or end what uses it"
        ) from error
    return listener


def _environment(settings: EmulatorSettings, wait_scale: float) -> dict[str, str]:
    """A clean environment: nothing of the caller's, as credentials or proxies, gets in."""
    temporary = str(settings.scratch / "tmp")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "HOME": temporary,
        "TMPDIR": temporary,
        "STATE_DIR": str(settings.scratch / "state"),
        "S3_DATA_DIR": str(settings.scratch / "s3"),
        "AUTH": "true",
        "GATEWAY_PORT": settings.endpoint.rpartition(":")[2],
        "MINISTACK_HOST": certificates.HOST,
        "MINISTACK_ACCOUNT_ID": settings.account_id,
        "MINISTACK_REGION": settings.region,
        "SFN_WAIT_SCALE": str(wait_scale),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": f"unix://{temporary}/no-docker.sock",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(settings.certificate),
        "MINISTACK_SSL_KEY": str(settings.certificate),
        "AWS_CA_BUNDLE": str(settings.ca_bundle),
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
