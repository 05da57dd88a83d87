"""An application with its own token issuer, called without a network."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import APIRouter, FastAPI
from jwt.algorithms import OKPAlgorithm

from luban.eventkit.sealing import KeyRing
from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitsOfWork, connect
from luban.webkit.application import create_app
from luban.webkit.authentication import Principal, Role

ISSUER = "https://issuer.example"
SUBJECT = UUID(int=7)
EMPLOYER = UUID(int=8)
SEALING = {f"candidate-{year}": AESGCM(bytes(range(32))) for year in range(2024, 2041)}
NOWHERE = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"


class OneKey:
    """The service's API keys: one."""

    def find(self, key: str) -> Principal | None:
        return Principal(EMPLOYER, frozenset({Role.EMPLOYER})) if key == "right" else None


@dataclass
class Rig:
    """An application, its settings, and tokens for it."""

    app: FastAPI
    units: UnitsOfWork
    settings: Settings
    private: Ed25519PrivateKey

    def token(self, *roles: Role, subject: UUID = SUBJECT) -> dict[str, str]:
        """The header of a caller with these roles."""
        claims = {
            "iss": ISSUER,
            "aud": self.settings.oidc_audience,
            "sub": str(subject),
            "exp": datetime.now(UTC) + timedelta(minutes=5),
            "roles": [str(role) for role in roles],
        }
        return {"Authorization": f"Bearer {jwt.encode(claims, self.private, 'EdDSA', {'kid': 'k1'})}"}

    def client(self) -> httpx.AsyncClient:
        """A client that calls the application in this process."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://luban.test")


def build_rig(
    folder: Path,
    routers: Sequence[APIRouter],
    address: str = NOWHERE,
    checks: Mapping[str, Callable[[], object]] | None = None,
) -> Rig:
    """An application over a database; by default over one that is away."""
    private = Ed25519PrivateKey.generate()
    public: dict[str, Any] = json.loads(OKPAlgorithm.to_jwk(private.public_key()))
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [{**public, "kid": "k1"}]}))
    settings = Settings(
        database=address, broker="none", keyring=folder / "none", oidc_issuer=ISSUER, oidc_jwks=str(jwks)
    )
    units = UnitsOfWork(connect(address), KeyRing(SEALING, {}, ""), settings.profile)
    app = create_app("Test", "test", settings, routers, units, ready_checks=checks, api_keys=OneKey())
    return Rig(app, units, settings, private)
