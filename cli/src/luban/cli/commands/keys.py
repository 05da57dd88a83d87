"""luban keys show, luban keys add, luban keys rotate; luban keys proof."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from luban.cli.commands import proof_keys
from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, refusing
from luban.cli.keys import KeyFiles, add_sealing_keys, rotate_lookup_key, rotate_sealing_keys
from luban.cli.secret_files import read_json
from luban.cli.stack import StackError, is_running
from luban.reference.shanghai import SHANGHAI

app = typer.Typer(help="The key ring that seals personal data and finds people by keyed hashes.", no_args_is_help=True)
app.add_typer(proof_keys.app, name="proof")


Ring = Annotated[Path | None, typer.Option("--keyring", help="The key ring file, instead of the data directory's.")]
_FIRST, _LAST = 2020, 2100


@app.command("show")
@refusing
def show(keyring: Ring = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Show which keys there are; never the keys themselves."""
    ring = read_json(_existing(keyring, data_dir))
    shown = {"sealing": sorted(ring["keys"]), "lookup": list(ring["lookup"]), "current_lookup": ring["current_lookup"]}
    if as_json:
        print_json(shown)
        return
    table = Table("kind", Column("keys", overflow="fold"), show_header=True)
    table.add_row("sealing", ", ".join(shown["sealing"]))
    named = (f"{each} (current)" if each == ring["current_lookup"] else each for each in ring["lookup"])
    table.add_row("look-up", ", ".join(named))
    console.print(table, highlight=False)


@app.command("add")
@refusing
def add(
    year: Annotated[list[int], typer.Option(min=_FIRST, max=_LAST, help="A year that needs sealing keys.")],
    keyring: Ring = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Add the sealing keys of a year; what is in the ring stays. Services read it at their start."""
    added = add_sealing_keys(_existing(keyring, data_dir), year)
    if as_json:
        print_json({"added": added})
    else:
        console.print("added " + ", ".join(added) if added else "all of them were there", highlight=False)


@app.command("rotate")
@refusing
def rotate(
    sealing: Annotated[bool, typer.Option("--sealing", help="New keys that seal, for one year.")] = False,
    lookup: Annotated[bool, typer.Option("--lookup", help="A new key of the hashes that find people.")] = False,
    year: Annotated[int | None, typer.Option(min=_FIRST, max=_LAST, help="This year by default.")] = None,
    keyring: Ring = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Add newer keys. The older ones stay, to open and find what is there; the services take the new ones at their next
    start, so the stack must be down: all of them need a key before the first seals under it."""
    if not (sealing or lookup):
        raise StackError("say which: --sealing, --lookup, or both")
    if keyring is None and data_dir.exists() and is_running(data_dir.resolve()):
        raise StackError(f"the stack on {data_dir} is running: `luban down` first, and `luban up` afterwards")
    ring = _existing(keyring, data_dir)
    added = rotate_sealing_keys(ring, [year or datetime.now(SHANGHAI).year]) if sealing else []
    added += [f"look-up {rotate_lookup_key(ring)}"] if lookup else []
    if as_json:
        print_json({"added": added})
    else:
        console.print("added " + ", ".join(added), highlight=False)


def _existing(keyring: Path | None, data_dir: Path) -> Path:
    file = keyring or KeyFiles(data_dir.resolve() / "keys").keyring
    if not file.is_file():
        raise StackError(f"{file} is no key ring; `luban up` makes one with its stack, and none is made apart from it")
    return file
