"""Signed answers: what they say, if the register's published key signed it."""

from collections.abc import Mapping
from typing import Any

import jwt
import orjson

Keys = Mapping[str, Any]
"""Public keys by key id."""


def published(jwks: Mapping[str, Any]) -> Keys:
    """The keys of a JWK set."""
    return {key["kid"]: jwt.PyJWK(key).key for key in jwks["keys"]}


def verified(jws: str | None, keys: Keys) -> dict[str, Any] | None:
    """The answer that was signed; None for no signature, one of an unknown key, and one that does not hold."""
    if not jws:
        return None
    try:
        key = keys[jwt.get_unverified_header(jws)["kid"]]
        answer: dict[str, Any] = orjson.loads(jwt.PyJWS().decode(jws, key, algorithms=["EdDSA"]))
    except (jwt.PyJWTError, KeyError, orjson.JSONDecodeError):
        return None
    return answer
