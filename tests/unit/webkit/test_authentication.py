"""Bearer tokens: what is accepted, and that nothing else is."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from luban.webkit.authentication import ANYBODY, Authenticator, Principal, Role
from luban.webkit.exchange import Exchange
from luban.webkit.keys import KeyAddress, KeyFile, key_source
from luban.webkit.problem import HttpRefusal

ISSUER, AUDIENCE, SUBJECT = "https://issuer.example", "luban", UUID(int=7)
PRIVATE = Ed25519PrivateKey.generate()


def jwk(private: Any, algorithm: Any, key_id: str) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(private.public_key())), "kid": key_id, "use": "sig"}


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(PRIVATE, OKPAlgorithm, "k1")]}))
    return path


@pytest.fixture
def verify(key_path: Path) -> Callable[[str], Principal]:
    return Authenticator(KeyFile(key_path), ISSUER, AUDIENCE).verify


def token(key: Any = PRIVATE, algorithm: str = "EdDSA", key_id: str = "k1", **changes: Any) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(SUBJECT),
        "exp": datetime.now(UTC) + timedelta(minutes=5),
        "roles": ["body_staff", "rater"],
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, key, algorithm=algorithm, headers={"kid": key_id})


def refusal(verify: Callable[[str], Principal], text: str) -> str:
    with pytest.raises(HttpRefusal) as refused:
        verify(text)
    assert refused.value.status_code == 401
    assert refused.value.headers
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")
    return refused.value.code


def test_a_good_token_names_its_principal(verify: Callable[[str], Principal]) -> None:
    body = UUID(int=9)
    principal = verify(token(body_id=str(body), division="370100"))
    assert principal == Principal(SUBJECT, frozenset({Role.BODY_STAFF, Role.RATER}), body, "370100")


def test_unknown_roles_and_public_are_no_roles(verify: Callable[[str], Principal]) -> None:
    assert verify(token(roles=["public", "root", 3, "inspector"])).roles == {Role.INSPECTOR}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://other.example"}, "token-invalid"),
        ({"aud": "other"}, "token-invalid"),
        ({"exp": datetime.now(UTC) - timedelta(minutes=1)}, "token-expired"),
        ({"nbf": datetime.now(UTC) + timedelta(days=1)}, "token-invalid"),
        ({"exp": None}, "token-invalid"),
        ({"aud": None}, "token-invalid"),
        ({"iss": None}, "token-invalid"),
        ({"sub": None}, "token-invalid"),
        ({"sub": "somebody"}, "token-invalid"),
        ({"roles": "candidate"}, "token-invalid"),
        ({"body_id": "mine"}, "token-invalid"),
        ({"body_id": 3}, "token-invalid"),
        ({"division": 370100}, "token-invalid"),
        ({"key_id": "k2"}, "token-key-unknown"),
        ({"key": Ed25519PrivateKey.generate()}, "token-invalid"),
    ],
)
def test_a_token_that_is_wrong_anywhere_is_refused(
    verify: Callable[[str], Principal], changes: dict[str, Any], code: str
) -> None:
    assert refusal(verify, token(**changes)) == code


def test_a_token_from_an_issuer_whose_clock_is_ahead_is_accepted(verify: Callable[[str], Principal]) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    assert verify(token(iat=later, exp=later + timedelta(hours=8))).subject == SUBJECT


def test_unsigned_and_shared_secret_tokens_are_refused(verify: Callable[[str], Principal], key_path: Path) -> None:
    assert refusal(verify, token(key=None, algorithm="none")) == "token-invalid"
    public = json.loads(key_path.read_text())["keys"][0]["x"]
    assert refusal(verify, token(key=public, algorithm="HS256")) == "token-invalid"


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "....", "e30.e30.", "é.é.é", "eyJhbGciOiJFZERTQSJ9.e30.AAAA"])
def test_nonsense_is_refused(verify: Callable[[str], Principal], text: str) -> None:
    assert refusal(verify, text) in {"token-invalid", "token-key-unknown"}


def test_the_three_algorithms_are_accepted(key_path: Path) -> None:
    signer = rsa.generate_private_key(65537, 2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    keys = [jwk(signer, RSAAlgorithm, "rsa"), jwk(curve, ECAlgorithm, "ec"), jwk(PRIVATE, OKPAlgorithm, "k1")]
    key_path.write_text(json.dumps({"keys": keys}))
    verify = Authenticator(KeyFile(key_path), ISSUER, AUDIENCE).verify
    for made in (token(signer, "RS256", "rsa"), token(curve, "ES256", "ec"), token()):
        assert verify(made).subject == SUBJECT


def test_a_rotated_key_file_is_read_again(verify: Callable[[str], Principal], key_path: Path) -> None:
    verify(token())
    rotated = Ed25519PrivateKey.generate()
    key_path.write_text(json.dumps({"keys": [jwk(rotated, OKPAlgorithm, "k2")]}))
    os.utime(key_path, (1, 1))
    assert verify(token(rotated, key_id="k2")).subject == SUBJECT
    assert refusal(verify, token()) == "token-key-unknown"


def test_a_half_written_key_file_keeps_the_keys_read_before(verify: Callable[[str], Principal], key_path: Path) -> None:
    verify(token())
    key_path.write_text('{"keys": [')
    os.utime(key_path, (1, 1))
    assert verify(token()).subject == SUBJECT


def test_without_any_keys_the_service_is_unavailable_not_open(tmp_path: Path) -> None:
    with pytest.raises(HttpRefusal) as refused:
        Authenticator(KeyFile(tmp_path / "missing.json"), ISSUER, AUDIENCE).verify(token())
    assert refused.value.status_code == 503


def test_keys_come_by_path_or_https() -> None:
    assert isinstance(key_source("https://issuer.example/jwks"), KeyAddress)
    assert isinstance(key_source("/etc/luban/jwks.json"), KeyFile)
    with pytest.raises(ValueError, match="https"):
        key_source("http://issuer.example/jwks")


class OneKey:
    """The service's keys: one."""

    def find(self, key: str) -> Principal | None:
        return Principal(SUBJECT, frozenset({Role.EMPLOYER})) if key == "right" else None


