"""Certificates as credentials, the keys that check them, and the lists of withdrawn and suspended ones."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.adapters.proving import Proving
from luban.certificate.handlers import credentials as handler
from luban.certificate.handlers.credentials import Wish
from luban.certificate.handlers.read import owned
from luban.certificate.handlers.show_log import log_keys
from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.did import did_key, resolve
from luban.credentials.status_list import StatusPurpose
from luban.credentials.token_status_list import TokenStatus
from luban.eventkit.uow import UnitOfWork
from luban.proofs.signing import PublicKey
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

Anybody = Annotated[Call, Depends(allow(Role.PUBLIC))]
Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Number = Annotated[int, Path(ge=0, le=10_000)]

KEPT_SECONDS = 5
"""How long a list is served before it is compared with the register again."""
SIGNED_ANEW = timedelta(hours=12)
"""A list that stayed the same is signed again so often, well before it expires."""
A_WHILE = {"cache-control": "public, max-age=300"}
LIST_HEADERS = {"cache-control": f"public, max-age={KEPT_SECONDS}"}
DID_DOCUMENT, CREDENTIAL = "application/did+json", "application/vc+json"
SD_JWT, STATUS_TOKEN = "application/dc+sd-jwt", "application/statuslist+jwt"  # media types


class CredentialWish(BaseModel):
    """How the holder wants the credential."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["vc", "sd-jwt"] = "vc"
    cryptosuites: list[Cryptosuite] = Field(default=[Cryptosuite.JCS, Cryptosuite.RDFC], min_length=1, max_length=2)
    holder_jwk: dict[str, str] | None = Field(default=None, max_length=12)
    """The holder's own public key (Ed25519), to which the credential is bound."""
    with_id_number: bool = False
    """sd-jwt only, and only for the holder: the number is in there, hidden until it is shown."""


@dataclass(frozen=True, slots=True)
class _Kept:
    listed: Mapping[int, TokenStatus]
    looked_at: datetime
    signed_at: datetime
    content: bytes


class Credentials:
    """The routes, with what they sign by."""

    def __init__(self, proving: Proving) -> None:
        self._proving = proving
        self._documents = handler.documents(proving)
        self._lists: dict[tuple[str, int], _Kept] = {}
        self._lock = Lock()
        own = rf"https://{re.escape(proving.host)}/status/(revocation|suspension)/([0-9]{{1,4}})"
        self._own_list = re.compile(own)

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter(tags=["credentials"])
        router.post("/v1/certificates/{certificate_id}/credentials", response_class=Response)(self.issue)
        router.get("/.well-known/did.json", response_class=Response)(self.did)
        router.get("/vc-api/did.json", response_class=Response)(self.vc_api_did)
        router.get("/v1/trust")(self.trust)
        router.get("/status/{purpose}/{number}", response_class=Response)(self.status)
        return router

    def issue(self, call: Reader, certificate_id: UUID, wish: CredentialWish) -> Response:
        """A valid certificate as a credential: for its holder, its body, the province."""
        key = PublicKey.from_jwk(wish.holder_jwk) if wish.holder_jwk else None
        is_holder = call.principal.has(Role.CANDIDATE)
        with_number = wish.with_id_number and is_holder
        asked = Wish(wish.format == "sd-jwt", wish.cryptosuites, did_key(key) if key else None, key, with_number)

        def issued(uow: UnitOfWork) -> dict[str, Any] | str:
            if not is_holder:
                row = owned(uow, call.principal, certificate_id)
                record_access(uow, call.principal, [row.candidate_id], "certificate", "credential")
            return handler.issue_credential(uow, self._proving, call.principal, certificate_id, asked)

        with call.units.begin(call.cause()) as uow:
            credential = issued(uow)
        if isinstance(credential, str):
            return Response(credential, 201, media_type=SD_JWT)
        return Response(orjson.dumps(credential), 201, media_type=CREDENTIAL)

    def did(self, _: Anybody) -> Response:
        """Every key that ever signed credentials of the register, with its time."""
        return self._document(self._proving.did)

    def vc_api_did(self, _: Anybody) -> Response:
        """Those of the VC-API."""
        return self._document(self._proving.vc_api_did)

    def trust(self, _: Anybody, response: Response) -> dict[str, Any]:
        """All public keys in one document, for verifiers without a network (`luban verify`)."""
        response.headers.update(A_WHILE)
        return {
            "documents": list(self._documents.values()),
            "answers": self._proving.answers.history.jwks(),
            "credentials": self._proving.credentials.history.jwks(),
            "vc-api": self._proving.vc_api.history.jwks(),
            "log": log_keys(self._proving),
        }

    def status(self, call: Anybody, purpose: Literal["revocation", "suspension", "token"], number: Number) -> Response:
        """A status list: a Bitstring Status List credential, or a Status List Token."""
        content = call.read(lambda uow: self._list(uow, purpose, number))
        return Response(content, media_type=STATUS_TOKEN if purpose == "token" else CREDENTIAL, headers=LIST_HEADERS)

    def resolve_own(self, did: str) -> Any:
        """A resolver of what is published here."""
        return self._documents.get(did)

    def lists_for(self, uow: UnitOfWork, urls: Iterable[str]) -> dict[str, object]:
        """Our own status lists among these, for a verification. Raises NotFound status-list-unknown."""
        found: dict[str, object] = {}
        for url in urls:
            own = self._own_list.fullmatch(url)
            if own:
                found[url] = orjson.loads(self._list(uow, own[1], int(own[2])))
        return found

    def _document(self, did: str) -> Response:
        return Response(orjson.dumps(resolve(did, self.resolve_own)), media_type=DID_DOCUMENT, headers=A_WHILE)

    def _list(self, uow: UnitOfWork, purpose: str, number: int) -> bytes:
        """From memory where the register says the same; one thread makes a list, others wait for it."""
        with self._lock:
            now, kept = uow.now().astimezone(UTC), self._lists.get((purpose, number))
            if kept and now - kept.looked_at < timedelta(seconds=KEPT_SECONDS):
                return kept.content
            listed = handler.list_of(uow, self._proving, purpose, number)
            if kept and kept.listed == listed and now - kept.signed_at < SIGNED_ANEW:
                self._lists[purpose, number] = _Kept(listed, now, kept.signed_at, kept.content)
                return kept.content
            content = self._signed(uow, purpose, number, listed)
            self._lists[purpose, number] = _Kept(listed, now, now, content)
            return content

    def _signed(self, uow: UnitOfWork, purpose: str, number: int, listed: Mapping[int, TokenStatus]) -> bytes:
        if purpose == "token":
            return handler.signed_token(uow, self._proving, number, listed).encode()
        return orjson.dumps(handler.signed_bitstring(uow, self._proving, number, StatusPurpose(purpose), listed))
