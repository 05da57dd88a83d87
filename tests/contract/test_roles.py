"""Every endpoint of every service, called with every role: who is not let in is turned away, whatever else is wrong.

The databases are unreachable on purpose: being turned away must not depend on them.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import anyio
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from jwt.algorithms import OKPAlgorithm

from luban.eventkit.settings import Settings
from luban.webkit.routes import routes_and_roles
from tests.contract.roles_table import PUBLIC, ROLES, TABLE
from tests.proof_keys import prove

ISSUER = "urn:test:issuer"
KEY = Ed25519PrivateKey.generate()
SERVICES = sorted(TABLE)
GUARDED = [
    (service, method, path, roles)
    for service in SERVICES
    for (method, path), roles in sorted(TABLE[service].items())
    if PUBLIC not in roles
]


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FastAPI]]:
    """The three applications, each trusting this module's issuer."""
    folder = tmp_path_factory.mktemp("keys")
    settings = _settings(folder)
    with pytest.MonkeyPatch.context() as patch:
        prove(patch)
        made = {name: import_module(f"luban.{name}.entrypoints.api").create(settings) for name in SERVICES}
    yield made
    for app in made.values():
        app.state.units.close()


def _settings(folder: Path) -> Settings:
    key = base64.b64encode(bytes(32)).decode()
    ring = {"keys": {"candidate-2026": {"key": key}}, "lookup": {"v1": key}, "current_lookup": "v1"}
    public = json.loads(OKPAlgorithm.to_jwk(KEY.public_key())) | {"kid": "test", "alg": "EdDSA", "use": "sig"}
    (folder / "ring.json").write_text(json.dumps(ring), encoding="utf-8")
    (folder / "jwks.json").write_text(json.dumps({"keys": [public]}), encoding="utf-8")
    return Settings(
        database="postgresql://nobody:nothing@127.0.0.1:1/nowhere",
        broker="127.0.0.1:1",
        keyring=folder / "ring.json",
        oidc_issuer=ISSUER,
        oidc_jwks=str(folder / "jwks.json"),
    )


def call(app: FastAPI, method: str, path: str, role: str | None) -> int:
    """The status that a caller with one role, or without a token, gets."""
    filled = re.sub(r"\{\w+\}", lambda _: str(uuid4()), path)
    headers = {"Authorization": f"Bearer {_token(role)}"} if role else {}

    async def send() -> int:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.request(method, filled, headers=headers)).status_code

    return anyio.run(send)


def _token(role: str) -> str:
    now = datetime.now(UTC)
    claims = {"iss": ISSUER, "aud": "luban", "sub": str(uuid4()), "roles": [role], "body_id": str(uuid4())}
    claims |= {"division": "370100"}
    lifetime = {"iat": now, "exp": now + timedelta(minutes=5)}
    return jwt.encode({**claims, **lifetime}, KEY, algorithm="EdDSA", headers={"kid": "test"})


@pytest.mark.parametrize("service", SERVICES)
def test_no_endpoint_is_missing_from_the_table(apps: dict[str, FastAPI], service: str) -> None:
    declared = {
        (method, path): {str(role) for role in roles} for method, path, roles in routes_and_roles(apps[service])
    }
    assert declared == TABLE[service]


@pytest.mark.parametrize(("service", "method", "path", "roles"), GUARDED)
def test_other_roles_and_strangers_are_turned_away(
    apps: dict[str, FastAPI], service: str, method: str, path: str, roles: set[str]
) -> None:
    assert call(apps[service], method, path, None) == 401
    answers = {role: call(apps[service], method, path, role) for role in ROLES}
    turned_away = {role for role, status in answers.items() if status == 403}
    assert turned_away == set(ROLES) - roles
    assert 401 not in answers.values()
