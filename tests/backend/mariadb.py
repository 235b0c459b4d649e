"""A real MariaDB of our own: fresh data folder, Unix socket, no network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql

_START_SECONDS = 60.0
_SBIN = "/usr/sbin:/usr/local/sbin"


def find(program: str) -> str | None:
    """Debian keeps the server where plain users' PATH does not look."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SBIN}")


@contextmanager
def running() -> Iterator[str]:
    """SQLAlchemy URL of an empty database on a fresh server."""
    server, install = find("mariadbd"), find("mariadb-install-db")
    if server is None or install is None:
        raise FileNotFoundError("mariadbd")
    # A socket's path may have 107 characters: pytest's own folders are longer.
    with tempfile.TemporaryDirectory(prefix="toq-db-") as scratch:
        folder = Path(scratch)
        own = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            [
                install,
                "--no-defaults",
                f"--datadir={folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *own,
            ],
            check=True,
            capture_output=True,
        )
        path = folder / "db.sock"
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    server,
                    "--no-defaults",
                    f"--datadir={folder / 'data'}",
                    f"--socket={path}",
                    f"--pid-file={folder / 'pid'}",
                    "--skip-networking",
                    "--innodb-buffer-pool-size=32M",
                    "--innodb-flush-log-at-trx-commit=0",
                    *own,
                ],
                stdout=log,
                stderr=log,
            )
        try:
            _create_database(process, path, folder / "log")
            yield f"mariadb://root@localhost/toq?unix_socket={path}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _create_database(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _listens(path):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"mariadbd does not start: {log.read_text()[-2000:]}")
        time.sleep(0.05)
    with pymysql.connect(unix_socket=str(path), user="root") as connection:
        connection.cursor().execute("CREATE DATABASE toq CHARACTER SET utf8mb4")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
