"""Certificates on paper."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from luban.certificate.domain.paper import Language
from luban.certificate.handlers.paper import PAGE, Press, print_certificate
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Anybody = Annotated[Call, Depends(allow(Role.PUBLIC))]
PDF = "application/pdf"
PAGE_OF_CODE = Path(__file__).with_name("code_page.html")
PAGE_HEADERS = {"cache-control": "public, max-age=3600"}


class Papers:
    """The route, with its press."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter(tags=["certificates"])
        router.get("/v1/certificates/{certificate_id}/paper", response_class=Response)(self.paper)
        router.get(PAGE, response_class=HTMLResponse)(self.page)
        return router

    def page(self, _: Anybody) -> HTMLResponse:
        """Where the code of a paper leads a phone. What stands behind # stays in the phone: nothing is asked here."""
        return HTMLResponse(PAGE_OF_CODE.read_text(encoding="utf-8"), headers=PAGE_HEADERS)

    def paper(self, call: Reader, certificate_id: UUID, language: Language = Language.ZH) -> Response:
        """A valid certificate as PDF: for its holder, its body, the province."""
        with call.units.begin(call.cause()) as uow:
            content = print_certificate(uow, self._press, call.principal, certificate_id, language)
        return Response(content, media_type=PDF, headers={"content-disposition": 'inline; filename="certificate.pdf"'})
