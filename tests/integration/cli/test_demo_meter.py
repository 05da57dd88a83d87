"""The meter measures a real family of processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from luban.cli.demo.meter import Meter, Usage
from luban.cli.processes import wait_until

BUSY = "sum(range(3_000_000)); bytearray(60 * 2**20); print('done', flush=True); input()"
_MEGABYTES = 40


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"supervisor": {"pid": os.getpid()}}), encoding="utf-8")
    return path


def test_children_count_while_they_live_and_after(state_file: Path) -> None:
    with Meter(state_file) as meter:
        child = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        alive = meter.usage().cpu_seconds
        child.communicate(b"\n")
        ended = meter.usage().cpu_seconds
    assert alive is not None
    assert ended is not None
    assert 0 < alive <= ended


def test_the_peak_stays(state_file: Path) -> None:
    with Meter(state_file) as meter:
        before = meter.usage().peak_rss_mb
        held = bytearray(b"x" * (2 * _MEGABYTES * 2**20))
        assert wait_until(lambda: (meter.usage().peak_rss_mb or 0) > (before or 0) + _MEGABYTES, 10)
        del held
        peak = meter.usage().peak_rss_mb
    assert peak is not None
    assert before is not None
    assert peak > before + _MEGABYTES


def test_processes_that_cannot_be_seen_are_not_guessed(tmp_path: Path) -> None:
    with Meter(tmp_path / "state.json") as meter:
        assert meter.usage() == Usage(None, None)
