"""Where each consumer stands: read from its own database, compared and moved in the effect's transaction."""

from collections.abc import Iterable, Mapping

from luban.eventkit.uow import UnitOfWork

Place = tuple[str, int]
"""Topic and partition."""


class FencedError(Exception):
    """Somebody else moved a position: this consumer's batch is not its own any more."""


def load(uow: UnitOfWork, consumer: str, places: Iterable[Place], incarnations: Mapping[str, str]) -> dict[Place, int]:
    """Where to go on reading; the start where a place is new or its topic began another life. Changes nothing."""
    rows = uow.sql(
        "select topic, partition, incarnation, position from eventkit.consumer_offset where consumer = %s", (consumer,)
    ).fetchall()
    known = {(topic, partition): position for topic, partition, life, position in rows if incarnations[topic] == life}
    return {place: known.get(place, 0) for place in places}


LOCK = """
insert into eventkit.consumer_offset as old (consumer, topic, partition, incarnation, position)
select %s, topic, partition, incarnation, 0
from unnest(%s::text[], %s::smallint[], %s::text[]) as place (topic, partition, incarnation)
order by topic collate "C", partition
on conflict (consumer, topic, partition) do update set incarnation = excluded.incarnation,
    position = case when old.incarnation = excluded.incarnation then old.position else 0 end
returning topic, partition, position
"""


BRIEFLY = "select set_config('idle_in_transaction_session_timeout', '15s', true)"
"""A consumer that is stopped within its batch keeps its partitions from whoever took them over for no longer."""


def hold(uow: UnitOfWork, consumer: str, incarnations: Mapping[str, str]) -> dict[Place, int]:
    """Every place that a consumer has ever read, with its position in the topic's present life: none of them moves
    until this transaction ends."""
    rows = uow.sql(
        "select topic, partition, incarnation, position from eventkit.consumer_offset where consumer = %s"
        ' order by topic collate "C", partition for update',
        (consumer,),
    ).fetchall()
    return {(topic, partition): at if incarnations[topic] == life else 0 for topic, partition, life, at in rows}


def lock(uow: UnitOfWork, consumer: str, expected: Mapping[Place, int], incarnations: Mapping[str, str]) -> None:
    """Locks the rows of these places in order, and compares. Raises FencedError where one is not as expected."""
    topics, partitions = [topic for topic, _ in expected], [partition for _, partition in expected]
    lives = [incarnations[topic] for topic in topics]
    uow.sql(BRIEFLY)
    for topic, partition, found in uow.sql(LOCK, (consumer, topics, partitions, lives)).fetchall():
        position = expected[topic, partition]
        if found != position:
            raise FencedError(f"{topic}/{partition} stands at {found}, expected {position}")


def move(uow: UnitOfWork, consumer: str, reached: Mapping[Place, int]) -> None:
    """Moves locked positions."""
    uow.sql(
        "update eventkit.consumer_offset set position = new.position"
        " from unnest(%s::text[], %s::smallint[], %s::bigint[]) as new(topic, partition, position)"
        " where consumer = %s and consumer_offset.topic = new.topic and consumer_offset.partition = new.partition",
        (
            [topic for topic, _ in reached],
            [partition for _, partition in reached],
            list(reached.values()),
            consumer,
        ),
    )
