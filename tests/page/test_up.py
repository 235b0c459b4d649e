"""`make up` and `make down` as processes."""

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from components.functions.bundle import ROOT
from local.errors import LocalCloudError
from local.up import down, up

pytestmark = pytest.mark.local

PROGRAM = """
import sys
from pathlib import Path
from rich.console import Console
from local.up import up
sys.exit(up(Console(width=200), port=0, folder=Path(sys.argv[1])))
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-u", "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_up_serves_the_page_until_down_stops_it(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert running.stdout is not None
    lines = iter(running.stdout.readline, "")
    page = next(found[0] for line in lines if (found := re.search(r"http\S+#token=\S+", line)))
    url, token = page.split("/#token=")
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert b"TOQ Media" in answer.read()
    asked = urllib.request.Request(
        f"{url}/api/v2/listings", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert b"12 Garden Street" in answer.read()

    with pytest.raises(LocalCloudError, match="runs already"):
        up(Console(quiet=True), port=0, folder=tmp_path)
    assert down(Console(quiet=True), folder=tmp_path) == 0
    assert running.wait(30) == 0
    assert down(Console(quiet=True), folder=tmp_path) == 0
