"""Rows of a query as dataclasses."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from psycopg.rows import class_row

from luban.eventkit.uow import UnitOfWork

Row = TypeVar("Row")
Parameters = Sequence[Any] | Mapping[str, Any]


def rows(uow: UnitOfWork, kind: type[Row], query: str, parameters: Parameters = ()) -> list[Row]:
    """Every row; the query's columns are the fields of `kind`."""
    with uow.connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def one(uow: UnitOfWork, kind: type[Row], query: str, parameters: Parameters = ()) -> Row | None:
    """The only row, or None."""
    with uow.connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchone()
