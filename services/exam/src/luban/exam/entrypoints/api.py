"""The service's HTTP application: every router once."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitsOfWork, open_units
from luban.exam.entrypoints import bank, forms, marks, papers, publicity, results, sittings, submissions
from luban.webkit.application import create_app

ROUTERS: Sequence[APIRouter] = (
    bank.router,
    forms.router,
    sittings.router,
    papers.router,
    marks.router,
    results.router,
    submissions.router,
    publicity.router,
)


def create(settings: Settings | None = None, units: UnitsOfWork | None = None) -> FastAPI:
    """The application, configured by the environment unless settings are given."""
    settings = settings or Settings()
    return create_app("Luban exam", "exam", settings, ROUTERS, units or open_units(settings))
