"""Employers' keys: what one may be used for, and how one follows another."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from luban.reference.refusal import Conflict, Forbidden, Invalid


class Scope(StrEnum):
    """What a key opens."""

    VERIFICATION = "verification"
    WATCH_LISTS = "watch-lists"
    CREDENTIALS = "credentials"
    """Credentials of its own contents issued by the VC-API, which never signs as the register."""


def parse_scopes(names: Collection[str]) -> list[str]:
    """The scopes in one order, each once. Raises `Invalid` api-key-scopes."""
    if not names or not set(names) <= set(Scope):
        raise Invalid(
            "api-key-scopes",
            zh="权限范围应为：{allowed}",
            en="a key has one or more of the scopes {allowed}",
            allowed=", ".join(Scope),
        )
    return [each.value for each in Scope if each in set(names)]


def require_scope(scopes: Collection[str], wanted: Scope) -> None:
    """Raises `Forbidden` api-key-scope."""
    if wanted not in scopes:
        raise Forbidden(
            "api-key-scope", zh="该密钥无此权限：{scope}", en="this key lacks the scope {scope}", scope=wanted
        )


def require_usable(revoked_at: datetime | None, expires_at: datetime | None, rotated: bool) -> None:
    """A key is followed by one other, while it counts. Raises `Conflict` api-key-already-revoked, api-key-rotated."""
    if revoked_at is not None:
        raise already_revoked()
    if expires_at is not None or rotated:
        raise Conflict("api-key-rotated", zh="该接口密钥已轮换", en="this API key has been rotated already")


def already_revoked() -> Conflict:
    """What is told of a key that was revoked before."""
    return Conflict("api-key-already-revoked", zh="该接口密钥已吊销", en="this API key has been revoked already")
