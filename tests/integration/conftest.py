"""Integration tests talk to real servers: none may hang for ever."""

import faulthandler
from collections.abc import Iterator

import pytest

from luban.proofs.token_key import Token
from tests.softhsm import empty_token

SECONDS_PER_TEST = 120


@pytest.fixture(autouse=True)
def _stack_of_a_hanging_test() -> Iterator[None]:
    """Prints where every thread stands when a test takes longer than any should."""
    faulthandler.dump_traceback_later(SECONDS_PER_TEST)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """One for the whole process: the library reads its settings once."""
    with empty_token(tmp_path_factory.mktemp("token")) as made:
        yield made
