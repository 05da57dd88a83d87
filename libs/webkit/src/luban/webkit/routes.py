"""What the application's routes declare: who may call them, and what they read."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import Scope

from luban.webkit.authentication import Role, require
from luban.webkit.call import Allow
from luban.webkit.exchange import exchange_of


class UndeclaredRouteError(Exception):
    """A route does not say who may call it."""


def routes_and_roles(app: FastAPI) -> list[tuple[str, str, frozenset[Role]]]:
    """Every (method, path, roles) of the application, sorted by path and method. Kernel routes are public."""
    found = []
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        roles = _roles(dependant) if dependant else frozenset({Role.PUBLIC})
        for method in context.methods or ():
            found.append((method, context.path_format or "", roles))
    return sorted(found, key=lambda entry: (entry[1], entry[0]))


def check_declared(app: FastAPI) -> None:
    """Raises `UndeclaredRouteError` for routes without `allow`; an application does not start with one."""
    missing = [f"{method} {path}" for method, path, roles in routes_and_roles(app) if not roles]
    if missing:
        raise UndeclaredRouteError(", ".join(missing))


def path_templates(app: FastAPI) -> dict[Callable[..., Any], str]:
    """The path template of every endpoint."""
    contexts = iter_route_contexts(app.routes)
    return {context.endpoint: context.path_format or "" for context in contexts if context.endpoint}


async def admit(scope: Scope) -> None:
    """Turns a caller away with 401 or 403 before the body is read. `Allow` looks again, for requests without one."""
    route = scope.get("route")
    if not isinstance(route, APIRoute):
        return
    principal = await scope["app"].state.authenticator.authenticate(exchange_of(scope))
    for roles in _declared(route.dependant):
        require(principal, roles)


def _roles(dependant: Dependant) -> frozenset[Role]:
    declared = list(_declared(dependant))
    return frozenset.intersection(*declared) if declared else frozenset()


def _declared(dependant: Dependant) -> Iterator[frozenset[Role]]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Allow):
            yield dependency.call.roles
        yield from _declared(dependency)
