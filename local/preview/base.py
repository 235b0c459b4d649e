"""The snapshot of another commit: its own program, in a process and a folder of its own."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from components.functions.bundle import ROOT
from local.errors import UsageError
from local.preview.snapshot import Snapshot, load

_NEEDED = ("__main__.py", "Pulumi.yaml", "components/stack_config.py")
_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit as the user named it, and its hash."""

    ref: str
    sha: str

    def __str__(self) -> str:
        """As `main (1a2b3c4)`."""
        return self.ref if self.sha.startswith(self.ref) else f"{self.ref} ({self.sha[:7]})"


def find_commit(ref: str, *, root: Path = ROOT) -> Commit:
    """The commit that a ref names.

    Raises:
        UsageError: there is no such commit here, or this is no git repository.
    """
    asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"]
    done = _git(root, *asked)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise UsageError(
            f"BASE: {ref!r} is no commit of this repository; fetch it, or name another"
            + (f" ({reason})" if reason else "")
        )
    return Commit(ref=ref, sha=done.stdout.decode().strip())


def take_base(commit: Commit, stack: str, *, root: Path = ROOT) -> Snapshot:
    """Snapshot of a stack as a commit's program registers it, under the installed packages.

    Raises:
        UsageError: the commit has no program that can be evaluated; says why.
    """
    with tempfile.TemporaryDirectory(prefix="toq-preview-") as folder:
        tree = Path(folder)
        _unpack(commit, tree, root)
        missing = [name for name in _NEEDED if not (tree / name).is_file()]
        if missing:
            raise UsageError(
                f"BASE: {commit} has no program to compare with ({missing[0]} is missing there)"
            )
        if not (tree / f"Pulumi.{stack}.yaml").is_file():
            return Snapshot(stack=stack, resources=[], exports={})
        return _evaluate(commit, tree, stack)


def _unpack(commit: Commit, tree: Path, root: Path) -> None:
    """The commit's files, but for `local`: what looks at the program is this checkout's."""
    done = _git(root, "archive", "--format=zip", commit.sha)
    if done.returncode:
        raise UsageError(f"BASE: {commit}: {done.stderr.decode(errors='replace').strip()}")
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        archive.extractall(tree)
    shutil.rmtree(tree / "local", ignore_errors=True)


def _evaluate(commit: Commit, tree: Path, stack: str) -> Snapshot:
    path = os.pathsep.join(map(str, (tree, tree / "lambda_src", ROOT)))
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-P", "-m", "local.preview.snapshot", stack],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"BASE: {commit}: its program did not end in {_SECONDS} s") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UsageError(f"BASE: {commit}: its program cannot be evaluated: {reason}")
    return load(json.loads(done.stdout.splitlines()[-1]))


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("BASE: git is not installed; without BASE it is not needed") from None
