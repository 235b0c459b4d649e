import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toq_media.zipping.names import MAX_COMPONENT_BYTES, entry_names


def name_of(path: str) -> str:
    return entry_names([path])[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("photo/vertical/vertical-02-sala.jpg", "photo/vertical/vertical-02-sala.jpg"),
        ("/etc/passwd", "etc/passwd"),
        ("../../x.jpg", "_/_/x.jpg"),
        ("C:\\Windows\\x.jpg", "C__Windows_x.jpg"),
        ("misc/con", "misc/_con"),
        ("misc/NUL.tar.gz", "misc/_NUL.tar.gz"),
        ("misc/lpt1 .txt", "misc/_lpt1 .txt"),
        ("misc/COM².txt", "misc/_COM².txt"),
        ("misc/console.txt", "misc/console.txt"),
        ("misc/name. . ", "misc/name"),
        ("misc/a\x00b\x1fc\x7f.jpg", "misc/a_b_c_.jpg"),
        ("misc/\u202egpj.exe", "misc/_gpj.exe"),
        ('misc/a<b>"c|d?e*.jpg', "misc/a_b__c_d_e_.jpg"),
        ("misc/cafe\u0301.jpg", "misc/caf\u00e9.jpg"),
        ("misc/😀.jpg", "misc/😀.jpg"),
        ("misc/...", "misc/_"),
    ],
)
def test_a_name_becomes_one_that_windows_takes(path: str, expected: str) -> None:
    assert name_of(path) == expected


def test_names_that_differ_only_in_case_get_numbers_before_the_extension() -> None:
    names = entry_names(["photo/a.jpg", "photo/A.JPG", "Photo/a.jpg", "photo/b.jpg"])
    assert names == ["photo/a.jpg", "photo/A (2).JPG", "Photo/a (3).jpg", "photo/b.jpg"]


def test_a_number_that_is_taken_is_passed_over() -> None:
    names = entry_names(["a.jpg", "a (2).jpg", "a.jpg"])
    assert names == ["a.jpg", "a (2).jpg", "a (3).jpg"]


def test_a_file_never_has_the_name_of_a_folder() -> None:
    assert entry_names(["photo/a", "photo/A/b.jpg"]) == ["photo/a (2)", "photo/A/b.jpg"]


def test_a_long_name_keeps_its_extension() -> None:
    name = name_of("é" * 300 + ".jpeg")
    assert name.endswith("é.jpeg")
    assert len(name.encode()) <= MAX_COMPONENT_BYTES


def test_long_equal_names_stay_distinct_and_short() -> None:
    names = entry_names([f"{'é' * 300}.jpeg"] * 12)
    assert len(set(names)) == 12
    assert max(len(name.encode()) for name in names) <= MAX_COMPONENT_BYTES


@given(st.lists(st.text(min_size=1, max_size=300), max_size=20))
def test_whatever_the_paths_the_names_are_safe_and_distinct(paths: list[str]) -> None:
    names = entry_names([f"misc/{path}" for path in paths])
    assert len({name.casefold() for name in names}) == len(paths)
    for name in names:
        assert not name.startswith("/")
        assert unicodedata.is_normalized("NFC", name)
        for part in name.split("/"):
            assert part not in {"", ".", ".."}
            assert len(part.encode()) <= MAX_COMPONENT_BYTES
            assert not part.endswith((".", " "))
            assert not set(part) & set('<>:"|?*\\')
            assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in part)
