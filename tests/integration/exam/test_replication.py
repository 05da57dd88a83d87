"""What registration says is kept, in whatever order it comes."""

from uuid import UUID

import pytest

from luban.eventkit.ids import new_id
from luban.events.v1 import registration_pb2 as registration
from luban.events.v1.common_pb2 import PlanFacts
from luban.exam.handlers.outcomes import OutcomeRow, record_outcomes
from luban.reference.refusal import Invalid
from tests.integration.exam.rig import ExamRig, plan_facts, synthetic_person


def published(rig: ExamRig, facts: PlanFacts) -> bytes:
    return rig.event(registration.PlanPublished(plan=facts), UUID(facts.plan_id))


def test_an_entry_that_comes_before_its_plan_brings_the_plan_with_it(rig: ExamRig) -> None:
    facts = plan_facts(new_id(), new_id())
    rig.deliver(rig.accepted(facts, 1))
    rig.deliver(published(rig, facts))
    assert rig.rows("select plan_version, state, subjects from plan") == [
        (
            1,
            "OPEN",
            [{"code": c, "name": n, "pass_tenths": 600} for c, n in (("THEORY", "理论知识"), ("SKILL", "操作技能"))],
        )
    ]
    assert rig.one("select count(*) from entry where plan_id = %s", facts.plan_id) == 1


def test_only_the_newest_version_of_a_plan_is_kept(rig: ExamRig) -> None:
    plan_id, body_id = new_id(), new_id()
    first = plan_facts(plan_id, body_id)
    second = plan_facts(plan_id, body_id, plan_version=2, exam_to="2026-12-11")
    rig.deliver(published(rig, first), rig.event(registration.PlanChanged(plan=second), plan_id))
    rig.deliver(rig.accepted(second, 2))
    rig.deliver(rig.accepted(first, 1))
    assert rig.rows("select plan_version, exam_to::text from plan") == [(2, "2026-12-11")]


def test_a_plan_that_closed_before_its_entries_came_takes_them_still(rig: ExamRig) -> None:
    facts = plan_facts(new_id(), new_id())
    rig.deliver(published(rig, facts), rig.closed(facts, 2))
    rig.deliver(rig.accepted(facts, 1), rig.accepted(facts, 2))
    assert rig.rows("select state, entries_at_closing, last_seq from plan") == [("CLOSED", 2, 2)]


def test_a_cancelled_plan_stays_cancelled(rig: ExamRig) -> None:
    facts = plan_facts(new_id(), new_id())
    plan_id = UUID(facts.plan_id)
    rig.deliver(published(rig, facts), rig.event(registration.PlanCancelled(plan_id=str(plan_id)), plan_id))
    rig.deliver(rig.closed(facts, 0))
    assert rig.one("select state from plan") == "CANCELLED"


def test_a_withdrawn_entry_leaves_the_list(rig: ExamRig) -> None:
    facts, entry_id = plan_facts(new_id(), new_id()), new_id()
    rig.deliver(rig.accepted(facts, 1, entry_id), rig.accepted(facts, 2))
    rig.deliver(rig.event(registration.EntryWithdrawn(entry_id=str(entry_id)), entry_id))
    assert rig.rows("select seq, state from entry order by seq") == [(1, "WITHDRAWN"), (2, "ACCEPTED")]


def test_entries_of_several_plans_and_batches_are_numbered_per_plan(rig: ExamRig) -> None:
    one, other = plan_facts(new_id(), new_id()), plan_facts(new_id(), new_id())
    rig.deliver(*(rig.accepted(facts, number) for number in range(3) for facts in (one, other)))
    rig.deliver(rig.accepted(other, 7), rig.accepted(one, 8))
    for facts in (one, other):
        assert [
            row[0] for row in rig.rows("select seq from entry where plan_id = %s order by seq", (facts.plan_id,))
        ] == [
            1,
            2,
            3,
            4,
        ]


def test_a_person_is_sealed_in_the_row_and_found_by_keyed_hash(rig: ExamRig) -> None:
    facts, entry_id = plan_facts(new_id(), new_id()), new_id()
    rig.deliver(rig.accepted(facts, 4711, entry_id))
    ((sealed, id_hash),) = rig.rows("select sealed, id_hash from entry")
    person = synthetic_person(4711)
    assert rig.units.keyring.open_column(bytes(sealed), entry_id) == person
    assert bytes(id_hash) == rig.units.keyring.lookup_hash("id_no", person.id_no)
    assert person.name.encode() not in bytes(sealed)


def test_facts_without_a_track_are_refused_and_their_entry_waits(rig: ExamRig) -> None:
    facts = plan_facts(new_id(), new_id())
    facts.ClearField("track")
    report = rig.deliver(rig.accepted(facts, 1))
    assert [failure.detail for failure in report.refused] == ["Invalid: plan-facts-incomplete"]
    assert rig.one("select count(*) from plan") == 0


def test_outcomes_are_written_over_earlier_ones_and_only_for_the_plans_own_subjects(rig: ExamRig) -> None:
    facts = rig.plan_with(1)
    (entry_id,) = rig.entry_ids(facts.plan_id)
    rig.run(lambda uow: record_outcomes(uow, [OutcomeRow(entry_id, "THEORY", "SCORED", 610)], "paper"))
    rig.run(lambda uow: record_outcomes(uow, [OutcomeRow(entry_id, "THEORY", "ABSENT", 0)], "paper"))
    assert rig.rows("select outcome, score_tenths, source from subject_outcome") == [("ABSENT", 0, "paper")]
    with pytest.raises(Invalid, match="outcome-misplaced"):
        rig.run(lambda uow: record_outcomes(uow, [OutcomeRow(entry_id, "REVIEW", "SCORED", 610)], "paper"))
