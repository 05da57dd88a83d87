"""API keys: each acknowledged one stands once, and exactly those are revoked whose revocation was acknowledged."""

from collections import Counter
from collections.abc import Iterator, Sequence

from luban.cli.load.compare.system import Row
from luban.cli.load.compare.tally import Tally
from luban.cli.load.reading import Operation, Record

KEYS = "every acknowledged API key stands once, with the values sent"
REVOCATIONS = "exactly the API keys are revoked whose revocation was acknowledged"
_VALUES = ("credit_code", "employer_name", "daily_quota")


def compare_keys(tally: Tally, record: Record, rows: Sequence[Row]) -> None:
    """The province's list of keys beside the run's own book."""
    made = [each for each in record.of("api_keys") if each.acknowledged]
    by_id = {row["key_id"]: row for row in rows}
    tally.add(KEYS, len(made), [*_lost(made, by_id), *_doubled(record, rows)])
    revoked = {each.sent["key_id"]: each for each in record.of("key_revocations")}
    tally.add(REVOCATIONS, len(revoked), _wrongly_revoked(made, revoked, by_id))


def _lost(made: list[Operation], rows: dict[str, Row]) -> Iterator[str]:
    for operation in made:
        row = rows.get(operation.got["key_id"])
        if row is None or any(row[name] != operation.sent[name] for name in _VALUES):
            yield f"the key of {operation.sent['employer_name']} is lost or another"


def _doubled(record: Record, rows: Sequence[Row]) -> Iterator[str]:
    """Each employer was given one key at most; one in doubt may stand, once."""
    asked = Counter(each.sent["employer_name"] for each in record.of("api_keys"))
    counted = Counter(row["employer_name"] for row in rows)
    yield from (f"{name} has {counted[name]} keys" for name in asked if counted[name] > asked[name])


def _wrongly_revoked(made: list[Operation], revoked: dict[str, Operation], rows: dict[str, Row]) -> Iterator[str]:
    for operation in made:
        row, revocation = rows.get(operation.got["key_id"]), revoked.get(operation.got["key_id"])
        if row is None or (revocation is not None and revocation.in_doubt):
            continue
        if (row["revoked_at"] is not None) != (revocation is not None and revocation.acknowledged):
            yield f"the key of {operation.sent['employer_name']} is {'' if row['revoked_at'] else 'not '}revoked"