def exchange(**headers: str) -> Exchange:
    return Exchange(UUID(int=1), headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.anyio
class TestCredentials:
    """What the headers of a request say."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    def authenticator(self, key_path: Path) -> Authenticator:
        return Authenticator(KeyFile(key_path), ISSUER, AUDIENCE, OneKey())

    async def test_none_is_anybody(self, authenticator: Authenticator) -> None:
        assert await authenticator.authenticate(exchange()) is ANYBODY

    async def test_a_token_and_an_api_key_are_accepted(self, authenticator: Authenticator) -> None:
        assert (await authenticator.authenticate(exchange(authorization=f"Bearer {token()}"))).subject == SUBJECT
        assert (await authenticator.authenticate(exchange(x_api_key="right"))).roles == {Role.EMPLOYER}

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"x_api_key": "wrong"}, "api-key-invalid"),
            ({"x_api_key": ""}, "api-key-invalid"),
            ({"x_api_key": "k" * 201}, "api-key-invalid"),
            ({"authorization": "Basic dXNlcg=="}, "token-malformed"),
            ({"authorization": "Bearer"}, "token-malformed"),
            ({"authorization": "Bearer " + "a" * 9000}, "token-malformed"),
            ({"authorization": "Bearer x", "x_api_key": "right"}, "credentials-ambiguous"),
        ],
    )
    async def test_bad_ones_are_refused(self, authenticator: Authenticator, headers: dict[str, str], code: str) -> None:
        with pytest.raises(HttpRefusal) as refused:
            await authenticator.authenticate(exchange(**headers))
        assert (refused.value.status_code, refused.value.code) == (401, code)
