"""Golden payloads: what other systems send and receive may grow, never change."""

import json
from pathlib import Path

import msgspec
import pytest

from toq_media import contracts
from toq_media.errors import InvalidMessageError

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))

INNER = {
    "AssetRef", "ManifestAsset", "AssetResult", "BranchItem", "CallbackError", "AssetOutput",
    "SkippedSource", "StateError", "Wire",
}  # fmt: skip
"""Models that only stand inside others."""


def model_of(path: Path) -> type[msgspec.Struct]:
    model: type[msgspec.Struct] = getattr(contracts, path.stem.split(".")[0])
    return model


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_round_trip(path: Path) -> None:
    decoded = contracts.decode(path.read_bytes(), model_of(path))
    assert json.loads(contracts.encode(decoded)) == json.loads(path.read_text())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_unknown_fields_are_ignored(path: Path) -> None:
    grown = json.loads(path.read_text()) | {"addedLater": [1]}
    assert contracts.decode(json.dumps(grown), model_of(path)) == contracts.decode(
        path.read_bytes(), model_of(path)
    )


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_wrong_type_names_its_field(path: Path) -> None:
    payload = json.loads(path.read_text())
    field = next(iter(payload))
    with pytest.raises(InvalidMessageError, match=rf"{model_of(path).__name__}.*\$\.{field}"):
        contracts.decode(json.dumps(payload | {field: {"wrong": "type"}}), model_of(path))


def test_every_boundary_has_a_golden_payload() -> None:
    models = {
        name
        for name, value in vars(contracts).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    covered = {path.stem.split(".")[0] for path in GOLDEN}
    assert models - INNER - {"Struct"} == covered
