"""luban addresses."""

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, print_json, refusing
from luban.cli.stack import Stack


@refusing
def addresses(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Print the services' addresses for a shell: eval "$(luban addresses)" sets $REGISTRATION, $EXAM, $CERTIFICATE."""
    urls = Stack.read(data_dir).urls
    if as_json:
        print_json(dict(urls))
        return
    for service, url in urls.items():
        typer.echo(f"export {service.upper()}={url}")
