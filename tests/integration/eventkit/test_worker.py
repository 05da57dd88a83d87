"""A worker whose loop hangs ends, so that its supervisor starts it anew; one that only waits does not."""

import os
import subprocess
import sys

import pytest

from luban.eventkit.worker import FROZEN

PROGRAM = """
import sys, threading
from luban.eventkit.pulse import Pulse
from luban.eventkit.worker import Worker

class Loop:
    def __init__(self, within):
        self.pulse = Pulse()
        self.within = within
    def run(self, stop):
        self.pulse.beat(self.within)
        threading.Event().wait(2.5)
        stop.set()

sys.exit(Worker({"quick": Loop(60), "other": Loop(float(sys.argv[1]))}).run())
"""


@pytest.mark.parametrize(("promise", "code"), [("0.2", FROZEN), ("60", 0)])
def test_only_a_loop_that_breaks_its_promise_ends_the_process(promise: str, code: int) -> None:
    command = [sys.executable, "-c", PROGRAM, promise]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert ("other" in done.stderr) == (code == FROZEN)
