"""What a signature is worth, over rotations, a compromise and a loss."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from luban.proofs.key_history import End, KeyHistory, Standing
from luban.proofs.local_key import LocalSigner
from luban.reference.refusal import Conflict, Invalid, NotFound

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)
KEYS = [LocalSigner.generate() for _ in range(11)]


def rotated(times: int) -> KeyHistory:
    """A history with a new key every year."""
    history = KeyHistory()
    for number in range(times):
        history = history.rotate(KEYS[number].public_key, START + number * YEAR)
    return history


def test_a_signature_still_counts_after_ten_rotations() -> None:
    history = KeyHistory.from_jwks(rotated(11).jwks())
    signature = KEYS[0].sign(b"a certificate")
    record = history.find(KEYS[0].key_id)
    assert record is not None
    assert record.public_key.verify(b"a certificate", signature)
    assert history.judge(KEYS[0].key_id, START + SECOND) is Standing.COUNTS
    assert history.current is not None
    assert history.current.public_key == KEYS[10].public_key


def test_a_key_counts_from_its_first_second_to_before_its_last() -> None:
    history, key = rotated(3), KEYS[1].key_id
    assert history.judge(key, START + YEAR - SECOND) is Standing.BEFORE_KEY
    assert history.judge(key, START + YEAR) is Standing.COUNTS
    assert history.judge(key, START + 2 * YEAR - SECOND) is Standing.COUNTS
    assert history.judge(key, START + 2 * YEAR) is Standing.AFTER_KEY
    assert history.judge(LocalSigner.generate().key_id, START) is Standing.UNKNOWN_KEY


def test_of_a_compromised_key_only_what_was_logged_before_counts() -> None:
    moment = START + YEAR / 2
    history = rotated(1).compromise(KEYS[0].key_id, moment, START + YEAR)
    before, after = moment - SECOND, moment + SECOND
    assert history.judge(KEYS[0].key_id, before, logged_at=before) is Standing.COUNTS
    assert history.judge(KEYS[0].key_id, before) is Standing.COMPROMISED
    assert history.judge(KEYS[0].key_id, before, logged_at=moment) is Standing.COMPROMISED
    assert history.judge(KEYS[0].key_id, after, logged_at=after) is Standing.COMPROMISED
    assert history.current is None


def test_of_two_words_about_a_compromise_the_earlier_counts() -> None:
    first = rotated(1).compromise(KEYS[0].key_id, START + 2 * SECOND, START + YEAR)
    for since in (SECOND, 3 * SECOND):
        history = first.compromise(KEYS[0].key_id, START + since, START + 2 * YEAR)
        assert history.records[0].compromised_from == START + min(since, 2 * SECOND)
        assert history.records[0].ended_at == START + YEAR


def test_what_a_lost_key_signed_counts_and_a_new_one_takes_over() -> None:
    history = rotated(1).lose(KEYS[0].key_id, START + YEAR)
    assert history.current is None
    history = history.rotate(KEYS[1].public_key, START + YEAR)
    assert history.judge(KEYS[0].key_id, START + SECOND) is Standing.COUNTS
    assert history.judge(KEYS[0].key_id, START + YEAR) is Standing.AFTER_KEY
    assert history.records[0].end is End.LOST


def test_a_retired_key_that_is_lost_changes_nothing() -> None:
    history = rotated(2)
    assert history.lose(KEYS[0].key_id, START + 2 * YEAR) == history


def test_time_does_not_run_backwards() -> None:
    history = rotated(2)
    with pytest.raises(Conflict, match="key-time-order"):
        history.rotate(KEYS[2].public_key, START)
    with pytest.raises(Conflict, match="key-time-order"):
        history.lose(KEYS[1].key_id, START)
    with pytest.raises(Conflict, match="key-time-order"):
        history.compromise(KEYS[1].key_id, START + 3 * YEAR, START + 2 * YEAR)


def test_a_key_comes_once_and_an_unknown_one_is_said() -> None:
    with pytest.raises(Conflict, match="key-already-known"):
        rotated(2).rotate(KEYS[0].public_key, START + 3 * YEAR)
    with pytest.raises(NotFound, match="key-unknown"):
        rotated(2).lose(KEYS[5].key_id, START)
    with pytest.raises(NotFound, match="key-unknown"):
        rotated(2).compromise(KEYS[5].key_id, START, START)


def full() -> KeyHistory:
    """One key of each fate, and a current one."""
    history = rotated(3).compromise(KEYS[0].key_id, START + SECOND, START + 2 * YEAR)
    return history.lose(KEYS[2].key_id, START + 3 * YEAR).rotate(KEYS[3].public_key, START + 3 * YEAR)


def test_a_history_survives_its_publication() -> None:
    assert KeyHistory.from_jwks(full().jwks()) == full()
    newest = full().jwks()["keys"][0]
    assert newest == {**KEYS[3].public_jwk(), "nbf": int((START + 3 * YEAR).timestamp())}


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1.5},
        {"nbf": "2026"},
        {"nbf": True},
        {"nbf": 2**40},
        {"exp": None},
        {"luban_ended": "bored"},
        {"revoked": {"revoked_at": 1, "reason": "bored"}},
        {"revoked": True},
        {"revoked": None, "luban_ended": "compromised"},
        {"nbf": 0},
    ],
)
def test_a_damaged_set_is_refused(changed: dict[str, Any]) -> None:
    jwks = rotated(3).jwks()
    jwks["keys"][1] |= changed
    with pytest.raises(Invalid, match="key-set-malformed"):
        KeyHistory.from_jwks(jwks)


def test_a_set_of_another_shape_is_refused() -> None:
    key = rotated(1).jwks()["keys"][0]
    shapes: list[dict[str, Any]] = [{}, {"keys": {}}, {"keys": [1]}, {"keys": [key, key]}, {"keys": [key] * 1001}]
    for jwks in shapes:
        with pytest.raises(Invalid, match="key-set-malformed"):
            KeyHistory.from_jwks(jwks)
