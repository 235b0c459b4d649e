"""What comes out is opened by the readers that people have, not by our own code."""

import shutil
import subprocess
import threading
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.bundle_fakes import Endless, entry, written
from toq_media.zipping import transfer
from toq_media.zipping.layout import MIB, Entry, lay_out

MIXED = [
    entry("photo/vertical/vertical-01-sala.jpg", 700_000),
    entry("photo/vertical/vertical-02-são-joão 😀.jpg", 9 * MIB),
    entry("video/horizontal/tour.mp4", 40 * MIB + 1),
    entry("project/doc/plan.pdf", 1),
]
STREAMING_READER = """
import java.io.*; import java.util.zip.*;
class Reader {
  public static void main(String[] names) throws IOException {
    try (ZipInputStream in = new ZipInputStream(new FileInputStream(names[0]))) {
      int count = 0;
      for (ZipEntry e; (e = in.getNextEntry()) != null; count++) in.readAllBytes();
      if (count != Integer.parseInt(names[1])) throw new IOException("read " + count);
    }
  }
}
"""


def assert_holds(path: Path, entries: list[Entry]) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [one.name for one in entries]
        for one in entries:
            expected = one.prefix + Endless().content(one.key, one.start, one.length)
            assert archive.read(one.name) == expected


@pytest.mark.parametrize("tells_crc", [True, False], ids=["crc told", "crc read"])
def test_python_reads_back_what_was_planned(tmp_path: Path, *, tells_crc: bool) -> None:
    plan = lay_out(MIXED)
    written(plan, tmp_path / "a.zip", tells_crc=tells_crc)
    assert (tmp_path / "a.zip").stat().st_size == plan.size
    assert_holds(tmp_path / "a.zip", MIXED)


SMALL = st.integers(0, 40) | st.integers(0, 2 * MIB)
LARGE = st.integers(4 * MIB, 14 * MIB)


@settings(max_examples=25, deadline=None)
@given(st.lists(SMALL | LARGE, min_size=1, max_size=6), st.booleans())
def test_any_sizes_give_an_archive_that_opens(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], tells_crc: bool
) -> None:
    entries = [entry(f"f{index}", size) for index, size in enumerate(sizes)]
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    plan = lay_out(entries)
    written(plan, path, tells_crc=tells_crc)
    assert_holds(path, entries)
    body = path.read_bytes()
    for record in plan.records:
        assert body[record.offset :].startswith(b"PK\x03\x04")
    assert body[plan.directory_offset :].startswith(b"PK\x01\x02")


@pytest.mark.parametrize(
    "command",
    [["unzip", "-tq"], ["7z", "t"], ["bsdtar", "-tf"], ["zipinfo", "-t"]],
    ids=lambda command: command[0],
)
def test_common_unpackers_accept_it(tmp_path: Path, command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    written(lay_out(MIXED), tmp_path / "a.zip")
    done = subprocess.run(
        [*command, "a.zip"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()


def test_java_reads_it_as_a_stream(tmp_path: Path) -> None:
    if not shutil.which("javac"):
        pytest.skip("no JDK is installed")
    written(lay_out(MIXED), tmp_path / "a.zip")
    (tmp_path / "Reader.java").write_text(STREAMING_READER)
    command = ["java", "Reader.java", "a.zip", str(len(MIXED))]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_headers_say_utf8_stored_and_no_descriptor(tmp_path: Path) -> None:
    written(lay_out(MIXED), tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for info in archive.infolist():
            assert info.flag_bits == 1 << 11
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (2026, 1, 10, 12, 30, 44)
            assert info.external_attr >> 16 == 0o100644
            assert info.extract_version == 20, "nothing here needs ZIP64"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2200, 1, 1, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times_outside_of_dos_are_brought_inside(
    tmp_path: Path, moment: datetime, expected: tuple[int, ...]
) -> None:
    written(lay_out([entry("a", 1, modified=moment)]), tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.infolist()[0].date_time == expected


def test_sizes_and_offsets_beyond_4_gib(tmp_path: Path) -> None:
    """The middle of the large entry is a hole in a sparse file: no gigabytes are written."""
    huge = entry("video/huge.mp4", 2**32 + 7, crc32=0x12345678)
    edge = entry("video/edge.mp4", 2**32 - 2, crc32=1)
    entries = [huge, entry("photo/a.jpg", 5), edge, entry("photo/b.jpg", 9)]
    plan = lay_out(entries)
    source = written(plan, tmp_path / "a.zip", holes=True)
    assert source.bytes_read < 3 * 8 * MIB, "a known checksum spares the reading"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        infos = {info.filename: info for info in archive.infolist()}
        assert infos["video/huge.mp4"].file_size == 2**32 + 7
        assert infos["video/huge.mp4"].CRC == 0x12345678
        assert infos["photo/b.jpg"].header_offset > 2 * 2**32
        for one in (entries[1], entries[3]):
            assert archive.read(one.name) == Endless().content(one.key, 0, one.length)
    if shutil.which("unzip"):
        command = ["unzip", "-tq", "a.zip", "photo/a.jpg", "photo/b.jpg"]
        subprocess.run(command, cwd=tmp_path, timeout=60, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("size", [2**32 - 2, 2**32 - 1, 2**32])
def test_zip64_begins_where_32_bits_end(tmp_path: Path, size: int) -> None:
    # Info-ZIP's unzip 6.0 stumbles over 2**32 - 1 exactly, whoever wrote the archive.
    written(lay_out([entry("a.mp4", size, crc32=1)]), tmp_path / "a.zip", holes=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        info = archive.infolist()[0]
        assert info.file_size == info.compress_size == size
        assert (info.extract_version == 45) is (size >= 2**32 - 1)


def test_more_entries_than_16_bits_count(tmp_path: Path) -> None:
    entries = [entry(f"{index}", 1, key="k") for index in range(70_000)]
    written(lay_out(entries), tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.infolist()) == 70_000
        assert archive.read("69999") == Endless().content("k", 0, 1)


def test_an_entry_may_begin_with_bytes_of_our_own(tmp_path: Path) -> None:
    rewritten = replace(MIXED[1], prefix=b"\xff\xd8 clean", start=4_000, length=9 * MIB - 4_000)
    entries = [MIXED[0], rewritten, MIXED[3]]
    written(lay_out(entries), tmp_path / "a.zip", tells_crc=False)
    assert_holds(tmp_path / "a.zip", entries)


def test_two_workers_are_enough_to_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that waits for its entry's end never keeps the parts that end it from starting."""
    monkeypatch.setattr(transfer, "MAX_WORKERS", 2)
    sizes = [9 * MIB, 1, 26 * MIB, 3 * MIB, 3 * MIB, 6 * MIB, 11 * MIB, 80 * MIB, 70]
    entries = [entry(f"f{index}", size) for index, size in enumerate(sizes)]
    path = tmp_path / "a.zip"
    run = threading.Thread(
        target=written, args=(lay_out(entries), path), kwargs={"tells_crc": False}, daemon=True
    )
    run.start()
    run.join(timeout=60)
    assert not run.is_alive(), "the parts wait for each other"
    assert_holds(path, entries)
