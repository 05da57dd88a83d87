"""luban recover."""

import os
import subprocess
from typing import Annotated

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, refusing
from luban.cli.stack import Options, Stack, StackError


@refusing
def recover(
    service: Annotated[str, typer.Argument(help="Whose database was restored from the past.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what its journal lacks.")] = False,
) -> None:
    """Bring a database that was restored from the past to where its topic is. Exit code 1 while it is not there."""
    stack, options = Stack.read(data_dir), Options.read(data_dir.resolve())
    found = next((each for each in options.services if each.name == service), None)
    if found is None:
        known = ", ".join(each.name for each in options.services)
        raise StackError(f"no service is called {service}; there are {known}")
    command = [*found.command, "recover", *(["--dry-run"] if dry_run else [])]
    environment = {**os.environ, **stack.environment(service)}
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 -- our own program
