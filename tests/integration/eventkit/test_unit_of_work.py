"""One transaction: all of it or nothing, events included; its clock; its timers."""

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from luban.eventkit.envelope import parse
from luban.eventkit.ids import new_id
from luban.eventkit.timers import Timers
from luban.eventkit.uow import Cause, UnitOfWork, WroteInReadError
from luban.events.v1 import exam_pb2
from tests.embedded import DatabaseFactory
from tests.integration.eventkit.rig import Rig, open_rig


@pytest.fixture
def rig(database: DatabaseFactory, tmp_path: Path) -> Iterator[Rig]:
    """Two databases: nothing here reaches a broker."""
    built = open_rig(database, "127.0.0.1:1", tmp_path, "embedded")
    yield built
    built.close()


def corrected(aggregate_id: UUID) -> exam_pb2.ResultCorrected:
    return exam_pb2.ResultCorrected(result_id=str(aggregate_id))


def test_versions_rise_and_name_their_predecessor(rig: Rig) -> None:
    aggregate = new_id()
    for _ in range(2):
        with rig.source.begin(Cause("test")) as uow:
            for _ in range(2):
                uow.emit(corrected(aggregate), aggregate_id=aggregate, key=aggregate)
    envelopes = [
        parse(bytes(value)) for (value,) in rig.rows("select value from eventkit.journal order by seq", side="source")
    ]
    assert [envelope.aggregate_version for envelope in envelopes] == [1, 2, 3, 4]
    assert [envelope.previous_id for envelope in envelopes] == ["", *(envelope.id for envelope in envelopes[:3])]


def test_an_event_of_a_transaction_that_failed_never_was(rig: Rig) -> None:
    def fail() -> None:
        with rig.source.begin(Cause("test")) as uow:
            uow.emit(corrected(new_id()), aggregate_id=new_id(), key=new_id())
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fail()
    assert rig.rows("select count(*) from eventkit.journal", side="source") == [(0,)]


def test_what_a_savepoint_undid_is_not_recorded(rig: Rig) -> None:
    kept = new_id()
    with rig.source.begin(Cause("test")) as uow:
        uow.emit(corrected(kept), aggregate_id=kept, key=kept)
        with pytest.raises(RuntimeError), uow.savepoint():
            uow.emit(corrected(new_id()), aggregate_id=new_id(), key=kept)
            raise RuntimeError("no")
    assert rig.rows("select aggregate_id from eventkit.journal", side="source") == [(kept,)]


def test_two_transactions_cannot_record_one_version(rig: Rig) -> None:
    aggregate = new_id()
    outcomes: list[str] = []
    meeting = threading.Barrier(2)

    def record() -> None:
        try:
            with rig.source.begin(Cause("test")) as uow:
                uow.emit(corrected(aggregate), aggregate_id=aggregate, key=aggregate)
                meeting.wait(10)
            outcomes.append("done")
        except psycopg.errors.UniqueViolation:
            outcomes.append("too late")

    threads = [threading.Thread(target=record) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    events = rig.rows("select aggregate_version from eventkit.journal order by seq", side="source")
    assert [version for (version,) in events] == list(range(1, len(events) + 1))
    assert outcomes.count("done") == len(events)


def test_the_journal_only_grows(rig: Rig) -> None:
    rig.emit(1)
    for statement in ("update eventkit.journal set value = ''", "delete from eventkit.journal"):
        with (
            pytest.raises(psycopg.errors.RestrictViolation),
            psycopg.connect(rig.source_settings.database) as connection,
        ):
            connection.execute(statement)


def test_a_reading_cannot_write(rig: Rig) -> None:
    with pytest.raises(WroteInReadError), rig.source.read(Cause("test")) as uow:
        uow.sql("insert into effect (event_id) values (gen_random_uuid())")


def test_the_clock_moves_only_where_it_may(rig: Rig) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("update eventkit.simulated_clock set ahead = '1 day'")
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("update eventkit.simulated_clock set allowed = true, ahead = '400 days'")
    with rig.sink.begin(Cause("test")) as real, rig.source.begin(Cause("test")) as ahead:
        assert (ahead.now() - real.now()).days in {399, 400}


def test_a_timer_fires_once_when_it_is_due(rig: Rig) -> None:
    fired: list[UUID] = []
    timers = Timers({"ring": lambda _, subject: fired.append(subject)}, rig.source)
    subject = new_id()
    with rig.source.begin(Cause("test")) as uow:
        now = uow.now()
        uow.set_timer("ring", subject, now.replace(year=now.year + 1))
    assert not timers.fire_next()
    with rig.source.begin(Cause("test")) as uow:
        uow.set_timer("ring", subject, uow.now())
    assert timers.fire_next()
    assert not timers.fire_next()
    assert fired == [subject]


def test_a_timer_whose_handler_fails_is_put_off_and_leaves_nothing(rig: Rig) -> None:
    def fail(uow: UnitOfWork, subject: UUID) -> None:
        uow.emit(corrected(subject), aggregate_id=subject, key=subject)
        raise RuntimeError("no")

    with rig.source.begin(Cause("test")) as uow:
        uow.set_timer("ring", new_id(), uow.now())
    assert Timers({"ring": fail}, rig.source).fire_next()
    assert rig.rows("select attempts, try_at > due_at, done_at from eventkit.timer", side="source") == [(1, True, None)]
    assert rig.rows("select count(*) from eventkit.journal", side="source") == [(0,)]


def test_a_duplicate_row_shows_itself_inside_the_transaction(rig: Rig) -> None:
    with pytest.raises((IntegrityError, psycopg.errors.UniqueViolation)), rig.sink.begin(Cause("test")) as uow:
        uow.sql("insert into effect (event_id) values ('00000000-0000-0000-0000-000000000001')")
        uow.sql("insert into effect (event_id) values ('00000000-0000-0000-0000-000000000001')")


def test_a_last_step_runs_after_the_events_and_can_still_undo_everything(rig: Rig) -> None:
    def refuse() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError), rig.source.begin(Cause("test")) as uow:
        uow.at_last(refuse)
        uow.emit(corrected(new_id()), aggregate_id=new_id(), key=new_id())
    assert rig.rows("select count(*) from eventkit.journal", side="source") == [(0,)]
    seen: list[int] = []
    with rig.source.begin(Cause("test")) as uow:
        uow.at_last(lambda: seen.extend(uow.sql("select count(*) from eventkit.journal").fetchone() or ()))
        uow.emit(corrected(new_id()), aggregate_id=new_id(), key=new_id())
    assert seen == [1]


def test_what_a_transaction_held_is_gone_with_it(rig: Rig) -> None:
    """A process that collects cycles seldom would keep a whole import for as long."""
    gc.collect()
    gc.disable()
    try:
        with rig.source.begin(Cause("test")) as uow:
            gone = weakref.ref(uow)
            uow.at_last(lambda here=uow: here.sql("select 1"))  # type: ignore[misc]  # a default's type cannot be said
        del uow
        assert gone() is None
    finally:
        gc.enable()
