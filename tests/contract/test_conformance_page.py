"""docs/conformance.md tells every suite and as many cases as there are, none of them failed or left out."""

import re
import subprocess
import sys
from collections import Counter

from tests.conformance.page import FOLDER, PAGE, ROOT, modules, row, written

CASE = re.compile(r"^(?:.*/)?(test_\w+\.py)::", re.MULTILINE)


def test_the_page_tells_what_there_is() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", str(FOLDER)]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    cases = Counter(CASE.findall(collected))
    due = [row(module, Counter(passed=cases[module.name])) for module in modules()]
    told = written(PAGE.read_text(encoding="utf-8")).splitlines(keepends=True)[2:]
    assert told == due, "run: make conformance"
