"""Lists in pages, by opaque cursors that hold the last row's key."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Generic, TypeVar, cast

from fastapi import Depends, Query
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from luban.reference.refusal import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR = 500

Row = TypeVar("Row")
T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Some items of a list, and the cursor of those after them; None at the end."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a caller asks for."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @property
    def fetch(self) -> int:
        """How many rows to select: one more than is shown tells whether there is a next page."""
        return self.limit + 1

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The key of the row before this page, as in `after(datetime, UUID)`; None on the first page.

        A cursor that is not one of ours for this list is Invalid `cursor-invalid`.
        """
        return None if self.cursor is None else _decode(self.cursor, types)

    def page(self, rows: Sequence[Row], key: Callable[[Row], tuple[Any, ...]], item: Callable[[Row], T]) -> Page[T]:
        """The page made of up to `fetch` rows in the order of `key`, each shown as `item` shows it."""
        shown = rows[: self.limit]
        following = cursor_of(key(shown[-1])) if len(rows) > self.limit else None
        return Page(items=[item(row) for row in shown], next=following)


def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


Paging = Annotated[PageRequest, Depends(_page_request)]
"""For an endpoint's parameter: `paging: Paging`."""


def cursor_of(key: tuple[Any, ...]) -> str:
    """The opaque cursor of the row with this key, for `PageRequest.after`."""
    return urlsafe_b64encode(to_json(key)).rstrip(b"=").decode()


def _decode(cursor: str, types: tuple[type, ...]) -> tuple[Any, ...]:
    try:
        packed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return _adapter(types).validate_json(packed)
    except ValueError as error:
        zh, en = "翻页标记无效，请从第一页重新开始。", "The cursor is not valid; start from the first page."
        raise Invalid("cursor-invalid", zh=zh, en=en) from error


@cache
def _adapter(types: tuple[type, ...]) -> TypeAdapter[tuple[Any, ...]]:
    return TypeAdapter(cast("type[tuple[Any, ...]]", GenericAlias(tuple, types)))
