"""The core of the VC-API (W3C CCG) under /vc-api: issuing for keys and the province, verifying for everybody.

What it issues is signed as did:web:HOST:vc-api and never as the register: a certificate is issued by its result alone.
Nothing is fetched: did:key and our own did:web identifiers are known, any other is refused as unresolved.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from luban.certificate.adapters.proving import Proving
from luban.certificate.domain.keys import Scope
from luban.certificate.entrypoints.credentials import Credentials
from luban.certificate.handlers.api_keys import own_key
from luban.credentials.data_model import as_list
from luban.credentials.did_web import method_id
from luban.credentials.problems import Problem
from luban.credentials.vc_api import IssueOptions, Outcome, issue, verify_credential, verify_presentation
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.problem import problem
from luban.webkit.quota import spend

Anybody = Annotated[Call, Depends(allow(Role.PUBLIC))]
Issuer = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF, Role.EMPLOYER))]

LARGEST = 256 * 1024
"""Bytes of a request; a presentation of several credentials fits."""
VERIFICATIONS_A_DAY = 2_000
"""By one network; the worst document takes about a second."""


class IssueRequest(BaseModel):
    """VC-API §3.2.1; an issuer is filled in, and may not be another."""

    model_config = ConfigDict(extra="ignore")

    credential: dict[str, Any]


class VerifyOptions(BaseModel):
    """VC-API §3.3.2."""

    model_config = ConfigDict(extra="ignore")

    challenge: str = Field(default="", max_length=500)
    domain: str | None = Field(default=None, max_length=500)


class VerifyCredentialRequest(BaseModel):
    """A credential with its proof, or a VC-JWT."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    credential: Any = Field(alias="verifiableCredential")
    options: VerifyOptions = VerifyOptions()


class VerifyPresentationRequest(BaseModel):
    """A presentation with its proof."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    presentation: Any = Field(alias="verifiablePresentation")
    options: VerifyOptions = VerifyOptions()


class VcApi:
    """The routes."""

    def __init__(self, proving: Proving, credentials: Credentials) -> None:
        self._proving, self._credentials = proving, credentials

    def router(self) -> APIRouter:
        """All three."""
        router = APIRouter(prefix="/vc-api", tags=["VC-API"])
        router.post("/credentials/issue", status_code=201)(self.issue)
        router.post("/credentials/verify", response_class=Response)(self.verify)
        router.post("/presentations/verify", response_class=Response)(self.present)
        return router

    @max_body(LARGEST)
    def issue(self, call: Issuer, asked: IssueRequest) -> dict[str, Any]:
        """Signs a credential with both cryptosuites; 422 with the reason for one that is malformed.

        A key needs the scope `credentials`, and counts each call against its quota of the day.
        """
        at = _admit(call)
        did, signer = self._proving.vc_api_did, self._proving.vc_api.signer
        credential = {**asked.credential, "issuer": asked.credential.get("issuer", did)}
        issued = issue(credential, IssueOptions(method_id(did, signer.public_key), at), signer)
        return {"verifiableCredential": issued}

    @max_body(LARGEST)
    def verify(self, call: Anybody, asked: VerifyCredentialRequest) -> Response:
        """200 for a credential that holds, 422 with every reason for one that does not."""
        lists, now = self._prepare(call, asked.credential)
        return _told(call, verify_credential(asked.credential, self._credentials.resolve_own, now, lists))

    @max_body(LARGEST)
    def present(self, call: Anybody, asked: VerifyPresentationRequest) -> Response:
        """The same of a presentation made for the challenge in the options."""
        inner = asked.presentation.get("verifiableCredential") if isinstance(asked.presentation, dict) else None
        lists, now = self._prepare(call, *as_list(inner))
        challenge, domain = asked.options.challenge, asked.options.domain
        resolver = self._credentials.resolve_own
        return _told(call, verify_presentation(asked.presentation, resolver, challenge, domain, now, lists))

    def _prepare(self, call: Call, *credentials: object) -> tuple[dict[str, object], Any]:
        """Counts the call, and gives our own status lists that are asked for and the moment."""
        wanted = {url for each in credentials for url in _list_urls(each)}
        with call.units.begin(call.cause()) as uow:
            call.spend(uow, "vc-verify", VERIFICATIONS_A_DAY)
            return self._credentials.lists_for(uow, wanted), uow.now()


def _admit(call: Call) -> datetime:
    """The moment. Raises Forbidden api-key-scope, and 429 past a key's quota."""
    with call.units.begin(call.cause()) as uow:
        if call.principal.has(Role.EMPLOYER):
            key = own_key(uow, call.principal, Scope.CREDENTIALS)
            spend(uow, "vc-issue", key.credit_code.encode(), key.daily_quota)
        return uow.now()


def _list_urls(credential: object) -> list[str]:
    statuses = as_list(credential.get("credentialStatus")) if isinstance(credential, dict) else []
    urls = [status.get("statusListCredential") for status in statuses if isinstance(status, dict)]
    return [url for url in urls if isinstance(url, str)]


def _told(call: Call, outcome: Outcome) -> Response:
    english = call.language == "en"
    members = {
        "verified": outcome.verified,
        "checks": outcome.checks,
        "warnings": [_shown(each, english) for each in outcome.warnings],
        "errors": [_shown(each, english) for each in outcome.errors],
    }
    if not outcome.verified:
        first = outcome.errors[0]
        return problem(call.exchange, 422, first.code, first.detail if english else first.title, members=members)
    return JSONResponse(members | {"issuer": outcome.issuer, "credential": outcome.credential})


def _shown(each: Problem, english: bool) -> dict[str, str]:
    return {"type": each.type, "code": each.code, "title": each.title, "detail": each.detail if english else each.title}
