"""luban keys proof show, rotate, compromise, lost."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from luban.cli import lost_keys, proof_keys
from luban.cli.clock import read_clocks
from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, refusing
from luban.cli.keys import KeyFiles
from luban.cli.lost_keys import Allowed
from luban.cli.proof_keys import PURPOSES
from luban.cli.secret_files import read_json
from luban.cli.signed_certificates import Signed, signed_by
from luban.cli.stack import Stack, StackError, stack_file
from luban.proofs.key_history import KeyHistory, KeyRecord
from luban.proofs.signing import Algorithm
from luban.proofs.token_key import Token
from luban.reference.shanghai import SHANGHAI

app = typer.Typer(
    help="The keys that prove: of answers, of the public log, of credentials, of the VC-API.", no_args_is_help=True
)

Proofs = Annotated[
    Path | None, typer.Option("--proofs", help="The directory of these keys, instead of the data directory's.")
]
At = Annotated[
    str | None, typer.Option("--at", help="ISO 8601 instant; by default the stack's clock, with --proofs the real one.")
]
Purpose = Annotated[str, typer.Argument(help=", ".join(PURPOSES))]
RESTART = "The certificate service signs with it from its next start on: start all its processes anew within the hour."


@app.command("show")
@refusing
def show(proofs: Proofs = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Show every key with its times and its state, and what a compromise left to do; never the keys themselves."""
    directory, stack = _place(proofs, data_dir)
    found = proof_keys.histories(directory)
    rows = [
        _shown(purpose, record, stack) for purpose, history in found.items() for record in reversed(history.records)
    ]
    if as_json:
        print_json({"keys": rows})
        return
    table = Table("purpose", Column("key", overflow="fold"), "algorithm", "from", "until", "state", "signed anew")
    for row in rows:
        renewal = row.get("certificates")
        left = f"{renewal['taken_up']} of {renewal['taken_up'] + renewal['waiting']}" if renewal else ""
        cells = (row["purpose"], row["key"], row["algorithm"], row["from"], row["until"] or "", row["state"], left)
        table.add_row(*cells)
    console.print(table, highlight=False)


