"""`kill -9` while the demo runs: of every process, one after another, and of the whole stack at once.

The demo acts only from outside and compares every figure with what its seed implies, so an entry, mark, result or
certificate that was lost or doubled makes it fail; fsck is part of its verdict.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest

from luban.cli.launch import start_stack, stop_stack
from luban.cli.processes import wait_until
from luban.cli.secret_files import read_json
from luban.cli.stack import Options, Stack, prepare_directory, state_file

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
CANDIDATES = 150
"""So many that the demo outlasts every kill on a fast machine."""
DEMO_SECONDS = 420
PROCESSES = [
    "registration.api",
    "registration.worker",
    "exam.api",
    "exam.worker",
    "certificate.api",
    "certificate.worker",
    "postgres",
    "broker",
]


def kill(pid: int) -> None:
    """SIGKILL, as the machine's own out-of-memory killer would."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def pid_of(data_dir: Path, name: str) -> int | None:
    """The process that the supervisor runs under a name just now."""
    state = read_json(state_file(data_dir), {"processes": []})
    return next((each["pid"] for each in state["processes"] if each["name"] == name and each["pid"]), None)


@contextmanager
def running_demo(data_dir: Path, stack: Stack, report: Path, seed: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The demo as a user runs it, against a stack that is there already."""
    stack_json = Path(stack.data_dir) / "stack.json"
    options = ["--candidates", str(CANDIDATES), "--seed", str(seed), "--stack", str(stack_json), "--json", str(report)]
    with (data_dir / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "luban.cli.main", "demo", *options], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def check_verdict(process: "subprocess.Popen[bytes]", data_dir: Path, report: Path) -> None:
    """The cycle ended, every figure is what the seed implies, every invariant holds."""
    code = process.wait(DEMO_SECONDS)
    said = (data_dir / "demo.log").read_text(errors="replace")[-4000:]
    assert code == 0, said
    figures: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    assert figures["fsck"]["ok"], figures["fsck"]
    assert all(track["certificates"] for track in figures["tracks"].values())


def seed_of(request: pytest.FixtureRequest) -> int:
    """Another moment for every kill in every run; printed, and given again by LUBAN_FAULT_SEED."""
    seed = int(os.environ.get("LUBAN_FAULT_SEED") or random.randrange(10**6))
    print(f"{request.node.name}: LUBAN_FAULT_SEED={seed}")
    return seed


def test_every_process_killed_in_turn(
    reachable_directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    moments = random.Random(seed_of(request))
    directory = prepare_directory(reachable_directory / "stack")
    stack = start_stack(Options(directory, demo=True), seconds=240)
    victims = moments.sample(PROCESSES, len(PROCESSES))
    killed: list[str] = []
    try:
        with running_demo(tmp_path, stack, tmp_path / "demo.json", seed=moments.randrange(1000)) as demo:
            for victim in victims:
                if ended_within(demo, moments.uniform(0.5, 2.0)):
                    break
                assert wait_until(lambda name=victim: pid_of(directory, name) is not None, 60)  # type: ignore[misc]
                pid = pid_of(directory, victim)
                assert pid is not None
                kill(pid)
                killed.append(victim)
            check_verdict(demo, tmp_path, tmp_path / "demo.json")
    finally:
        stop_stack(directory)
    assert killed == victims, f"the demo was over before all were killed: {killed}"


def test_the_whole_stack_killed_and_started_again_on_the_same_data(
    reachable_directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    moments = random.Random(seed_of(request))
    directory = prepare_directory(reachable_directory / "stack")
    options = Options(directory, demo=True)
    stack = start_stack(options, seconds=240)
    try:
        with running_demo(tmp_path, stack, tmp_path / "demo.json", seed=moments.randrange(1000)) as demo:
            for _ in range(2):
                assert not ended_within(demo, moments.uniform(2.0, 5.0)), "the demo was over before the kill"
                kill_everything(directory)
                start_stack(options, seconds=240)
            check_verdict(demo, tmp_path, tmp_path / "demo.json")
    finally:
        stop_stack(directory)


def ended_within(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether a process ended in that time. The pause is the fault's random moment; nothing is waited for."""
    Event().wait(seconds)
    return process.poll() is not None


def kill_everything(data_dir: Path) -> None:
    """The supervisor first, so that it cannot restart the others; then whatever of the stack still lives."""
    state = read_json(state_file(data_dir))
    supervisor = psutil.Process(state["supervisor"]["pid"])
    family = supervisor.children(recursive=True)
    supervisor.kill()
    for process in family:
        kill(process.pid)
    psutil.wait_procs([supervisor, *family], timeout=30)
