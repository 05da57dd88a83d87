"""luban replay."""

import os
import subprocess
from typing import Annotated

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.stack import Options, Service, Stack, StackError


@refusing
def replay(
    service: Annotated[list[str] | None, typer.Argument(help="Which services; all by default.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Feed parked events and dead letters through their handlers again. Exit code 1 when some were refused again."""
    stack, options = Stack.read(data_dir), Options.read(data_dir.resolve())
    results = []
    with progress(quiet=as_json) as report:
        for each in _chosen(options.services, service):
            report(f"replaying {each.name}")
            results.append(_run(each, stack))
    if as_json:
        print_json(results)
    else:
        for result in results:
            console.print(f"{result['service']}: {result['output']}", highlight=False)
    if any(result["exit_code"] for result in results):
        raise typer.Exit(1)


def _chosen(services: tuple[Service, ...], names: list[str] | None) -> list[Service]:
    known = {service.name: service for service in services}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise StackError(f"no service is called {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names or known]


def _run(service: Service, stack: Stack) -> dict[str, str | int]:
    environment = {**os.environ, **stack.environment(service.name)}
    done = subprocess.run(  # noqa: S603 -- the stack's own program
        [*service.command, "replay"], env=environment, capture_output=True, text=True, check=False
    )
    output = done.stdout.strip() or done.stderr.strip()
    return {"service": service.name, "exit_code": done.returncode, "output": output}
