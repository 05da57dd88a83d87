"""Pages and their cursors."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from luban.reference.refusal import Invalid
from luban.webkit.paging import Page, PageRequest

ROWS = [(datetime(2026, 11, day, tzinfo=UTC), UUID(int=day)) for day in range(1, 8)]


def page(request: PageRequest) -> Page[int]:
    after = request.after(datetime, UUID)
    rows = [row for row in ROWS if after is None or row > after][: request.fetch]
    return request.page(rows, key=lambda row: row, item=lambda row: row[1].int)


def test_following_the_cursors_shows_every_row_once() -> None:
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        shown = page(PageRequest(3, cursor))
        seen += shown.items
        cursor = shown.next
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert cursor is None


def test_a_last_page_that_is_just_full_has_no_successor() -> None:
    assert page(PageRequest(7)).next is None


@pytest.mark.parametrize("cursor", ["", "?", "é", "AAAA", "W10", "WyJhIiwgMV0", "bnVsbA", "=" * 500])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        PageRequest(3, cursor).after(datetime, UUID)
    assert refused.value.code == "cursor-invalid"
