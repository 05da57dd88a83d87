"""Which member of staff read whose personal data: recorded in the transaction that reads it, append-only."""

from collections.abc import Sequence
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.webkit.authentication import Principal


def record_access(uow: UnitOfWork, principal: Principal, subject_ids: Sequence[UUID], what: str, purpose: str) -> None:
    """Records that `principal` read `what` (≤ 200 characters) of these candidates for `purpose` (≤ 500).

    Needs a writing transaction (`Call.execute`), so that nothing is shown that was not recorded.
    """
    subjects = list(dict.fromkeys(subject_ids))
    if not subjects:
        return
    uow.sql(
        "insert into webkit.personal_data_access (id, at, actor, role, subject_id, what, purpose, correlation_id)"
        " select row.id, eventkit.now(), %s, %s, row.subject_id, %s, %s, %s"
        " from unnest(%s::uuid[], %s::uuid[]) as row (id, subject_id)",
        (
            principal.actor,
            ",".join(sorted(principal.roles)),
            what,
            purpose,
            uow.cause.correlation_id,
            [uow.new_id() for _ in subjects],
            subjects,
        ),
    )
