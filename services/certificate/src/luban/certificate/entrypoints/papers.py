"""Certificates on paper."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from luban.certificate.domain.paper import Language
from luban.certificate.handlers.paper import Press, print_certificate
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF))]
PDF = "application/pdf"


class Papers:
    """The route, with its press."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter(tags=["certificates"])
        router.get("/v1/certificates/{certificate_id}/paper", response_class=Response)(self.paper)
        return router

    def paper(self, call: Reader, certificate_id: UUID, language: Language = Language.ZH) -> Response:
        """A valid certificate as PDF: for its holder, its body, the province."""
        with call.units.begin(call.cause()) as uow:
            content = print_certificate(uow, self._press, call.principal, certificate_id, language)
        return Response(content, media_type=PDF, headers={"content-disposition": 'inline; filename="certificate.pdf"'})
