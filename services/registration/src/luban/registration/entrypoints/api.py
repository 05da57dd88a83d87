"""The service's HTTP application: every router once."""

from fastapi import FastAPI

from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitsOfWork, open_units
from luban.registration.entrypoints.routers import bodies, candidates, entries, plans, rosters
from luban.webkit.application import create_app

ROUTERS = (bodies.router, plans.router, candidates.router, entries.router, rosters.router)


def create(settings: Settings | None = None, units: UnitsOfWork | None = None) -> FastAPI:
    """The application, configured by the environment unless settings are given."""
    settings = settings or Settings()
    return create_app("Luban registration", "registration", settings, ROUTERS, units or open_units(settings))
