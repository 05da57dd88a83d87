"""The look at the counters before a worker starts: one that stands behind the register would give a number twice."""

from luban.eventkit.starting import CannotStartError
from luban.eventkit.uow import UnitOfWork

SHOWN = 5

# Walks from prefix to prefix along the index on certificate_no (':' follows '9'), so it reads two rows for each.
# Numbers of formats that are never generated here were imported, and each is its own prefix.
BEHIND = """
with recursive first as (
    (select certificate_no, number_prefix from certificate order by certificate_no limit 1)
    union all
    select next.certificate_no, next.number_prefix from first cross join lateral (
        select certificate_no, number_prefix from certificate
        where certificate_no > first.number_prefix || ':' order by certificate_no limit 1
    ) as next
)
select first.number_prefix, coalesce(counter.last, 0), newest.sequence
from first
cross join lateral (
    select substr(certificate_no, length(number_prefix) + 1)::integer as sequence from certificate
    where certificate_no < first.number_prefix || ':' and number_prefix = first.number_prefix
    order by certificate_no desc limit 1
) as newest
left join counter on counter.prefix = first.number_prefix
where first.number_prefix <> first.certificate_no and newest.sequence > coalesce(counter.last, 0)
"""


class CountersBehindError(CannotStartError):
    """The register holds numbers that its counters have not given: it was put together from different backups."""


def refuse_counters_behind(uow: UnitOfWork) -> None:
    """Raises CountersBehindError naming the first prefixes concerned."""
    behind = uow.sql(BEHIND).fetchall()
    if behind:
        shown = ", ".join(f"{prefix} counted {last}, register has {newest}" for prefix, last, newest in behind[:SHOWN])
        raise CountersBehindError(
            f"{len(behind)} number counters stand behind the register ({shown}): restore the whole database from one "
            "backup before issuing, or numbers would be given twice"
        )
