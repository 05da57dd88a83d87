"""The README's first steps work as printed."""

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
SECONDS = 300


def test_the_first_steps_of_three_users_work_as_printed(reachable_directory: Path) -> None:
    for name in (".venv", "data"):
        (reachable_directory / name).symlink_to(ROOT / name)
    blocks = re.findall(
        r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) == 5
    script = "set -euo pipefail\n" + "\n".join(blocks)
    try:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=reachable_directory,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        down = [str(ROOT / ".venv/bin/luban"), "down", "--data-dir", str(reachable_directory / ".luban")]
        subprocess.run(down, check=False, capture_output=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert '"ends_at":' in done.stdout
    assert '"found":"MATCH"' in done.stdout
    assert '"state":"ACCEPTED"' in done.stdout
