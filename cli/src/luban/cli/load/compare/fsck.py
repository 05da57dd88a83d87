"""`luban fsck` in a process of its own, so that what it holds in memory goes with it."""

import asyncio
import json
import sys
import time
from pathlib import Path

from luban.cli.fsck.check import Check

_AGAIN_SECONDS = 2.0
_WAITS = "no event waits or is dead"
"""The end of the names of checks that time may mend: a parked event is tried again with growing pauses."""


async def fsck(stack: Path, deadline: float) -> list[Check]:
    """Its checks; looked at again until the deadline (monotonic) while only events that wait are found."""
    while True:
        checks = await _run(stack)
        broken = [check for check in checks if not check.ok]
        if not broken or time.monotonic() >= deadline or not all(each.name.endswith(_WAITS) for each in broken):
            return checks
        await asyncio.sleep(_AGAIN_SECONDS)


async def _run(stack: Path) -> list[Check]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "luban.cli.main", "fsck", "--stack", str(stack), "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, said = await process.communicate()
    try:
        found = json.loads(output)["checks"]
    except (ValueError, KeyError):
        return [Check("luban fsck ran to its end", 1, 1, said.decode(errors="replace").strip()[-300:])]
    return [Check(each["name"], each["count"], each["violations"], each["detail"]) for each in found]
