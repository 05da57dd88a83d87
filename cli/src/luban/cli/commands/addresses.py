"""luban addresses."""

from typing import Annotated

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, print_json, refusing
from luban.cli.stack import Stack


@refusing
def addresses(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
    targets: Annotated[bool, typer.Option("--targets", help="For Prometheus: a file_sd list of /metrics.")] = False,
) -> None:
    """Print the services' addresses for a shell: eval "$(luban addresses)" sets $EXAM, $EXAM_WORKER and the like."""
    stack = Stack.read(data_dir)
    if targets:
        print_json([_target(*each) for each in stack.monitoring.items()])
        return
    urls = stack.urls
    if as_json:
        print_json(dict(urls))
        return
    for service, url in urls.items():
        typer.echo(f"export {service.upper()}={url}")
        if worker := stack.monitoring.get(f"{service}.worker"):
            typer.echo(f"export {service.upper()}_WORKER={worker}")


def _target(process: str, url: str) -> dict[str, object]:
    service, _, role = process.partition(".")
    return {"targets": [url.removeprefix("http://")], "labels": {"service": service, "process": role}}
