"""The FastAPI application that every service has, with everything around its own routers."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine, QueuePool

from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitsOfWork
from luban.webkit.authentication import ApiKeys, authenticator
from luban.webkit.documentation import documentation
from luban.webkit.envelope import Envelope
from luban.webkit.errors import install_error_handlers
from luban.webkit.health import Check, healthz, readyz
from luban.webkit.limits import Limits
from luban.webkit.routes import admit, check_declared, path_templates

Lifespan = Callable[[FastAPI], Any]
"""An async context manager over the application's life."""


def create_app(
    title: str,
    service: str,
    settings: Settings,
    routers: Sequence[APIRouter],
    units: UnitsOfWork,
    *,
    ready_checks: Mapping[str, Check] | None = None,
    api_keys: ApiKeys | None = None,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The service's application. As many plain endpoints run at once as the engine's pool has connections.

    Raises `UndeclaredRouteError` when a route does not say who may call it.
    """
    app = FastAPI(
        title=title,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        form_limits={"max_files": 10, "max_fields": 100, "max_part_size": 64 * 1024},
        lifespan=_lifespan(units.engine, lifespan),
    )
    app.state.service = service
    app.state.units = units
    app.state.authenticator = authenticator(settings, api_keys)
    checks = {"database": lambda: _select_one(units.engine), **(ready_checks or {})}
    app.add_route("/healthz", healthz, methods=["GET"])
    app.add_route("/readyz", readyz(checks), methods=["GET"])
    if settings.profile != "production":
        app.add_route("/docs", documentation(title), methods=["GET"])
    for router in routers:
        app.include_router(router)
    check_declared(app)
    app.state.paths = path_templates(app)
    install_error_handlers(app)
    app.add_middleware(Limits, admit=admit)
    app.add_middleware(Envelope, paths=app.state.paths)
    return app


def _select_one(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("select 1")


def _lifespan(engine: Engine, inner: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if isinstance(engine.pool, QueuePool):
            to_thread.current_default_thread_limiter().total_tokens = engine.pool.size()
        async with AsyncExitStack() as stack:
            stack.callback(engine.dispose)
            if inner:
                await stack.enter_async_context(inner(app))
            yield

    return lifespan
