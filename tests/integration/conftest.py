"""Integration tests talk to real servers: none may hang for ever."""

import faulthandler
from collections.abc import Iterator

import pytest

SECONDS_PER_TEST = 120


@pytest.fixture(autouse=True)
def _stack_of_a_hanging_test() -> Iterator[None]:
    """Prints where every thread stands when a test takes longer than any should."""
    faulthandler.dump_traceback_later(SECONDS_PER_TEST)
    yield
    faulthandler.cancel_dump_traceback_later()
