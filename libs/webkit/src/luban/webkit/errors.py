"""Which answer every kind of error gets."""

import logging

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.responses import Response

from luban.eventkit.dispatch import is_transient
from luban.eventkit.starting import CannotStartError
from luban.reference.refusal import Refusal
from luban.webkit.exchange import exchange_of
from luban.webkit.problem import plain_problem, problem_of_http, problem_of_refusal, unavailable
from luban.webkit.validation import problem_of_validation

_LOG = logging.getLogger("luban.http")

# The session raises SQLAlchemy's errors, `uow.sql` psycopg's own.
_OF_THE_DATABASE = (exc.DBAPIError, psycopg.Error)
_UNSTORABLE = (exc.DataError, psycopg.DataError, UnicodeEncodeError)


def install_error_handlers(app: FastAPI) -> None:
    """Makes every refusal and error of the application a problem document."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(exc.TimeoutError, _away)  # no connection was free in time
    for error in _OF_THE_DATABASE:
        app.add_exception_handler(error, _database)
    app.add_exception_handler(CannotStartError, _unable)
    for unstorable in _UNSTORABLE:
        app.add_exception_handler(unstorable, _unstorable)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_of_refusal(exchange_of(request.scope), error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_of_validation(exchange_of(request.scope), error.errors())


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_of_http(exchange_of(request.scope), error)


async def _database(request: Request, error: Exception) -> Response:
    """What may pass is said to be temporary; anything else is a fault of ours."""
    if not is_transient(error):
        raise error
    return await _away(request, error)


async def _away(request: Request, error: Exception) -> Response:
    """The database is away or in recovery, or had to break a deadlock; the request may be sent again."""
    _LOG.warning("database unavailable", exc_info=error)
    return problem_of_http(exchange_of(request.scope), unavailable())


async def _unable(request: Request, error: Exception) -> Response:
    """What would stop a start came up while running, such as a new year without keys: nobody else can answer better."""
    _LOG.error("cannot do this: %s", error)
    return problem_of_http(exchange_of(request.scope), unavailable(retry_after_seconds=60))


async def _unstorable(request: Request, error: Exception) -> Response:
    """Text that PostgreSQL cannot hold: a NUL character, half a surrogate pair."""
    _LOG.warning("text that cannot be stored", exc_info=error)
    return plain_problem(exchange_of(request.scope), 422)
