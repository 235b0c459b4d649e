"""Entry names that every common unpacker can write to disk, once each.

Key paths come from clients. Windows' rules are the strictest and its users the most numerous, so
they hold for everyone: https://learn.microsoft.com/windows/win32/fileio/naming-a-file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

MAX_COMPONENT_BYTES: Final = 255
"""Longest file or folder name of ext4 in bytes; NTFS and APFS allow no less."""

_FORBIDDEN: Final = frozenset('<>:"|?*\\/')
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"}
)
_MAX_SUFFIX_BYTES: Final = 16


def entry_names(paths: Iterable[str]) -> list[str]:
    """Safe, distinct entry names for relative paths, in their order.

    Names that differ only in case count as equal, since Windows and macOS would overwrite one with
    the other; the later one gets ` (2)`, ` (3)` and so on before its extension. So does a name
    that is also a folder of another entry.
    """
    safe = [_safe_path(path) for path in paths]
    taken = {_folded(folder) for path in safe for folder in _folders(path)}
    next_number: dict[str, int] = {}
    names = []
    for path in safe:
        name, wanted = path, _folded(path)
        while _folded(name) in taken:
            number = next_number.get(wanted, 2)
            next_number[wanted] = number + 1
            name = _numbered(path, number)
        taken.add(_folded(name))
        names.append(name)
    return names


def _safe_path(path: str) -> str:
    return "/".join(_safe_component(part) for part in path.split("/") if part)


def _safe_component(part: str) -> str:
    visible = "".join(
        "_" if char in _FORBIDDEN or unicodedata.category(char) in _INVISIBLE else char
        for char in part
    )
    name = unicodedata.normalize("NFC", visible).strip(" ").rstrip(" .") or "_"
    if name.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        name = f"_{name}"
    stem, suffix = _split(name)
    return _cut(stem, MAX_COMPONENT_BYTES - len(suffix.encode())) + suffix


def _numbered(path: str, number: int) -> str:
    folder, slash, name = path.rpartition("/")
    stem, suffix = _split(name)
    suffix = f" ({number}){suffix}"
    return f"{folder}{slash}{_cut(stem, MAX_COMPONENT_BYTES - len(suffix.encode()))}{suffix}"


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    suffix = dot + extension
    if not stem or len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        return name, ""
    return stem, suffix


def _cut(text: str, limit: int) -> str:
    data = text.encode()
    return text if len(data) <= limit else data[:limit].decode(errors="ignore").rstrip(" .")


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
