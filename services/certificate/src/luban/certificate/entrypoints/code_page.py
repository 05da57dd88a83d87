"""The page that the code of a paper leads a phone to. The phone checks the code itself: nothing is asked here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from luban.certificate.handlers.paper import PAGE
from luban.reference.refusal import NotFound
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

Anybody = Annotated[Call, Depends(allow(Role.PUBLIC))]

_FOLDER = Path(__file__).with_name("code_page_files")
_KINDS: Final[Mapping[str, str]] = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-cache",  # a mended script must reach every phone that is online
    "service-worker-allowed": "/",  # /V and /v have nothing longer in common
}
_WORKER_POLICY = "default-src 'none'; connect-src 'self'"


class CodePage:
    """The routes, with the files they serve."""

    def __init__(self) -> None:
        self._files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _KINDS}

    def router(self) -> APIRouter:
        """The page, by the address in the code (which is in capitals) and by the one people type, and its files."""
        router = APIRouter(tags=["certificates"])
        for path in (PAGE.upper(), PAGE):  # the last one names both in logs
            router.get(path, response_class=HTMLResponse)(self.page)
        router.get(f"{PAGE}/{{file}}", response_class=Response)(self.file)
        return router

    def page(self, _: Anybody) -> Response:
        """Where the code of a paper leads a phone. What stands behind # stays in the phone."""
        return self._answer("page.html")

    def file(self, _: Anybody, file: str) -> Response:
        """The page's style and scripts. Raises NotFound page-file-unknown."""
        if file not in self._files:
            raise NotFound("page-file-unknown", zh="没有这个文件", en="there is no such file")
        return self._answer(file)

    def _answer(self, name: str) -> Response:
        headers = {**_HEADERS, "content-security-policy": _WORKER_POLICY if name == "worker.js" else _POLICY}
        return Response(self._files[name], headers=headers, media_type=_KINDS[Path(name).suffix])
