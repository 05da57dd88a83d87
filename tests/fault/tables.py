"""Writes what the fault runs came to into docs/guarantees.md: `python -m tests.fault.tables`.

A table stands between two comments, `<!-- faults: NAME -->` and `<!-- end of faults -->`, and is written anew when
build/fault-outcomes.jsonl has outcomes of it. Of a cell that was run more than once the last outcome counts.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.fault import matrix
from tests.fault.record import OUTCOMES

GUARANTEES = Path(__file__).parents[2] / "docs" / "guarantees.md"
_PLACE = re.compile(r"(<!-- faults: (.+?) -->\n)(.*?)(<!-- end of faults -->)", re.DOTALL)
Cells = Mapping[tuple[str, str], str]
"""Outcomes by row and column, both in the order in which they first came."""


class UnwrittenError(Exception):
    """A table cannot be written; the text says why."""


def read_outcomes(lines: Iterable[str]) -> dict[str, Cells]:
    """Tables by name."""
    tables: dict[str, dict[tuple[str, str], str]] = {}
    for line in lines:
        told = json.loads(line)
        tables.setdefault(told["table"], {})[told["row"], told["column"]] = told["outcome"]
    return dict(tables)


def placed_tables(text: str) -> dict[str, str]:
    """What stands in each place of a text, by name."""
    return {name: content for _, name, content, _ in _PLACE.findall(text)}


def write_tables(text: str, tables: Mapping[str, Cells]) -> str:
    """The text with these tables in their places. Raises UnwrittenError for one that has no place or lacks cells."""
    homeless = tables.keys() - placed_tables(text).keys()
    if homeless:
        raise UnwrittenError(f"no place for {', '.join(sorted(homeless))}: write `<!-- faults: NAME -->` there")
    return _PLACE.sub(
        lambda found: found[1] + rendered(found[2], tables[found[2]]) + found[4] if found[2] in tables else found[0],
        text,
    )


def rendered(name: str, cells: Cells) -> str:
    """Markdown. The matrix has all its rows and columns, and letters where a cell cannot be. Raises UnwrittenError."""
    if name not in matrix.TABLES:
        rows, columns = (list(dict.fromkeys(each)) for each in zip(*cells, strict=True))
        return _markdown(rows, columns, cells)
    absent = matrix.absent(matrix.TABLES[name])
    letters = {reason: chr(ord("a") + place) for place, reason in enumerate(dict.fromkeys(absent.values()))}
    whole = dict(cells) | {(matrix.title(row), str(column)): letters[why] for (row, column), why in absent.items()}
    rows, columns = [*map(matrix.title, matrix.ROWS), matrix.SEED], list(map(str, matrix.Column))
    lacking = [f"{row}, {column}" for row in rows for column in columns if not whole.get((row, column))]
    if lacking:
        raise UnwrittenError(f"the table {name} lacks {len(lacking)} cells, the first {lacking[0]}: run `make fault`")
    notes = "".join(f"{letter}: {reason}.  \n" for reason, letter in letters.items())
    return _markdown(rows, columns, whole) + "\n" + notes


def _markdown(rows: Iterable[str], columns: Iterable[str], cells: Cells) -> str:
    columns = list(columns)
    lines = [["", *columns], ["---"] * (1 + len(columns))]
    lines += [[row, *(cells.get((row, column), "") for column in columns)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> int:
    """The process's exit code: 1 when something was left unwritten, with the reason on standard error."""
    tables = read_outcomes(OUTCOMES.read_text(encoding="utf-8").splitlines()) if OUTCOMES.exists() else {}
    try:
        written = write_tables(GUARANTEES.read_text(encoding="utf-8"), tables)
    except UnwrittenError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    GUARANTEES.write_text(written, encoding="utf-8")
    for name in tables:
        print(f"{name}\n\n{placed_tables(written)[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
