"""The FastAPI application that every service has, with everything around its own routers."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine, QueuePool

from luban.eventkit.backlog import YEAR
from luban.eventkit.comparison import ACCEPTS, IS_CURRENT
from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitsOfWork
from luban.webkit.address import parse_networks
from luban.webkit.authentication import ApiKeys, authenticator
from luban.webkit.documentation import documentation
from luban.webkit.envelope import Envelope
from luban.webkit.errors import install_error_handlers
from luban.webkit.health import Check, Readiness, healthz, readyz
from luban.webkit.limits import Limits
from luban.webkit.migrations import has_revision, newest_revision
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
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    app.state.units = units
    app.state.trusted_proxies = parse_networks(settings.trusted_proxies)
    app.state.authenticator = authenticator(settings, api_keys)
    checks = {**database_checks(service, units), **(ready_checks or {})}
    app.state.readiness = readiness = Readiness(checks, shown(service, units))
    app.add_route("/healthz", healthz, methods=["GET"])
    app.add_route("/readyz", readyz(readiness), methods=["GET"])
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


def database_checks(service: str, units: UnitsOfWork) -> dict[str, Check]:
    """Whether the database answers, has the schema that this release needs, lives in a year we can seal in, and is
    not known to be restored from the past."""
    checks: dict[str, Check] = {"database": lambda: _select_one(units.engine)}
    revision = newest_revision(service)
    if revision is None:
        return checks
    return checks | {
        "schema": lambda: has_revision(units.engine, revision),
        "keys": lambda: not units.keyring.missing(current_year(units.engine)),
        "journal": lambda: not _one(units.engine, IS_CURRENT),
    }


def shown(service: str, units: UnitsOfWork) -> dict[str, Check]:
    """What /readyz tells beside its checks. A database server that was just started takes no command before its
    journal was compared with the topic; a broker that is away then is no reason to answer nothing at all."""
    if newest_revision(service) is None:
        return {}
    return {"accepts_commands": lambda: _one(units.engine, ACCEPTS)}


def current_year(engine: Engine) -> int:
    """In Shanghai, by the database's clock. Raises SQLAlchemy's errors."""
    return int(_one(engine, YEAR))


def _one(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(query).scalar()


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
