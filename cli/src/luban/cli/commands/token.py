"""luban token."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, print_json, refusing
from luban.cli.stack import Stack
from luban.cli.tokens import ROLES, issue_token


@refusing
def token(
    role: Annotated[list[str], typer.Option(help=f"May be repeated. One of: {', '.join(ROLES)}.")],
    subject: Annotated[UUID, typer.Option(help="Who the bearer is: a UUID; a candidate's is the candidate id.")],
    body_id: Annotated[UUID | None, typer.Option(help="The body that staff or a rater belongs to.")] = None,
    division: Annotated[str | None, typer.Option(help="The division of city staff, such as 370100.")] = None,
    ttl: Annotated[int, typer.Option(help="Lifetime in seconds.")] = 8 * 3600,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Sign a bearer token with the stack's local issuer, for demo and tests."""
    lifetime = timedelta(seconds=ttl)
    signed = issue_token(
        Stack.read(data_dir), subject=subject, roles=role, body_id=body_id, division=division, ttl=lifetime
    )
    if as_json:
        print_json({"access_token": signed, "token_type": "Bearer", "expires_in": ttl})
    else:
        typer.echo(signed)
