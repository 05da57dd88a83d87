"""Certificates are issued once for each confirmation, with numbers that leave no hole."""

import threading
from datetime import date
from uuid import UUID

import pytest

from luban.certificate.adapters.counters import CountersBehindError
from luban.certificate.bootstrap import check_register
from luban.eventkit.apply import Report
from luban.eventkit.ids import new_id
from luban.eventkit.uow import Cause
from tests.integration.certificate.rig import CONSUMER, ID_NO, NAME, Register, ability_plan, confirmed, level_plan


def test_a_confirmed_pass_becomes_a_certificate_with_the_face_of_its_plan(register: Register) -> None:
    result = confirmed(level_plan(level=3), on="2026-11-20")
    assert register.issue(result) == ["S000037000072263000001"]
    ((number, kind, level, occupation, body, issued_on, state, result_id, certificate_id, personal),) = register.rows(
        "select certificate_no, kind, level, occupation_name, body_name, issued_on, state, result_id, certificate_id,"
        " personal from certificate"
    )
    assert (kind, level, occupation, body) == ("LEVEL", 3, "劳动关系协调师", "鲁班职业培训学校")
    assert (issued_on, state, result_id) == (date(2026, 11, 20), "VALID", UUID(result.result_id))
    holder = register.units.keyring.open_column(personal, certificate_id)
    assert (holder.name, holder.id_no) == (NAME, ID_NO)
    (event,) = register.events("CertificateIssued")
    assert (event.certificate_no, event.certificate_id) == (number, str(certificate_id))
    assert event.level.level == 3
    assert event.candidate_id == result.candidate_id
    assert register.rows("select version, change, actor from register_entry") == [(1, "ISSUED", "consumer:certificate")]


def test_neither_name_nor_id_number_stands_in_the_clear(register: Register) -> None:
    register.issue(confirmed(level_plan()))
    for table in ("certificate", "register_entry", "eventkit.journal"):
        ((everything,),) = register.rows(f"select string_agg(t::text, '') from {table} t")
        assert NAME not in everything
        assert ID_NO not in everything
        assert NAME.encode().hex() not in everything


def test_an_event_that_comes_twice_issues_one_certificate(register: Register) -> None:
    event = register.arrive(confirmed(level_plan()))
    assert register.apply(event).applied == 1
    assert register.apply(event).repeats == 1
    assert register.numbers() == ["S000037000072263000001"]
    assert register.rows("select last from counter") == [(1,)]


def test_an_event_that_the_inbox_has_forgotten_still_issues_one_certificate(register: Register) -> None:
    event = register.arrive(confirmed(level_plan()))
    register.apply(event)
    with register.units.begin(CONSUMER) as uow:
        uow.sql("delete from eventkit.inbox")
    assert register.apply(event).applied == 1
    assert len(register.numbers()) == 1
    assert register.rows("select last from counter") == [(1,)]
    assert len(register.events("CertificateIssued")) == 1


def test_a_second_confirmation_while_the_first_is_in_force_is_refused(register: Register) -> None:
    plan, result_id = level_plan(), new_id()
    register.issue(confirmed(plan, result_id=result_id))
    report = register.apply(register.arrive(confirmed(plan, result_id=result_id, number=2)))
    assert len(report.refused) == 1
    assert register.numbers() == ["S000037000072263000001"]
    assert register.rows("select last from counter") == [(1,)]


def test_numbers_are_dense_for_each_body_year_and_level(register: Register) -> None:
    social, employer = level_plan(level=3), level_plan("Y000037001234", level=4)
    register.issue(
        confirmed(social, on="2026-12-31"),
        confirmed(employer, on="2026-12-31"),
        confirmed(social, on="2027-01-01"),
        confirmed(social, on="2026-12-31"),
    )
    assert register.issue(confirmed(employer, on="2026-12-31"), confirmed(level_plan(level=2))) == [
        "S000037000072262000001",
        "S000037000072263000001",
        "S000037000072263000002",
        "S000037000072273000001",
        "Y000037001234264000001",
        "Y000037001234264000002",
    ]


def test_the_serial_in_a_number_is_that_of_the_site(register: Register) -> None:
    plan = level_plan()
    plan.site_code = "000099"
    assert register.issue(confirmed(plan)) == ["S000037000099263000001"]


def test_special_ability_has_no_level_and_its_own_counter(register: Register) -> None:
    numbers = register.issue(confirmed(ability_plan()), confirmed(ability_plan()), confirmed(level_plan()))
    assert numbers == ["2637012072900001", "2637012072900002", "S000037000072263000001"]
    assert register.rows("select distinct level, occupation_code from certificate where kind <> 'LEVEL'") == [
        (None, None)
    ]


def test_one_result_that_cannot_be_certified_costs_its_batch_no_number(register: Register) -> None:
    plan, broken = level_plan(), level_plan()
    broken.level.level = 6
    arrivals = [register.arrive(confirmed(each)) for each in (plan, plan, broken, plan, plan)]
    report = register.apply(*arrivals)
    assert report.applied == 4
    assert [failure.detail for failure in report.refused] == ["Invalid: level-unknown"]
    assert register.numbers() == [f"S00003700007226300000{n}" for n in (1, 2, 3, 4)]
    assert register.rows("select last from counter") == [(4,)]


def test_a_batch_rolled_back_leaves_no_hole(register: Register) -> None:
    plan = level_plan()
    lost = [register.arrive(confirmed(plan)) for _ in range(3)]
    with pytest.raises(ConnectionAbortedError):
        register.apply_and_fail(lost)
    assert register.numbers() == []
    assert register.issue(confirmed(plan)) == ["S000037000072263000001"]


def test_batches_at_the_same_time_share_no_number_and_leave_no_hole(register: Register) -> None:
    plans = [level_plan(level=level) for level in (5, 4, 3)]
    batches = [[register.arrive(confirmed(plans[n % 3])) for n in range(60)] for _ in range(4)]
    reports: list[Report] = []
    barrier = threading.Barrier(len(batches))

    def run(batch: list) -> None:  # type: ignore[type-arg]  # arrivals
        barrier.wait()
        reports.append(register.apply(*batch))

    threads = [threading.Thread(target=run, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.applied for report in reports] == [60] * 4
    assert register.numbers() == [f"S00003700007226{level}{n:06d}" for level in (3, 4, 5) for n in range(1, 81)]


def test_a_used_up_sequence_is_refused_and_gives_nothing(register: Register) -> None:
    with register.units.begin(CONSUMER) as uow:
        uow.sql("insert into counter values ('S000037000072263', 999998)")
    plan = level_plan()
    report = register.apply(*[register.arrive(confirmed(plan)) for _ in range(3)])
    assert register.numbers() == ["S000037000072263999999"]
    assert [failure.detail for failure in report.refused] == ["Conflict: certificate-sequence-exhausted"] * 2
    assert register.rows("select last from counter") == [(999_999,)]


def test_a_worker_refuses_a_register_whose_counters_stand_behind(register: Register) -> None:
    register.issue(*[confirmed(plan) for plan in (level_plan(), level_plan(), ability_plan())])
    check_register(register.units)
    with register.units.begin(Cause("restore")) as uow:
        uow.sql("update counter set last = 1 where prefix = 'S000037000072263'")
        uow.sql("delete from counter where prefix like '2637%%'")
    with pytest.raises(CountersBehindError, match=r"^2 number counters .*S000037000072263 counted 1, register has 2"):
        check_register(register.units)
