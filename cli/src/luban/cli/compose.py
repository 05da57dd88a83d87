"""What docker-compose.yml needs from outside it: keys, passwords and ports; and stack.json, by which `luban` finds it.

`python -m luban.cli.compose DIRECTORY [--demo]` makes what is missing there and leaves what is there alone, so that it
may be run before every start.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from luban.cli.keys import KeyFiles, ensure_keys
from luban.cli.ports import LOOPBACK, assign
from luban.cli.provision import role_of
from luban.cli.secret_files import write_json, write_secret
from luban.cli.stack import LOCAL_AUDIENCE, LOCAL_ISSUER, SERVICE_NAMES, Issuer, Options, Stack, StackError, stack_file
from luban.cli.years import keyed_years
from luban.reference.shanghai import SHANGHAI

IMAGE_ACCOUNT = (10001, 10001)
"""User and group id of the images' own account `luban`."""
MOUNTED_JWKS = "/run/secrets/jwks"
"""Where a container finds the local issuer's public keys."""
_PUBLISHED = ("postgres", "broker", *SERVICE_NAMES)


def prepare(directory: Path, *, demo: bool) -> Stack:
    """Makes keys, `.env` and stack.json in `directory`; what an earlier `.env` says stays, edited or not.

    Raises StackError when the directory belongs to a demo and `demo` is false, or the other way round.
    """
    directory = directory.resolve()
    keys = KeyFiles(directory / "keys")
    keys.directory.mkdir(parents=True, exist_ok=True)
    for path in (directory, keys.directory):
        path.chmod(0o700)
    known = read_environment(directory / ".env")
    _refuse_other_kind(known, demo)
    environment = _environment(directory, known, demo)
    year = datetime.now(SHANGHAI).year
    ensure_keys(keys, keyed_years(year, year, demo=demo), used=bool(known))
    _hand_over((keys.keyring, keys.jwks, keys.proofs, *keys.proofs.rglob("*")), _account())
    write_secret(directory / ".env", "".join(f"{name}={value}\n" for name, value in environment.items()))
    stack = describe(directory, environment)
    write_json(stack_file(directory), stack.as_json())
    _options(directory, stack).write()
    return stack


def read_environment(file: Path) -> dict[str, str]:
    """The NAME=value lines of a file, none when there is no file."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def describe(directory: Path, environment: Mapping[str, str]) -> Stack:
    """The stack as it is reached from the host, over the published ports."""
    keys = KeyFiles(directory / "keys")
    place = {name: f"{LOOPBACK}:{environment[_port_of(name)]}" for name in _PUBLISHED}
    local = environment["LUBAN_OIDC_ISSUER"] == LOCAL_ISSUER
    return Stack(
        data_dir=str(directory),
        demo=environment["LUBAN_DEMO"] == "1",
        profile="production",
        admin_database=f"postgresql://postgres:{environment['POSTGRES_PASSWORD']}@{place['postgres']}/postgres",
        databases={name: _database(name, environment, place["postgres"]) for name in SERVICE_NAMES},
        broker=place["broker"],
        urls={name: f"http://{place[name]}" for name in SERVICE_NAMES},
        keyring=str(keys.keyring),
        issuer=environment["LUBAN_OIDC_ISSUER"],
        audience=environment["LUBAN_OIDC_AUDIENCE"],
        jwks=str(keys.jwks) if local else environment["LUBAN_OIDC_JWKS"],
        issuer_key=str(keys.issuer) if local else None,
    )


def _environment(directory: Path, known: Mapping[str, str], demo: bool) -> dict[str, str]:
    user, group = _account()
    fixed = {"LUBAN_DIRECTORY": str(directory), "LUBAN_UID": str(user), "LUBAN_GID": str(group)}
    defaults = {
        "COMPOSE_PROJECT_NAME": "luban-demo" if demo else "luban",
        "LUBAN_DEMO": str(int(demo)),
        "LUBAN_OIDC_ISSUER": LOCAL_ISSUER,
        "LUBAN_OIDC_AUDIENCE": LOCAL_AUDIENCE,
        "LUBAN_OIDC_JWKS": MOUNTED_JWKS,
        "LUBAN_TRUSTED_PROXIES": "127.0.0.1/32",
    }
    passwords = {name: secrets.token_urlsafe(24) for name in ("POSTGRES_PASSWORD", *map(_password_of, SERVICE_NAMES))}
    return {**defaults, **passwords, **_ports(known), **known, **fixed}


def _ports(known: Mapping[str, str]) -> dict[str, str]:
    """A free port for each name that has none; one that was chosen is kept, as the stack itself may hold it now."""
    missing = [name for name in _PUBLISHED if _port_of(name) not in known]
    return {_port_of(name): str(port) for name, port in assign(missing, {}).items()}


def _options(directory: Path, stack: Stack) -> Options:
    issuer = Issuer(stack.issuer, stack.audience, stack.jwks, stack.issuer_key)
    return Options(
        directory,
        demo=stack.demo,
        database=stack.admin_database,
        broker=stack.broker,
        profile=stack.profile,
        replication=1,
        issuer=issuer,
    )


def _database(service: str, environment: Mapping[str, str], place: str) -> str:
    role = role_of(service)
    return f"postgresql://{role}:{environment[_password_of(service)]}@{place}/{role}"


def _port_of(name: str) -> str:
    return f"LUBAN_PORT_{name.upper()}"


def _password_of(service: str) -> str:
    return f"LUBAN_PASSWORD_{service.upper()}"


def _account() -> tuple[int, int]:
    """Who the containers run as: we, so that they can read our files; the images' own account when we are root."""
    return (os.getuid(), os.getgid()) if os.getuid() else IMAGE_ACCOUNT


def _hand_over(files: Iterable[Path], account: tuple[int, int]) -> None:
    for file in files:
        os.chown(file, *account)


def _refuse_other_kind(known: Mapping[str, str], demo: bool) -> None:
    if known and (known.get("LUBAN_DEMO") == "1") != demo:
        raise StackError(
            "this directory holds a stack of the other kind (demo or not), and it stays one: choose another"
        )


def main(arguments: Sequence[str]) -> int:
    """The process's exit code: 1 when it could not be done, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="luban.cli.compose", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--demo", action="store_true", help="a demo stack: its clock may be moved")
    chosen = parser.parse_args(arguments)
    try:
        prepare(chosen.directory, demo=chosen.demo)
    except (StackError, OSError) as error:
        sys.stderr.write(f"luban: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
