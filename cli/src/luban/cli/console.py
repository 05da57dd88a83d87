"""How commands speak: to people on the terminal, to scripts in JSON, and of refusals on standard error."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer
from rich.console import Console

from luban.cli.processes import ProcessError
from luban.cli.stack import StackError
from luban.reference.refusal import Refusal

P = ParamSpec("P")
T = TypeVar("T")

console = Console()
errors = Console(stderr=True)

DataDir = Annotated[Path, typer.Option("--data-dir", envvar="LUBAN_DATA_DIR", help="Where the stack keeps everything.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DEFAULT_DATA_DIR = Path(".luban")


def refusing(command: Callable[P, T]) -> Callable[P, T]:
    """A command that ends with the reason and exit code 1 when it cannot be done."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (StackError, ProcessError, Refusal) as error:
            errors.print(f"[bold red]luban:[/] {_plain(error)}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error

    return run


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner with words that change; nothing when quiet. On standard error, so that output stays clean."""
    if quiet:
        yield lambda _: None
        return
    with errors.status("starting") as status:
        yield status.update


def _plain(error: Exception) -> str:
    return str(error).replace("[", "\\[")
