"""`python -m bench NAME [ARGUMENTS]`; NAMES are those there are."""

import runpy
import sys
from pathlib import Path

NAMES = ("audit", "end_to_end", "issue", "kernel", "papers", "registration", "status_list", "verification")


def main() -> None:
    """Runs one benchmark as a program of its own."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"which benchmark? {', '.join(NAMES)}; see {Path(__file__).parent}/README.md")
    name = sys.argv.pop(1)
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)


main()
