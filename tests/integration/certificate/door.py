"""The service's HTTP door in this process, with a token issuer of the test's own."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from luban.certificate.entrypoints.api import serve
from luban.certificate.entrypoints.shortcut import Shortcut
from luban.webkit.authentication import Role
from tests.integration.certificate.rig import Register
from tests.proof_keys import prove

CREDIT_CODE = "91350100M000100Y43"


@dataclass
class Issuer:
    """Whose tokens the service believes."""

    issuer_key: Ed25519PrivateKey

    def token(self, role: Role, subject: UUID | None = None, body_id: UUID | None = None) -> dict[str, str]:
        """The header of a caller in one role."""
        claims: dict[str, Any] = {"iss": "urn:test", "aud": "luban", "sub": str(subject or UUID(int=7))}
        claims |= {"roles": [role.value], "exp": int(time.time()) + 600}
        claims |= {"body_id": str(body_id)} if body_id else {}
        return {"Authorization": f"Bearer {jwt.encode(claims, self.issuer_key, 'EdDSA', {'kid': 'test'})}"}

    @property
    def province(self) -> dict[str, str]:
        """The header of a member of the province's staff."""
        return self.token(Role.PROVINCE_STAFF)


@dataclass
class Door(Issuer):
    """Clients of the service, and tokens for them."""

    served: Shortcut
    register: Register

    @asynccontextmanager
    async def client(self, address: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
        """A client at a network address."""
        transport = httpx.ASGITransport(self.served, client=(address, 40000), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://certificate") as client:
            yield client


def new_issuer(folder: Path) -> Issuer:
    """An issuer whose public key stands in jwks.json there."""
    key = Ed25519PrivateKey.generate()
    public = {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "test", "alg": "EdDSA"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [public]}))
    return Issuer(key)


def open_door(
    register: Register,
    folder: Path,
    patch: pytest.MonkeyPatch,
    public_quota: int = 1000,
    proofs: Path | None = None,
) -> Door:
    """The application over the register's database; `proofs` are keys of the test's own."""
    issuer = new_issuer(folder)
    prove(patch, proofs)
    patch.setenv("LUBAN_PUBLIC_DAILY_QUOTA", str(public_quota))
    return Door(issuer.issuer_key, serve(register.settings), register)


async def new_key(
    door: Door, client: httpx.AsyncClient, quota: int = 100, credit_code: str = CREDIT_CODE, **more: object
) -> Any:
    """A key that the province made for an employer."""
    body = {"credit_code": credit_code, "employer_name": "山东某机械有限公司", "daily_quota": quota, **more}
    response = await client.post("/v1/api-keys", json=body, headers=door.province)
    assert response.status_code == 201, response.text
    return response.json()


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and stable code of a refusal."""
    return response.status_code, response.json()["type"].removeprefix("/problems/")
