"""luban papers."""

import re
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.printing import MOST_AT_ONCE, Press, print_plan
from luban.cli.stack import Stack, StackError

TIMEOUT_SECONDS = 30.0
LANGUAGES = re.compile("zh|bilingual")


@refusing
def papers(
    plan_id: Annotated[UUID, typer.Argument(help="The plan whose certificates are printed.")],
    out: Annotated[Path, typer.Option(help="Folder for NUMBER.pdf.", file_okay=False)],
    token_file: Annotated[Path, typer.Option(help="A token of the body or the province, as `luban token` gives it.")],
    url: Annotated[str | None, typer.Option(help="The certificate service; the own stack's without.")] = None,
    language: Annotated[str, typer.Option(help="zh or bilingual.")] = "zh",
    most: Annotated[int, typer.Option(help="Papers in one batch.", min=1, max=MOST_AT_ONCE)] = MOST_AT_ONCE,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Print a plan's valid certificates as PDF. What stands in the folder is kept: run it again for the next batch."""
    if not LANGUAGES.fullmatch(language):
        raise StackError(f"--language is {language!r}; there are zh and bilingual")
    address = (url or Stack.read(data_dir).urls["certificate"]).rstrip("/")
    try:
        token = token_file.read_text(encoding="utf-8").strip()
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"{error.filename} cannot be used ({error.strerror})") from error
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client, progress(quiet=as_json) as report:
        printed = print_plan(
            Press(client, address, token), str(plan_id), out, language, most,
            lambda done, of: report(f"{done} of {of} certificates"),
        )  # fmt: skip
    if as_json:
        print_json(vars(printed))
    else:
        console.print(
            f"{printed.written} written to {out}, {printed.kept} there already, {printed.withdrawn} withdrawn,"
            f" {printed.suspended} suspended, {printed.left} left for the next batch",
            markup=False,
            highlight=False,
        )