@app.command("rotate")
@refusing
def rotate(
    purpose: Purpose,
    algorithm: Annotated[Algorithm, typer.Option(help="SM2 (with SM3) for answers alone.")] = Algorithm.ED25519,
    token: Annotated[
        str | None, typer.Option(help="Label of a token (PKCS#11) to make it in; its PIN by LUBAN_TOKEN_PIN_FILE.")
    ] = None,
    module: Annotated[str | None, typer.Option(help="Path of the token's library.")] = None,
    at: At = None,
    proofs: Proofs = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Make a new key. What the one before signed stays good, and for an hour what it still signs."""
    _require_purpose(purpose)
    if algorithm is not Algorithm.ED25519 and purpose != "answers":
        raise StackError(f"the formats of {purpose} know {Algorithm.ED25519.value} alone")
    directory, stack = _place(proofs, data_dir)
    key = proof_keys.rotate(directory, purpose, _moment(at, stack), algorithm, _token(token, module, algorithm))
    if as_json:
        print_json({"purpose": purpose, "key": key})
        return
    console.print(f"{purpose}: the new key is {key}\n{RESTART}", highlight=False, soft_wrap=True)
    if purpose == "log":
        console.print("Tell auditors and witnesses: `luban log audit --key VKEY` takes it.", soft_wrap=True)


@app.command("compromise", context_settings={"ignore_unknown_options": True})  # a key's id may begin with -
@refusing
def compromise(
    purpose: Purpose,
    key: Annotated[str, typer.Argument(help="The key's id, or as much of it as names it alone.")],
    since: Annotated[str, typer.Option(help="ISO 8601 instant from which somebody else may have had it.")],
    at: At = None,
    proofs: Proofs = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Record that somebody else may have a key: it counts for nothing any more, another takes its place, and what it
    signed of certificates since is signed anew."""
    _require_purpose(purpose)
    directory, stack = _place(proofs, data_dir)
    record, signing = proof_keys.compromise(directory, purpose, key, _instant(since), _moment(at, stack))
    signed = _signed(purpose, record, stack)
    if as_json:
        row = _shown(purpose, record, None)
        print_json({**row, "signing": signing} | ({"certificates": signed.to_json()} if signed else {}))
        return
    told = [f"{purpose}: {record.public_key.key_id} counts for nothing any more; {signing} signs", RESTART]
    if signed:
        told += [
            f"Since {since} it signed {signed.taken_up + signed.waiting} certificates: they are signed anew, "
            "`luban keys proof show` tells how many were.",
            f"Before, it signed {signed.before} more: verifiers refuse those too, for a date can be made up. Whoever "
            "asks is given theirs anew.",
        ]
    elif purpose == "credentials":
        told.append("What it signed since is signed anew: `luban keys proof show`, with the stack up, tells how much.")
    console.print("\n".join(told), highlight=False, soft_wrap=True)


@app.command("lost")
@refusing
def lost(
    trust: Annotated[Path | None, typer.Option(help="What `luban trust` kept, where public keys are gone too.")] = None,
    new_tag_key: Annotated[bool, typer.Option("--new-tag-key", help="Begin another where it is lost.")] = False,
    new_lists_from: Annotated[
        int | None, typer.Option(min=1, max=9_000, help="Begin other status lists, from this number on.")
    ] = None,
    at: At = None,
    proofs: Proofs = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Make another of every key that is gone or cannot be opened; what the lost ones signed stays good."""
    directory, stack = _place(proofs, data_dir)
    published = _published(trust) if trust else None
    replaced = lost_keys.replace_lost(directory, _moment(at, stack), published, Allowed(new_tag_key, new_lists_from))
    if as_json:
        print_json({"replaced": replaced})
        return
    console.print(f"made anew: {', '.join(replaced)}" if replaced else "nothing is lost", highlight=False)


def _place(proofs: Path | None, data_dir: Path) -> tuple[Path, Stack | None]:
    """The keys, and the stack whose they are unless they were named themselves."""
    if proofs:
        return proofs.resolve(), None
    stack = Stack.read(data_dir) if stack_file(data_dir).exists() else None
    return KeyFiles(data_dir.resolve() / "keys").proofs, stack


def _moment(at: str | None, stack: Stack | None) -> datetime:
    """Raises StackError where a demo, whose clock is its own, cannot be asked."""
    if at:
        return _instant(at)
    try:
        return max(clock.now for clock in read_clocks(stack)) if stack else datetime.now(UTC)
    except StackError:
        if stack and stack.demo:
            raise
        return datetime.now(UTC)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"{text!r} is no ISO 8601 instant, such as 2026-12-01T09:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


def _require_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise StackError(f"no keys are for {purpose!r}; there are {', '.join(PURPOSES)}")


def _token(label: str | None, module: str | None, algorithm: Algorithm) -> Token | None:
    if label is None and module is None:
        return None
    if not label or not module:
        raise StackError("a token is named by --token and its library by --module, both of them")
    if algorithm is not Algorithm.ED25519:
        raise StackError(f"keys in tokens are {Algorithm.ED25519.value} alone")
    return Token(str(Path(module).resolve()), label)


def _signed(purpose: str, record: KeyRecord, stack: Stack | None) -> Signed | None:
    if purpose != "credentials" or stack is None or record.compromised_from is None:
        return None
    return signed_by(stack.databases["certificate"], record.public_key.key_id, record.compromised_from)


def _shown(purpose: str, record: KeyRecord, stack: Stack | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "purpose": purpose,
        "key": record.public_key.key_id,
        "algorithm": record.public_key.algorithm.value,
        "from": _told(record.valid_from),
        "until": _told(record.ended_at),
        "state": record.end.value if record.end else "current",
        "compromised_from": _told(record.compromised_from),
    }
    signed = _signed(purpose, record, stack)
    return row | ({"certificates": signed.to_json()} if signed else {})


def _told(at: datetime | None) -> str | None:
    return at.astimezone(SHANGHAI).isoformat() if at else None


def _published(file: Path) -> dict[str, KeyHistory]:
    """Raises StackError for a file that `luban trust` did not write."""
    try:
        raw = read_json(file)
        sets = {"log": raw["log"]["history"], **{name: raw[name] for name in PURPOSES if name != "log"}}
        return {purpose: KeyHistory.from_jwks(jwks) for purpose, jwks in sets.items()}
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise StackError(f"{file} does not hold what `luban trust` keeps") from error
