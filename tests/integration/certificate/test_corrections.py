"""A corrected result moves its certificate; a person's decision withdraws one."""

from uuid import UUID

import pytest

from luban.certificate.handlers.withdraw import Withdrawal, withdraw_by_decision
from luban.eventkit.ids import new_id
from luban.eventkit.uow import Cause
from luban.reference.refusal import Conflict, Invalid, NotFound
from tests.integration.certificate.rig import Register, confirmed, corrected, level_plan

STAFF = Cause("province-staff")
STATES = "select state, withdrawal_reason, withdrawn_on is null from certificate order by certificate_no"
ENTRIES = "select version, change, reason_code, reason, actor from register_entry order by certificate_id, version"


def test_a_correction_to_a_fail_withdraws_the_certificate(register: Register) -> None:
    result = confirmed(level_plan())
    register.issue(result)
    register.apply(register.arrive(corrected(result.result_id, passed=False)))
    assert register.rows(STATES) == [("WITHDRAWN", "result-corrected", False)]
    assert register.rows(ENTRIES)[1] == (2, "WITHDRAWN", "result-corrected", "marking-error", "consumer:certificate")
    (event,) = register.events("CertificateWithdrawn")
    assert event.reason_code == "result-corrected"
    assert event.candidate_id == result.candidate_id
    assert register.rows("select scores -> 0 ->> 'score_tenths' from certificate") == [("300",)]


def test_a_correction_that_stays_a_pass_changes_the_scores_alone(register: Register) -> None:
    result = confirmed(level_plan())
    register.issue(result)
    correction = corrected(result.result_id, passed=True)
    correction.scores[0].score_tenths = 990
    register.apply(register.arrive(correction))
    assert register.rows(STATES) == [("VALID", None, True)]
    assert register.rows("select scores -> 0 ->> 'score_tenths' from certificate") == [("990",)]
    assert [change for _, change, *_ in register.rows(ENTRIES)] == ["ISSUED", "SCORES_CORRECTED"]
    assert register.events("CertificateWithdrawn") == []


def test_a_pass_that_comes_again_gets_a_new_number(register: Register) -> None:
    plan, result_id = level_plan(), new_id()
    arrivals = [
        register.arrive(confirmed(plan, result_id=result_id)),
        register.arrive(corrected(str(result_id), passed=False)),
        register.arrive(confirmed(plan, result_id=result_id, number=2)),
    ]
    assert register.apply(*arrivals).applied == 3
    assert register.numbers() == ["S000037000072263000001", "S000037000072263000002"]
    assert [state for state, *_ in register.rows(STATES)] == ["WITHDRAWN", "VALID"]


def test_a_correction_of_a_withdrawn_certificate_leaves_a_note_only(register: Register) -> None:
    result = confirmed(level_plan())
    register.issue(result)
    for _ in range(2):
        register.apply(register.arrive(corrected(result.result_id, passed=False)))
    assert [change for _, change, *_ in register.rows(ENTRIES)] == ["ISSUED", "WITHDRAWN", "NOTED"]
    assert len(register.events("CertificateWithdrawn")) == 1


def test_a_correction_of_an_unknown_confirmation_is_refused_and_holds_up_no_other(register: Register) -> None:
    result = confirmed(level_plan())
    register.issue(result)
    unknown = register.arrive(corrected(str(new_id()), passed=False))
    report = register.apply(unknown, register.arrive(corrected(result.result_id, passed=False)))
    assert [failure.detail for failure in report.refused] == ["NotFound: certificate-unknown"]
    assert [state for state, *_ in register.rows(STATES)] == ["WITHDRAWN"]


def _decide(register: Register, certificate_id: UUID, reason_code: str = "false-papers") -> None:
    command = Withdrawal(certificate_id, reason_code, "学历证书系伪造", "鲁人社撤〔2026〕3号")
    register.units.run(STAFF, lambda uow: withdraw_by_decision(uow, command) and None)


def test_a_decision_withdraws_a_certificate_once(register: Register) -> None:
    register.issue(confirmed(level_plan()))
    ((certificate_id,),) = register.rows("select certificate_id from certificate")
    _decide(register, certificate_id)
    assert register.rows(STATES) == [("WITHDRAWN", "false-papers", False)]
    assert register.rows("select reason, decision_ref, actor from register_entry where version = 2") == [
        ("学历证书系伪造", "鲁人社撤〔2026〕3号", "province-staff")
    ]
    with pytest.raises(Conflict, match="certificate-already-withdrawn"):
        _decide(register, certificate_id)
    assert len(register.events("CertificateWithdrawn")) == 1


@pytest.mark.parametrize("reason_code", ["result-corrected", "because", ""])
def test_a_reason_that_nobody_may_decide_on_changes_nothing(register: Register, reason_code: str) -> None:
    register.issue(confirmed(level_plan()))
    ((certificate_id,),) = register.rows("select certificate_id from certificate")
    with pytest.raises(Invalid, match="withdrawal-reason-unknown"):
        _decide(register, certificate_id, reason_code)
    assert register.rows(STATES) == [("VALID", None, True)]


def test_an_unknowned_cannot_be_withdrawn(register: Register) -> None:
    with pytest.raises(NotFound, match="certificate-unknown"):
        _decide(register, new_id())
