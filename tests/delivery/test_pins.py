"""Locks are hashed and name no place to fetch from, so that any mirror serves them."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock.read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_of_a_lock_is_pinned_and_hashed(lock: Path) -> None:
    packages = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==", package), package.splitlines()[0]
        assert "--hash=sha256:" in package, package.splitlines()[0]


@pytest.mark.parametrize("source", sorted(REQUIREMENTS.glob("*.in")), ids=lambda path: path.name)
def test_every_source_has_its_lock(source: Path) -> None:
    assert source.with_suffix(".txt") in LOCKS
