"""Archives of the functions and their layers: our code per function, wheels in layers.

Nothing here imports the runtime code: it is packed as files. Every archive is a function of its
sources (sorted entries, fixed times and modes, bytecode that carries a hash and no time), so a
deployment changes a function only when its code changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import uv

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path("lambda_src")
SHARED_PACKAGE = "toq_media"
LAMBDA_PYTHON = "3.13"
# Lambda's python3.12 and later run on Amazon Linux 2023, whose glibc 2.34 takes these wheels.
LAMBDA_PLATFORM = "aarch64-manylinux_2_28"
LAYER_LOCKS = {"runtime": "lambda.txt", "imaging": "imaging.txt"}
UNPACKED_LIMIT_BYTES = 250 * 1024 * 1024  # AWS limit: a function with all its layers

Target = Literal["lambda", "host"]

_RECIPE = "1"  # part of every digest: raise it when the way of building changes
_NO_WHEEL = re.compile(r"Because (\S+) has no (?:usable wheels|wheels with a matching)")
_REASON = re.compile(r"^\s*(?:cause|error): (.+)$", re.MULTILINE)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_UNIX = 3
_FOLDERS_LEFT_OUT = {"__pycache__", "tests", "bin"}
# What installers write about themselves: paths and times of this machine.
_FILES_LEFT_OUT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", ".lock"}


class BundleError(Exception):
    """An archive cannot be built; the message is one line that says why."""


def function_archive(package: str, *, root: Path = ROOT) -> Path:
    """Pack one function: the shared package and its own, at the archive's root.

    Args:
        package: Name of a package in `lambda_src`, as `validate`.
        root: The project.

    Raises:
        BundleError: there is no such package.
    """
    sources = root / SOURCES
    if not (sources / package / "handler.py").is_file():
        raise BundleError(f"{SOURCES / package}/handler.py is missing: no function to pack")
    files = {
        path.relative_to(sources).as_posix(): path
        for name in (SHARED_PACKAGE, package)
        for path in _kept_files(sources / name)
    }
    interpreter = interpreter_for(LAMBDA_PYTHON)
    digest = _digest(
        f"{_RECIPE} {LAMBDA_PYTHON if interpreter else 'source'}".encode(),
        *(part for name, path in sorted(files.items()) for part in (name.encode(), _read(path))),
    )
    archive = root / ".build" / "functions" / f"{package}-{digest}.zip"
    if archive.exists():
        return archive
    with _scratch(archive) as stage:
        for name, path in files.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stage / name)
        if interpreter:
            _compile(stage, interpreter, "/var/task")
        _zip(stage, archive)
    return archive


def layer_archive(layer: str, target: Target, *, root: Path = ROOT) -> Path:
    """Pack the locked wheels of one layer under `python/`.

    Args:
        layer: `runtime` (every function) or `imaging` (thumbnails only).
        target: `lambda` for Lambda's arm64 Python, `host` for this machine's.
        root: The project.

    Raises:
        BundleError: no such layer, or a wheel is missing for the platform.
    """
    if layer not in LAYER_LOCKS:
        raise BundleError(f"layer {layer!r} is unknown; there are {', '.join(LAYER_LOCKS)}")
    lock = root / "requirements" / LAYER_LOCKS[layer]
    version = LAMBDA_PYTHON if target == "lambda" else host_python()
    interpreter = interpreter_for(version)
    bytecode = "bytecode" if interpreter else "source"
    digest = _digest(f"{_RECIPE} {target} {version} {bytecode}".encode(), _read(lock))
    archive = root / ".build" / "layers" / f"{layer}-{target}-{digest}.zip"
    if archive.exists():
        return archive
    with _scratch(archive) as stage:
        install_wheels(lock, stage / "python", target)
        if interpreter:
            _compile(stage, interpreter, "/opt")
        _zip(stage, archive)
    return archive


def install_wheels(lock: Path, folder: Path, target: Target) -> None:
    """Install a hashed lock's wheels into a folder, without what varies between machines.

    Raises:
        BundleError: a wheel is missing for the platform, or cannot be had.
    """
    platform = ["--python", sys.executable]
    if target == "lambda":
        platform = ["--python-platform", LAMBDA_PLATFORM, "--python-version", LAMBDA_PYTHON]
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(folder), *platform]
    command += ["--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(_one_line(done.stderr, lock, target))
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and path.name in _FOLDERS_LEFT_OUT:
            shutil.rmtree(path)
        elif path.name in _FILES_LEFT_OUT and path.is_file():
            path.unlink()


def host_python() -> str:
    """Version of the running interpreter, as `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@cache
def interpreter_for(version: str) -> str:
    """Interpreter of this minor version on the machine, or "" where there is none."""
    if version == host_python():
        return sys.executable
    found = subprocess.run(
        [uv.find_uv_bin(), "python", "find", "--offline", "--no-project", version],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
    )
    return found.stdout.strip() if found.returncode == 0 else ""


def _one_line(stderr: str, lock: Path, target: Target) -> str:
    platform = LAMBDA_PLATFORM if target == "lambda" else f"this machine ({sys.platform})"
    version = LAMBDA_PYTHON if target == "lambda" else host_python()
    if missing := _NO_WHEEL.search(stderr):
        return (
            f"{lock.name}: {missing[1]} has no wheel for {platform}, Python {version}; "
            f"pin a version that has one in {lock.stem}.in and run make lock"
        )
    reasons = _REASON.findall(stderr) or stderr.strip().splitlines() or ["uv gave no reason"]
    return f"{lock.name}: cannot install for {platform}, Python {version}: {reasons[-1]}"


def _kept_files(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"{path} is missing") from error


def _digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:12]


@contextmanager
def _scratch(archive: Path) -> Iterator[Path]:
    """A folder beside the archive, so that the finished file is renamed into place."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".stage-") as folder:
        stage = Path(folder) / "content"
        stage.mkdir()
        yield stage


def _compile(stage: Path, interpreter: str, installed_at: str) -> None:
    """Add bytecode that is trusted as it is: cold starts skip compiling and checking.

    The hash seed is fixed because the order of constants in frozen sets depends on it.
    """
    command = [interpreter, "-P", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(stage), "-p", installed_at, str(stage)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONHASHSEED": "0"}
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise BundleError(f"compiling failed: {lines[0] if lines else 'no reason given'}")


def _zip(stage: Path, archive: Path) -> None:
    partial = stage.with_name(archive.name)
    with zipfile.ZipFile(partial, "w") as bundle:
        for path in sorted(path for path in stage.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _FILE_MODE
            entry.create_system = _UNIX
            bundle.writestr(entry, path.read_bytes(), compresslevel=9)
    partial.replace(archive)
