"""Bearer tokens of the local issuer, for demo and tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt

from luban.cli.keys import public_jwk, read_private_key
from luban.cli.stack import Stack, StackError

ROLES = (
    *("candidate", "body_staff", "rater", "item_author", "item_reviewer"),
    *("province_staff", "city_staff", "inspector"),
)


class LocalIssuer:
    """The local issuer with its key read once, for whoever needs many tokens."""

    def __init__(self, stack: Stack) -> None:
        """Raises StackError when the stack trusts an external issuer."""
        if stack.issuer_key is None:
            raise StackError(f"this stack trusts an external issuer ({stack.issuer}): get a token there")
        self._key = read_private_key(Path(stack.issuer_key))
        self._headers = {"kid": public_jwk(self._key)["kid"]}
        self._fixed = {"iss": stack.issuer, "aud": stack.audience}

    def token(
        self,
        *,
        subject: UUID,
        roles: Sequence[str],
        body_id: UUID | None = None,
        division: str | None = None,
        ttl: timedelta = timedelta(hours=8),
    ) -> str:
        """A JWT (EdDSA) with iss, aud, sub, roles, iat, exp, jti and, where given, body_id and division.

        Raises StackError for a role or a lifetime that cannot be.
        """
        _refuse_unknown(roles)
        if ttl <= timedelta():
            raise StackError("a token must live longer than nothing: give --ttl in seconds, above 0")
        now = datetime.now(UTC)
        claims: dict[str, Any] = {**self._fixed, "sub": str(subject), "roles": list(roles)}
        claims |= {"iat": now, "exp": now + ttl, "jti": str(uuid4())}
        claims |= {"body_id": str(body_id)} if body_id else {}
        claims |= {"division": division} if division else {}
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers=self._headers)


def issue_token(
    stack: Stack,
    *,
    subject: UUID,
    roles: Sequence[str],
    body_id: UUID | None = None,
    division: str | None = None,
    ttl: timedelta = timedelta(hours=8),
) -> str:
    """One token. Raises as `LocalIssuer` and its `token`."""
    issuer = LocalIssuer(stack)
    return issuer.token(subject=subject, roles=roles, body_id=body_id, division=division, ttl=ttl)


def _refuse_unknown(roles: Sequence[str]) -> None:
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise StackError(f"unknown role {', '.join(unknown) or '(none)'}; known are {', '.join(ROLES)}")
