import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """Synthetic numbers and the worked examples of the national standards."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "test_vectors.json").read_text(encoding="utf-8"))
    return found
