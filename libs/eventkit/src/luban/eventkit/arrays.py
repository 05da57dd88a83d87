"""Lists as parameters of set-based SQL, written faster than psycopg does it element by element."""

from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.array import ListDumper


class QuickListDumper(ListDumper):
    """Lists of UUIDs, of whole numbers and of plain text in one go; every other list as psycopg does it."""

    def dump(self, obj: list[Any]) -> Any:
        """The text form of an array (PostgreSQL manual, 8.15.6)."""
        kinds = set(map(type, obj))
        if kinds == {UUID}:
            return ("{" + ",".join([each.hex for each in obj]) + "}").encode()
        if kinds == {int}:
            return ("{" + ",".join(map(str, obj)) + "}").encode()
        if kinds == {str} and _needs_no_escape("".join(obj)):
            return ('{"' + '","'.join(obj) + '"}').encode()
        return super().dump(obj)


def _needs_no_escape(text: str) -> bool:
    return '"' not in text and "\\" not in text and "\0" not in text


def install() -> None:
    """Makes every connection of this process use it."""
    psycopg.adapters.register_dumper(list, QuickListDumper)
