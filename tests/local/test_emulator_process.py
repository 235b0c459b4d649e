"""The emulator listens once, on loopback, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from components.functions.bundle import ROOT
from local.emulator import Emulator
from local.emulator.certificates import PUBLISHED
from local.emulator.patches import missing_names
from local.errors import PortInUseError
from tests.local.stage import ACCOUNT, Stage, until

_LISTENING = "0A"
_LOOPBACK = "0100007F"


def test_the_emulators_private_names_exist() -> None:
    assert missing_names() == []


@pytest.mark.local
def test_it_listens_on_one_loopback_port_only() -> None:
    with Emulator(account_id=ACCOUNT) as emulator:
        port = int(emulator.endpoint.rpartition(":")[2])
        assert _listeners(emulator.pid) == {(_LOOPBACK, port)}


@pytest.mark.local
def test_functions_add_loopback_listeners_only(stage: Stage) -> None:
    stage.invoke(stage.function("def handler(event, context): return event"))
    addresses = {address for address, _ in _listeners(stage.emulator.pid)}
    assert addresses == {_LOOPBACK}


@pytest.mark.local
def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortInUseError, match=f"port {port} is in use"),
            Emulator(account_id=ACCOUNT, port=port),
        ):
            pass


@pytest.mark.local
def test_a_fixed_port_has_its_certificate_at_a_fixed_place() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Emulator(account_id=ACCOUNT, port=port) as emulator:
        sts = boto3.client(
            "sts",
            endpoint_url=f"https://127.0.0.1:{port}",
            verify=str(PUBLISHED),
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        assert sts.get_caller_identity()["Account"] == ACCOUNT
        assert PUBLISHED.read_bytes() == emulator.settings.ca_bundle.read_bytes()
        assert b"PRIVATE" not in PUBLISHED.read_bytes()


@pytest.mark.local
def test_stopping_ends_functions_and_removes_the_scratch_folder(tmp_path: Path) -> None:
    with Emulator(account_id=ACCOUNT, scratch_parent=tmp_path) as emulator:
        stage = Stage(emulator)
        source = "import os\ndef handler(event, context): return os.getpid()"
        child = stage.invoke(stage.function(source))
        assert _alive(child)
        pid = emulator.pid
    assert not _alive(pid)
    until(lambda: not _alive(child), "end of the function")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.local
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from local.emulator import Emulator\n"
        f"with Emulator(account_id='{ACCOUNT}', scratch_parent=Path(sys.argv[1])) as emulator:\n"
        "    print(emulator.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _alive(pid)
        parent.send_signal(how)
        parent.wait()
    until(lambda: not _alive(pid), "end of the emulator")
    until(lambda: not list(tmp_path.iterdir()), "removal of the scratch folder")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _listeners(pid: int) -> set[tuple[str, int]]:
    """Addresses (as /proc writes them) and ports on which a process listens."""
    links = [path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and fields[9] in sockets:
                address, _, port = fields[1].partition(":")
                found.add((address, int(port, 16)))
    return found
