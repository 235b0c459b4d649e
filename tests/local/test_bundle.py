"""Archives are a function of their sources, hold what is needed, and fail in one line."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from components.functions.bundle import (
    ROOT,
    UNPACKED_LIMIT_BYTES,
    BundleError,
    function_archive,
    install_wheels,
    layer_archive,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one function and the real locks."""
    sources = tmp_path / "lambda_src"
    for name in ("toq_media", "validate"):
        shutil.copytree(ROOT / "lambda_src" / name, sources / name)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as bundle:
        return bundle.namelist()


def test_two_builds_of_a_function_are_equal_byte_for_byte(project: Path) -> None:
    archive = function_archive("validate", root=project)
    first = archive.read_bytes()
    archive.unlink()
    stray = project / "lambda_src" / "validate" / "__pycache__" / "logic.cpython-311.pyc"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of the checkout")
    for path in (project / "lambda_src").rglob("*.py"):
        path.touch()
    again = function_archive("validate", root=project)
    assert (again, again.read_bytes()) == (archive, first)


def test_a_function_holds_its_package_and_the_shared_one_only(project: Path) -> None:
    shutil.copytree(project / "lambda_src" / "validate", project / "lambda_src" / "other")
    roots = {name.split("/")[0] for name in _names(function_archive("validate", root=project))}
    assert roots == {"toq_media", "validate"}


def test_a_change_of_code_gives_another_archive(project: Path) -> None:
    before = function_archive("validate", root=project)
    logic = project / "lambda_src" / "validate" / "logic.py"
    logic.write_text(logic.read_text() + "\nCHANGED = True\n")
    assert function_archive("validate", root=project) != before


def test_entries_carry_no_time_owner_or_mode_of_this_machine(project: Path) -> None:
    with zipfile.ZipFile(function_archive("validate", root=project)) as bundle:
        entries = bundle.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_an_unfinished_build_leaves_no_archive(project: Path) -> None:
    (project / "lambda_src" / "validate" / "handler.py").unlink()
    with pytest.raises(BundleError, match=r"validate/handler\.py is missing"):
        function_archive("validate", root=project)
    assert not (project / ".build").exists()


def test_an_unknown_layer_is_named(project: Path) -> None:
    with pytest.raises(BundleError, match="layer 'video' is unknown; there are runtime, imaging"):
        layer_archive("video", "host", root=project)


def test_a_package_without_wheel_is_one_line_with_package_and_platform(tmp_path: Path) -> None:
    lock = tmp_path / "lambda.txt"
    lock.write_text(f"not-there-at-all==1.0 --hash=sha256:{'0' * 64}\n--no-index\n")
    with pytest.raises(BundleError) as failed:
        install_wheels(lock, tmp_path / "out", "lambda")
    message = str(failed.value)
    assert "not-there-at-all" in message
    assert "aarch64-manylinux_2_28, Python 3.13" in message
    assert "\n" not in message


def test_a_wheel_of_another_platform_is_refused(tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    wheel = "only_elsewhere-1.0-cp313-cp313-win_amd64.whl"
    with zipfile.ZipFile(links / wheel, "w") as archive:
        archive.writestr("only_elsewhere.py", "")
    lock = tmp_path / "imaging.txt"
    lock.write_text(
        f"--no-index\n--find-links {links}\nonly-elsewhere==1.0 --hash=sha256:{'0' * 64}\n"
    )
    with pytest.raises(BundleError) as failed:
        install_wheels(lock, tmp_path / "out", "lambda")
    assert str(failed.value) == (
        "imaging.txt: only-elsewhere==1.0 has no wheel for aarch64-manylinux_2_28, Python 3.13; "
        "pin a version that has one in imaging.in and run make lock"
    )


@pytest.mark.parametrize("layer", ["runtime", "imaging"])
def test_layers_hold_packages_and_nothing_about_this_machine(layer: str) -> None:
    archive = layer_archive(layer, "host")
    names = _names(archive)
    assert all(name.startswith("python/") for name in names)
    assert not [name for name in names if name.endswith(("/RECORD", "/INSTALLER", "/.lock"))]
    assert not [name for name in names if "/tests/" in name or name.startswith("python/bin/")]
    assert any(name.endswith(".pyc") for name in names)
    with zipfile.ZipFile(archive) as bundle:
        assert sum(entry.file_size for entry in bundle.infolist()) < UNPACKED_LIMIT_BYTES / 2
        assert not [entry for entry in names if str(ROOT).encode() in bundle.read(entry)]


def test_two_builds_of_a_layer_are_equal_byte_for_byte(project: Path) -> None:
    archive = layer_archive("runtime", "host", root=project)
    first = archive.read_bytes()
    archive.unlink()
    again = layer_archive("runtime", "host", root=project)
    assert (again, again.read_bytes()) == (archive, first)
