"""File names as an attacker writes them, through every place that handles a name."""

from __future__ import annotations

import io
import json
import unicodedata
import uuid
import zipfile
from pathlib import Path

import pytest
from aws_lambda_powertools import Logger

from tests.runtime.fakes import FakeStore
from tests.runtime.test_validate import JPEG, photo, validate
from toq_media.contracts import AssetRef
from toq_media.errors import InvalidKeyError
from toq_media.keys import RawKey, file_name_of, raw_key
from toq_media.observability import one_line
from toq_media.zipping.names import MAX_COMPONENT_BYTES, entry_names

NAMES = {
    "traversal": "../../etc/passwd.jpg",
    "windows traversal": "..\\..\\windows\\system32\\a.jpg",
    "absolute": "/etc/passwd",
    "drive": "C:\\Users\\a.jpg",
    "null byte": "a.jpg\x00.exe",
    "line feed": 'a\n{"level":"ERROR","message":"forged"}.jpg',
    "carriage return": "a\r\nX-Injected: 1.jpg",
    "escape sequence": "a\x1b[2Jb.jpg",
    "right-to-left override": "invoice\u202egpj.exe",
    "zero width": "a\u200b\u2060b.jpg",
    "line separator": "a\u2028b.jpg",
    "four bytes": "sala \U0001f3e0\U0001f468\u200d\U0001f469.jpg",
    "decomposed": "cafe\u0301.jpg",
    "lone surrogate": "a\ud800.jpg",
    "device": "CON.jpg",
    "trailing dots": "a.jpg. . .",
    "markup": "<script>alert(1)</script>.jpg",
    "formula": "=cmd|' /C calc'!A0.jpg",
    "percent": "%2e%2e%2fa.jpg",
    "only dots": "...",
    "blank": "   ",
    "long": "x" * 5000 + ".jpg",
}
hostile = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
ESCAPING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@hostile
def test_a_client_s_name_becomes_a_plain_one(name: str) -> None:
    cleaned = file_name_of(name, content_type="image/jpeg")
    key = raw_key(7, "PHOTO_VERTICAL", "seq-01", cleaned)

    assert cleaned.isascii()
    assert not set(cleaned) & set("/\\<>:\"|?*%=' \x00")
    assert RawKey.parse(key, listing_id=7).filename == f"seq-01-{cleaned}"
    assert key.count("/") == 4


@hostile
def test_a_key_with_a_hostile_name_stays_in_its_listing_or_is_refused(name: str) -> None:
    try:
        raw = RawKey.parse(f"7/raw/photo/vertical/{name}", listing_id=7)
    except InvalidKeyError as refused:
        problem = str(refused)
        raw = None
    if raw is None:
        assert not any(unicodedata.category(char) in ESCAPING for char in problem)
        return
    for key in (raw.rendition("large"), raw.video(), raw.poster("small")):
        assert key.startswith("7/processed/photo/vertical/")
        assert not {"", ".", ".."} & set(key.split("/"))


@hostile
def test_a_bundle_unpacks_inside_its_folder(name: str, tmp_path: Path) -> None:
    (entry,) = entry_names([f"photo/vertical/{name}"])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr(entry, b"x")
    with zipfile.ZipFile(archive) as reading:
        unpacked = Path(reading.extract(entry, tmp_path))

    assert unpacked.resolve().is_relative_to(tmp_path.resolve())
    assert unpacked.relative_to(tmp_path).as_posix() == entry
    assert all(len(part.encode()) <= MAX_COMPONENT_BYTES for part in entry.split("/"))
    assert not any(unicodedata.category(char) in ESCAPING for char in entry)


@hostile
def test_a_log_line_stays_one_line(name: str) -> None:
    out = io.StringIO()
    # Loggers of one name share the stream of the first.
    logger = Logger(service=f"test-{uuid.uuid4()}", stream=out, json_serializer=one_line)
    logger.warning("refused", extra={"key": name})
    (line,) = out.getvalue().splitlines()

    assert json.loads(line)["key"] == name
    assert line.isascii()


def test_hostile_keys_fail_alone_and_are_never_read() -> None:
    store = FakeStore()
    good = photo("vertical-01-sala.jpg")
    store.seed(good.key, JPEG)
    bad = [
        AssetRef(key=f"512/raw/photo/vertical/{NAMES[name]}", type="PHOTO_VERTICAL")
        for name in ("traversal", "windows traversal", "null byte", "line feed",
                     "right-to-left override", "zero width", "line separator")
    ]  # fmt: skip
    for asset in bad:
        store.seed(asset.key, JPEG)
    result, manifest = validate(store, *bad, good)

    assert [asset.error_code for asset in manifest.assets] == ["VALIDATION_ERROR"] * 7 + [""]
    assert result.invalid_count == 7
    assert manifest.batches == [[7]]
