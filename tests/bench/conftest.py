from typing import Any

import pytest
import yaml

from components.functions.bundle import ROOT


@pytest.fixture(scope="session")
def schema_defaults() -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return {name: entry.get("default") for name, entry in config.items()}
