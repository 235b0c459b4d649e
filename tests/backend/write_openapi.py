"""`make openapi`: the API's description as a file for clients and reviewers."""

import json
from pathlib import Path

from backend.app import create_app
from tests.backend.backend_fakes import FakeAws
from tests.backend.backend_harness import settings_for

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"

if __name__ == "__main__":
    app = create_app(settings_for("sqlite://"), aws=FakeAws().ports)
    FILE.write_text(json.dumps(app.openapi(), indent=2) + "\n")
