"""Who calls: OIDC bearer tokens, and API keys that a service knows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import jwt
from starlette.concurrency import run_in_threadpool

from luban.eventkit.settings import Settings
from luban.webkit.exchange import Exchange
from luban.webkit.keys import ALGORITHMS, KeySource, key_source
from luban.webkit.problem import HttpRefusal

LEEWAY_SECONDS = 5
MAX_TOKEN = 8 * 1024
MAX_API_KEY = 200


class Role(StrEnum):
    """What a caller may act as (design: security)."""

    CANDIDATE = "candidate"
    BODY_STAFF = "body_staff"
    RATER = "rater"
    ITEM_AUTHOR = "item_author"
    ITEM_REVIEWER = "item_reviewer"
    PROVINCE_STAFF = "province_staff"
    CITY_STAFF = "city_staff"
    INSPECTOR = "inspector"
    EMPLOYER = "employer"
    PUBLIC = "public"
    """Anybody, without a token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. Carries no name: what is not there cannot leak."""

    subject: UUID
    roles: frozenset[Role]
    body_id: UUID | None = None
    """Body staff's and a rater's own body."""
    division: str | None = None
    """City staff's division code."""

    @property
    def actor(self) -> str:
        """How events and logs name this caller."""
        return "public" if self is ANYBODY else str(self.subject)

    def has(self, *roles: Role) -> bool:
        """Whether the caller holds any of these roles."""
        return not self.roles.isdisjoint(roles)


ANYBODY = Principal(UUID(int=0), frozenset({Role.PUBLIC}))
"""The caller who sent no credentials."""


class ApiKeys(Protocol):
    """The service's own API keys."""

    def find(self, key: str) -> Principal | None:
        """The caller whose key this is (role employer), None for an unknown, expired or revoked key. May block."""


class Authenticator:
    """Turns credentials into a principal, or into a 401 that says what was wrong with them."""

    def __init__(self, keys: KeySource, issuer: str, audience: str, api_keys: ApiKeys | None = None) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._api_keys = api_keys

    async def authenticate(self, exchange: Exchange) -> Principal:
        """The caller; `ANYBODY` without credentials. Credentials that are sent must be valid."""
        if exchange.principal is None:
            exchange.principal = await self._identify(exchange.headers)
        return exchange.principal

    async def _identify(self, headers: dict[str, str]) -> Principal:
        authorization, api_key = headers.get("authorization"), headers.get("x-api-key")
        if authorization is not None and api_key is not None:
            raise _unauthenticated(
                "credentials-ambiguous", "不得同时提供令牌和接口密钥。", "Send a token or an API key, not both."
            )
        if api_key is not None:
            return await self._holder(api_key)
        if authorization is None:
            return ANYBODY
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
            raise _unauthenticated("token-malformed", "令牌格式不正确。", "The token is malformed.")
        if self._keys.blocking:
            return await run_in_threadpool(self.verify, token)
        return self.verify(token)

    async def _holder(self, api_key: str) -> Principal:
        usable = self._api_keys is not None and 0 < len(api_key) <= MAX_API_KEY and api_key.isascii()
        found = await run_in_threadpool(self._api_keys.find, api_key) if usable and self._api_keys else None
        if found is None:
            raise _unauthenticated("api-key-invalid", "接口密钥无效。", "The API key is not valid.")
        return found

    def verify(self, token: str) -> Principal:
        """The principal of a signed token; 401 otherwise.

        Claims: sub (UUID), roles (list of `Role`, unknown ones are ignored), body_id (UUID), division.
        """
        try:
            key = self._keys.find(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise _unauthenticated("token-key-unknown", "令牌的签名密钥未知。", "The token's key is not known.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                # iat says how old a token is; from when it counts says nbf (RFC 7519 §4.1.5, 4.1.6). To refuse what was
                # issued "later" would turn everybody away while this machine's clock is behind the issuer's.
                options={"require": ["exp", "iss", "aud", "sub"], "verify_iat": False},
            )
            return _principal(claims)
        except jwt.ExpiredSignatureError as error:
            raise _unauthenticated("token-expired", "令牌已过期。", "The token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise _unauthenticated("token-invalid", "令牌无效。", "The token is not valid.") from error


def authenticator(settings: Settings, api_keys: ApiKeys | None = None) -> Authenticator:
    """The authenticator that a service's settings describe."""
    return Authenticator(key_source(settings.oidc_jwks), settings.oidc_issuer, settings.oidc_audience, api_keys)


def require(principal: Principal, allowed: frozenset[Role]) -> None:
    """Turns away a caller without any of the roles: 401 if nobody, 403 otherwise."""
    if Role.PUBLIC in allowed or not principal.roles.isdisjoint(allowed):
        return
    if principal is ANYBODY:
        raise _unauthenticated("unauthenticated", "请提供有效的访问令牌。", "Send a valid access token.")
    raise HttpRefusal(403, "role-not-allowed", zh="您的角色不能进行此操作。", en="Your role may not do this.")


def _principal(claims: dict[str, Any]) -> Principal:
    roles, body, division = claims.get("roles", []), claims.get("body_id"), claims.get("division")
    if not isinstance(roles, list) or not isinstance(body, str | None) or not isinstance(division, str | None):
        raise TypeError("roles, body_id or division")
    known = frozenset(Role(role) for role in roles if isinstance(role, str) and role in _GRANTABLE)
    return Principal(UUID(claims["sub"]), known, UUID(body) if body is not None else None, division)


_GRANTABLE = frozenset(Role) - {Role.PUBLIC}


def _unauthenticated(code: str, zh: str, en: str) -> HttpRefusal:
    challenge = "Bearer" if code == "unauthenticated" else 'Bearer error="invalid_token"'
    return HttpRefusal(401, code, zh=zh, en=en, headers={"WWW-Authenticate": challenge})
