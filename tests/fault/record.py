"""What fault runs came to, kept for the tables of docs/guarantees.md."""

import json
import os
from pathlib import Path

OUTCOMES = Path(os.environ.get("LUBAN_FAULT_OUTCOMES") or Path(__file__).parents[2] / "build" / "fault-outcomes.jsonl")


def record_outcome(table: str, row: str, column: str, outcome: str) -> None:
    """Adds one cell; a later run's replaces it in the tables."""
    OUTCOMES.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"table": table, "row": row, "column": column, "outcome": outcome}, ensure_ascii=False)
    with OUTCOMES.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
