"""The main job end to end: real files through the deployed program, nothing called by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from local import command
from local.__main__ import BAD_INPUT, main
from toq_media.contracts import FinalizationCallback, ProcessingCallback, convert

pytestmark = pytest.mark.local


def picture(path: Path, size: tuple[int, int], orientation: int = 1) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    gradient = Image.linear_gradient("L").resize(size)
    Image.merge("RGB", (gradient, gradient.rotate(90), gradient)).save(path, "JPEG", exif=exif)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One run with good and bad files of every kind."""
    media = tmp_path_factory.mktemp("media")
    out = tmp_path_factory.mktemp("out")
    picture(media / "sala.jpg", (1600, 1200))
    picture(media / "upright.jpg", (1600, 1200), orientation=6)
    picture(media / "tiny.jpg", (300, 100))
    (media / "broken.jpg").write_bytes((media / "sala.jpg").read_bytes()[:5000])
    (media / "notes.txt").write_text("no media")
    (media / "plan.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    said = io.StringIO()
    assert command.process(media, out, Console(file=said, width=120)) == 0
    return out, said.getvalue()


def test_every_asset_is_told_with_its_own_end(run: tuple[Path, str]) -> None:
    summary = json.loads((run[0] / "summary.json").read_text())
    by_name = {asset["rawKey"].rsplit("-", 1)[-1]: asset for asset in summary["assets"]}
    assert summary["status"] == "PARTIAL_SUCCESS"
    assert by_name["broken.jpg"]["errorCode"] == "CORRUPT_MEDIA"
    assert by_name["upright.jpg"]["type"] == "PHOTO_VERTICAL"
    assert by_name["sala.jpg"]["type"] == "PHOTO_HORIZONTAL"
    assert by_name["plan.pdf"]["processedKey"].endswith(
        "/processed/project/doc/original/seq-01-plan.pdf"
    )
    assert [skipped["reason"] for skipped in summary["skipped"]] == ["of no known type"]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("horizontal-02-sala.jpg", [(200, 150), (400, 300), (800, 600), (1200, 900)]),
        ("vertical-01-upright.jpg", [(200, 267), (400, 533), (800, 1067), (1200, 1600)]),
        ("horizontal-03-tiny.jpg", [(200, 67), (300, 100), (300, 100), (300, 100)]),
    ],
)
def test_renditions_are_upright_and_never_enlarged(
    run: tuple[Path, str], name: str, sizes: list[tuple[int, int]]
) -> None:
    orientation = name.split("-", maxsplit=1)[0]
    folder = run[0] / "results/512/processed/photo" / orientation
    found = []
    for size in ("thumbnail", "small", "medium", "large"):
        with Image.open(folder / size / name) as rendition:
            found.append(rendition.size)
    assert found == sizes


def test_callbacks_are_the_contracts(run: tuple[Path, str]) -> None:
    first, second = json.loads((run[0] / "summary.json").read_text())["callbacks"]
    processing = convert(first, ProcessingCallback)
    finalization = convert(second, FinalizationCallback)
    assert processing.failure_reason == "DERIVATIVE_ERRORS_DETECTED"
    assert finalization.status == "SUCCEEDED"
    assert finalization.assets_zipped == 4
    assert processing.traceparent == finalization.traceparent


def test_people_see_what_failed(run: tuple[Path, str]) -> None:
    assert "CORRUPT_MEDIA" in run[1]
    assert "notes.txt: of no known type" in run[1]
    page = (run[0] / "report.html").read_text()
    assert "http" not in page.split("<main>")[0], "the page loads nothing"
    assert "data:image/jpeg;base64," in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["process"], "MEDIA"),
        (["process", "--media", "/nowhere"], "/nowhere is not a folder"),
        (["process", "--media", "{empty}"], "is empty"),
        (["process", "--media", "{texts}"], "notes.txt: of no known type"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/notes.txt").write_text("no media")
    given = [a.format(empty=tmp_path / "empty", texts=tmp_path / "texts") for a in arguments]
    assert main(given) == BAD_INPUT
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
