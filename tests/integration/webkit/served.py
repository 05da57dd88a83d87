"""The application that the serving tests start as a process of its own: `python served.py FOLDER PORT`."""

import sys
import threading
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from luban.eventkit.settings import Settings
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.logs import configure_logs
from luban.webkit.serving import serve
from tests.unit.webkit.rig import build_rig

router = APIRouter()
Anyone = Annotated[Call, Depends(allow(Role.PUBLIC))]


class Body(BaseModel):
    """Anything small."""

    text: str


@router.get("/empty")
async def empty(call: Anyone) -> dict[str, bool]:
    return {"ok": True}


@router.post("/bodies")
def take(body: Body, call: Anyone) -> dict[str, bool]:
    return {"ok": True}


@router.get("/slow/{seconds}")
def slow(seconds: float, call: Anyone) -> dict[str, bool]:
    print("slow has begun", flush=True)
    threading.Event().wait(seconds)
    return {"ok": True}


def create(settings: Settings) -> FastAPI:
    return build_rig(settings.keyring.parent, [router]).app


if __name__ == "__main__":
    configure_logs("served")
    folder = Path(sys.argv[1])
    serve(
        "tests.integration.webkit.served:create",
        Settings(
            database="none",
            broker="none",
            keyring=folder / "none",
            oidc_issuer="none",
            oidc_jwks="none",
            http_port=int(sys.argv[2]),
        ),
    )
