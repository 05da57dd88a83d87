"""Starting a stack and waiting until it answers; stopping it; how it is doing."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from luban.cli.apache import java_program, kafka_jars
from luban.cli.processes import ProcessError, log_tail, stop_marked, wait_until
from luban.cli.secret_files import read_json
from luban.cli.stack import (
    MARK,
    Options,
    Stack,
    StackError,
    exclusive,
    is_running,
    logs_directory,
    stack_file,
    state_file,
)

Report = Callable[[str], None]
"""Told what is being waited for, in words."""
MANY_RESTARTS = 3
STOP_SECONDS = 75.0
_STATE_SECONDS = 5.0
"""A supervisor that has just begun has not written its state yet."""
_supervisors: dict[Path, subprocess.Popen[bytes]] = {}
"""Those that this process started; they outlive it, and are reaped if it stops them itself."""


def start_stack(options: Options, report: Report = lambda _: None, seconds: float = 120.0) -> Stack:
    """Starts a supervisor and waits until every service answers its /readyz with 200, and takes commands.

    Raises StackError when a stack runs on the directory already, or when it does not come up in `seconds`; then
    everything that was started has been stopped again.
    """
    _refuse_other_kind(options)
    _have_what_apache_needs(options, report)
    try:
        with exclusive(options.data_dir) as lock:
            _reap(options.data_dir)
            options.write()
            state_file(options.data_dir).unlink(missing_ok=True)
            supervisor = _supervisors[options.data_dir] = _spawn(options.data_dir, lock)
    except BlockingIOError:
        raise StackError(f"a stack is running on {options.data_dir} already: see `luban status`") from None
    try:
        _wait_until_running(options.data_dir, supervisor, report, seconds)
        stack = Stack.read(options.data_dir)
        _wait_until_ready(stack, report, seconds)
    except BaseException:
        supervisor.terminate()
        _reap(options.data_dir)
        raise
    return Stack.read(options.data_dir)


def stop_stack(data_dir: Path, report: Report = lambda _: None) -> bool:
    """Stops the stack gracefully, or what is left of one whose supervisor was killed.

    Returns False when nothing was running. Raises StackError when it does not stop.
    """
    if not data_dir.exists():
        return False
    if not is_running(data_dir):
        _reap(data_dir)
        return bool(stop_marked(MARK, str(data_dir)))
    if not wait_until(lambda: _supervisor(data_dir) is not None, _STATE_SECONDS):
        raise StackError(f"{data_dir} is held by a process that is no supervisor of it: see `lsof {data_dir}/lock`")
    report("stopping")
    if (supervisor := _supervisor(data_dir)) is not None:
        with suppress(psutil.NoSuchProcess):
            supervisor.terminate()
    if not wait_until(lambda: not is_running(data_dir), STOP_SECONDS, every=0.05):
        raise StackError(f"the stack did not stop in {STOP_SECONDS:.0f} s; see {logs_directory(data_dir)}")
    _reap(data_dir)
    return True


def describe_stack(data_dir: Path) -> dict[str, Any]:
    """stage, error, and per process: name, pid, state, restarts, uptime in seconds, rss in bytes."""
    state = read_json(state_file(data_dir))
    if state is None:
        raise StackError(f"there is no stack at {data_dir}: start one with `luban up --data-dir {data_dir}`")
    running = is_running(data_dir)
    stage = state["stage"] if running or state["stage"] in ("stopped", "failed") else "killed"
    supervisor = {"name": "supervisor", "state": "running", "restarts": 0, "last_error": "", **state["supervisor"]}
    processes = [_measure(each) for each in (supervisor, *state["processes"])] if running else []
    return {"running": running, "stage": stage, "error": state["error"], "processes": processes}


def _reap(data_dir: Path) -> None:
    supervisor = _supervisors.pop(data_dir, None)
    if supervisor is not None:
        supervisor.wait(STOP_SECONDS)


def _measure(process: Mapping[str, Any]) -> dict[str, Any]:
    """Adds uptime and memory, its children's with it."""
    measured: dict[str, float | None] = {"uptime": None, "rss": None}
    with suppress(psutil.Error):
        found = psutil.Process(process["pid"]) if process["pid"] else None
        if found is not None:
            family = [found, *(found.children(recursive=True) if process["name"] != "supervisor" else [])]
            measured = {"uptime": round(time.time() - found.create_time(), 1), "rss": sum(map(_own_memory, family))}
    return {**process, **measured}


