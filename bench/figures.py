"""Figures beside the machine, the commit and the day they were taken on."""

import csv
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """What a figure stands beside."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    models = (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name"))
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "cpu": next(models, platform.machine()),
        "python": platform.python_version(),
    }


def append_row(file: Path, row: dict[str, Any]) -> None:
    """Adds a line; the first one writes the header."""
    fresh = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, fieldnames=list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
