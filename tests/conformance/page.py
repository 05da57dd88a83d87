"""Writes the table of docs/conformance.md from a run: `python -m tests.conformance.page` (make conformance)."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PAGE = ROOT / "docs/conformance.md"
BEGIN, END = "<!-- suites -->\n", "<!-- end of suites -->\n"
HEAD = "| suite | cases | passed | failed | not run |\n|---|---|---|---|---|\n"


def modules() -> list[Path]:
    """One file of tests for each suite."""
    return sorted(FOLDER.glob("test_*.py"))


def suite(module: Path) -> str:
    """What the file says it tests, in its own words."""
    said = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return f"{said.rstrip('.')} (`{module.name}`)"


def run(report: Path) -> dict[str, Counter[str]]:
    """Outcomes by file."""
    subprocess.run([sys.executable, "-m", "pytest", "-q", FOLDER, f"--junitxml={report}"], cwd=ROOT, check=False)
    outcomes: dict[str, Counter[str]] = {module.name: Counter() for module in modules()}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcome = "passed" if not kinds else "not run" if kinds == {"skipped"} else "failed"
        outcomes[case.attrib["classname"].rpartition(".")[2] + ".py"][outcome] += 1
    return outcomes


def row(module: Path, found: Counter[str]) -> str:
    """A line of the table."""
    counts = (sum(found.values()), found["passed"], found["failed"], found["not run"])
    return f"| {suite(module)} | {' | '.join(map(str, counts))} |\n"


def written(text: str) -> str:
    """What stands between the marks."""
    return text.partition(BEGIN)[2].partition(END)[0]


def main() -> int:
    """Runs all suites and writes what became of them; 1 where one failed."""
    report = ROOT / "build/conformance.xml"
    report.parent.mkdir(exist_ok=True)
    outcomes = run(report)
    table = HEAD + "".join(row(module, outcomes[module.name]) for module in modules())
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text.replace(BEGIN + written(text), BEGIN + table), encoding="utf-8")
    return 1 if any(found["failed"] for found in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
