"""luban postgres."""

import os
import shutil
from typing import Annotated

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, refusing
from luban.cli.postgres import client_environment, postgres_program
from luban.cli.processes import ProcessError
from luban.cli.stack import Stack, StackError


@refusing
def postgres(
    program: Annotated[str, typer.Argument(help="psql, pg_dump, pg_restore, pg_basebackup, pg_receivewal …")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Its own arguments.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Run one of PostgreSQL's own programs as the administrator of the stack's server."""
    environment = {**os.environ, **client_environment(Stack.read(data_dir).admin_database)}
    path = _find(program)
    os.execve(path, [program, *(arguments or [])], environment)  # noqa: S606 -- it is what was asked for


def _find(program: str) -> str:
    try:
        return str(postgres_program(program))
    except ProcessError:
        found = shutil.which(program)
    if found is None:
        raise StackError(f"there is no program {program!r} here: install PostgreSQL's client programs")
    return found