def _own_memory(process: psutil.Process) -> int:
    """Bytes; what several processes share (PostgreSQL's buffers) is divided among them where the system can tell."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.Error:
        return 0


def _refuse_other_kind(options: Options) -> None:
    before = read_json(stack_file(options.data_dir))
    if before is None:
        return
    if before["demo"] != options.demo:
        kind = "a demo stack" if before["demo"] else "a stack that is no demo"
        raise StackError(f"{options.data_dir} holds {kind}, and it stays one: choose another --data-dir")
    if before["profile"] != options.profile:
        raise StackError(
            f"{options.data_dir} holds a stack with the {before['profile']} profile's partitions, not the"
            f" {options.profile} one's. The number is a decision for life, as it maps keys to partitions:"
            f" give --profile {before['profile']}, or choose another --data-dir"
        )


def _have_what_apache_needs(options: Options, report: Report) -> None:
    """Before the supervisor begins, whose time is limited. Raises StackError where Java or Maven are missing."""
    if options.engine != "apache" or options.broker:
        return
    try:
        java_program()
        kafka_jars(report)
    except ProcessError as error:
        raise StackError(str(error)) from error


def _spawn(data_dir: Path, lock: int) -> subprocess.Popen[bytes]:
    """A session of its own, so that it outlives the terminal; the lock is handed over with the descriptor."""
    with (logs_directory(data_dir) / "supervisor.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, *_supervising(data_dir), str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock],
        )


def _wait_until_running(data_dir: Path, supervisor: subprocess.Popen[bytes], report: Report, seconds: float) -> None:
    def running() -> bool:
        state = read_json(state_file(data_dir), {"stage": "starting"})
        report(state["stage"])
        if supervisor.poll() is not None:
            log = logs_directory(data_dir) / "supervisor.log"
            raise StackError(f"the stack did not start: {state.get('error') or log_tail(log)}")
        return bool(state["stage"] == "running")

    if not wait_until(running, seconds, every=0.05):
        raise StackError(f"the stack did not start within {seconds:.0f} s; see {logs_directory(data_dir)}")


def _wait_until_ready(stack: Stack, report: Report, seconds: float) -> None:
    waiting = dict(stack.urls)

    def ready() -> bool:
        for name in [name for name, url in waiting.items() if _answers(client, url)]:
            del waiting[name]
        report("waiting for " + ", ".join(waiting) if waiting else "ready")
        _refuse_restarts(Path(stack.data_dir))
        return not waiting

    with httpx.Client(trust_env=False, timeout=2.0) as client:
        answered = wait_until(ready, seconds, every=0.1)
    if not answered:
        raise StackError(f"no answer from {', '.join(waiting)} within {seconds:.0f} s; see {stack.data_dir}/logs")


def _answers(client: httpx.Client, url: str) -> bool:
    with suppress(httpx.HTTPError, ValueError):
        answer = client.get(f"{url}/readyz")
        told = answer.json() if answer.content else {}
        return answer.status_code == httpx.codes.OK and told.get("shown", {}).get("accepts_commands", True)
    return False


def _refuse_restarts(data_dir: Path) -> None:
    for process in read_json(state_file(data_dir))["processes"]:
        if process["restarts"] >= MANY_RESTARTS:
            tail = log_tail(logs_directory(data_dir) / f"{process['name']}.log")
            raise StackError(f"{process['name']} keeps ending ({process['last_error']}); the end of its log:\n{tail}")


def _supervisor(data_dir: Path) -> psutil.Process | None:
    """The supervisor that state.json names, if that process is one of this directory.

    It is known by its command line: its time of start is told by the wall clock, and moves when the clock is set.
    """
    state = read_json(state_file(data_dir))
    with suppress(psutil.NoSuchProcess, TypeError, json.JSONDecodeError):
        process = psutil.Process(state["supervisor"]["pid"])
        if process.cmdline()[1:-1] == _supervising(data_dir):
            return process
    return None


def _supervising(data_dir: Path) -> list[str]:
    """A supervisor's arguments, without the lock's descriptor, which is the last."""
    return ["-m", "luban.cli.supervisor", str(data_dir.resolve())]
