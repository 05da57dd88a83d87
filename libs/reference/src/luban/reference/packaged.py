"""Reading the tables that are packaged under `data/`."""

import csv
from collections.abc import Iterator
from importlib.resources import files


def packaged_text(name: str) -> str:
    """The whole text of one packaged file."""
    return (files("luban.reference") / "data" / name).read_text(encoding="utf-8")


def packaged_rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one packaged CSV file, by the names in its first line."""
    return csv.DictReader(packaged_text(name).splitlines())
