"""What waits in a database is counted as it is, at a bounded cost."""

import psycopg
import pytest

from luban.eventkit import backlog
from luban.eventkit.backlog import BacklogReader, read_backlog
from luban.eventkit.ids import new_id
from luban.eventkit.uow import Cause
from tests.integration.eventkit.rig import Rig, wait_until


def numbers(rig: Rig, *, side: str = "sink") -> backlog.Backlog:
    """Of either side, now."""
    settings = rig.sink_settings if side == "sink" else rig.source_settings
    with psycopg.connect(settings.database) as connection:
        return read_backlog(connection)


def test_a_service_with_nothing_to_do_shows_nothing(rig: Rig) -> None:
    found = numbers(rig)
    assert found == backlog.Backlog(0, 0.0, {}, {}, 0, 0.0, found.year)
    assert rig.rows("select extract(year from now() at time zone 'Asia/Shanghai')::int") == [(found.year,)]


def test_the_outbox_shows_its_depth_and_the_age_of_its_oldest(rig: Rig) -> None:
    rig.emit(3)
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("update eventkit.simulated_clock set allowed = true, ahead = interval '1 hour'")
    rig.emit(2)
    found = numbers(rig, side="source")
    assert found.outbox == 5
    assert 3600 <= found.outbox_seconds < 3700


def test_counting_stops_at_a_bound(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.emit(9)
    monkeypatch.setattr(backlog, "MOST", 4)
    assert numbers(rig, side="source").outbox == 4


def test_a_dead_letter_counts_until_its_event_was_applied(rig: Rig) -> None:
    (guilty,) = rig.emit(1)
    rig.emit(1, of=guilty)
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("insert into forbidden values (%s, 1)", (guilty,))
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 2, "the refused event and the one behind it")
    for _ in range(4):
        rig.replay()
    found = numbers(rig)
    assert (dict(found.parked), dict(found.dead_letters)) == ({"dead": 1, "gap": 1}, {"refused": 1})
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("delete from forbidden")
    assert rig.replay().applied == 2
    found = numbers(rig)
    assert (dict(found.parked), dict(found.dead_letters)) == ({}, {})
    assert rig.rows("select replayed_at is not null from eventkit.dead_letter") == [(True,)]


def test_late_timers_count_also_while_they_were_put_off(rig: Rig) -> None:
    with rig.sink.begin(Cause("test")) as uow:
        for due, seconds in (("now", 0), ("put off", 250), ("future", 3600)):
            uow.sql(
                "insert into eventkit.timer (kind, subject_id, due_at, try_at)"
                " select 'k', %s, eventkit.now() + case %s when 'future' then interval '1 hour' else '-40 seconds' end,"
                " eventkit.now() + make_interval(secs => %s)",
                (new_id(), due, seconds),
            )
    found = numbers(rig)
    assert found.timers == 2
    assert 40 <= found.timers_seconds < 60


def test_a_reader_asks_seldom_and_goes_on_after_its_connection_was_lost(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = BacklogReader(rig.source_settings.database)
    assert reader.read().outbox == 0
    rig.emit(2)
    assert reader.read().outbox == 0, "asked again within the same seconds"
    monkeypatch.setattr(backlog, "EVERY_SECONDS", 0.0)
    assert reader.read().outbox == 2
    with psycopg.connect(rig.source_settings.database, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    with pytest.raises(psycopg.OperationalError):
        reader.read()
    assert reader.read().outbox == 2
    reader.close()
