"""CRC-32 of whole entries, out of the CRC-32 of their pieces in whatever order those arrive."""

from __future__ import annotations

import threading
from typing import Final

_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 1 << 31
_X: Final = 1 << 30


def combine(first: int, second: int, second_length: int) -> int:
    """CRC-32 of two byte strings end to end, from the CRC-32 of each.

    Appending `n` bytes multiplies the first checksum by x^(8n) modulo the CRC's polynomial: the
    method of zlib's `crc32_combine`, which Python's zlib does not offer.
    """
    return _multiply(_x_to_the(second_length * 8), first) ^ second


class AbandonedError(Exception):
    """Another part of the archive failed, so what is waited for may never come."""


class Checksums:
    """Collects the pieces' checksums of every entry; readers wait until an entry is complete.

    Args:
        sizes: length of each entry in bytes.
    """

    def __init__(self, sizes: list[int]) -> None:
        self._missing = list(sizes)
        self._pieces: list[dict[int, tuple[int, int]]] = [{} for _ in sizes]
        self._known = {entry: 0 for entry, size in enumerate(sizes) if not size}
        self._changed = threading.Condition()
        self._failed = False

    def tell(self, entry: int, crc32: int) -> None:
        """Take an entry's checksum from someone who knows it; its pieces no longer matter."""
        with self._changed:
            self._known[entry] = crc32
            self._changed.notify_all()

    def knows(self, entry: int) -> bool:
        """Whether an entry's checksum is there already."""
        with self._changed:
            return entry in self._known

    def add(self, entry: int, start: int, length: int, crc32: int) -> None:
        """Take the checksum of the piece of an entry that begins at `start`."""
        with self._changed:
            if entry in self._known:
                return
            self._pieces[entry][start] = (length, crc32)
            self._missing[entry] -= length
            if self._missing[entry] == 0:
                self._known[entry] = _joined(self._pieces[entry])
                self._pieces[entry] = {}
                self._changed.notify_all()

    def wait(self, entry: int) -> int:
        """The entry's checksum, as soon as its last piece has arrived.

        Raises:
            AbandonedError: `fail` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._failed or entry in self._known)
            if self._failed:
                raise AbandonedError
            return self._known[entry]

    def fail(self) -> None:
        """Wake everyone who waits: the archive will not be finished."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()


def _joined(pieces: dict[int, tuple[int, int]]) -> int:
    total = 0
    for _, (length, crc32) in sorted(pieces.items()):
        total = combine(total, crc32, length)
    return total


def _multiply(left: int, right: int) -> int:
    """Product of two polynomials over GF(2) modulo the CRC's, both in reflected bit order."""
    product = 0
    while left:
        if left & _ONE:
            product ^= right
        left = left << 1 & 0xFFFFFFFF
        right = right >> 1 ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


def _x_to_the(exponent: int) -> int:
    power, square = _ONE, _X
    while exponent:
        if exponent & 1:
            power = _multiply(power, square)
        square = _multiply(square, square)
        exponent >>= 1
    return power
