"""Whatever a list holds, the database reads back what was given."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luban.eventkit import arrays
from tests.embedded import DatabaseFactory

IDS = [UUID(int=number) for number in (0, 1, 2**127, 2**128 - 1)]


@pytest.fixture(scope="module")
def connection(database_factory: DatabaseFactory) -> Any:
    arrays.install()
    with psycopg.connect(database_factory()) as opened:
        yield opened
    database_factory.drop()


@pytest.mark.parametrize(
    ("kind", "given_list"),
    [
        ("uuid[]", IDS),
        ("uuid[]", [*IDS, None]),
        ("bigint[]", [0, -1, 2**62]),
        ("integer[]", [1, None]),
        ("text[]", ["", "null", "NULL", " a ", "a,b", "{}", '"', "\\", "\n", "鲁班", "\U00020bb7", "'"]),
        ("text[]", ["plain", None]),
        ("text[]", []),
        ("uuid[]", []),
        ("text[][]", [["a", "b"], ["c", '"']]),
        ("boolean[]", [True, False]),
        ("bytea[]", [b"\x00\xff", b""]),
    ],
)
def test_a_list_comes_back_as_it_was(connection: Any, kind: str, given_list: list[Any]) -> None:
    assert connection.execute(f"select %s::{kind}", (given_list,)).fetchone() == (given_list,)


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=8))
def test_any_text_comes_back_as_it_was(connection: Any, texts: list[str]) -> None:
    assert connection.execute("select %s::text[]", (texts,)).fetchone() == (texts,)


def test_text_that_the_database_cannot_hold_is_refused(connection: Any) -> None:
    with pytest.raises(psycopg.DataError):
        connection.execute("select %s::text[]", (["a\0b"],))
    connection.rollback()
