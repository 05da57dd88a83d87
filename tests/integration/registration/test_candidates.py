"""Candidates say who they are: numbers are checked and normalised, and stand nowhere in the clear."""

from datetime import date
from typing import Any

import pytest

from luban.reference.identity import resident_check_character
from tests.integration.registration.conftest import Service, made, refusal
from tests.integration.registration.people import PHONE, profile, resident_id, uuid

FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def number_with_x() -> str:
    """A resident ID whose check character is X."""
    return next(found for n in range(1000) if (found := resident_id(n)).endswith("X"))


def put(service: Service, number: int, **changes: Any) -> Any:
    return service.client.put(
        "/v1/candidates/me", headers=service.token("candidate", uuid(number)), json=profile(number, **changes)
    )


def test_a_profile_is_shown_to_its_owner_with_the_document_masked(service: Service) -> None:
    shown = made(put(service, 1, name=" 测试·甲 "), 200)
    assert shown["candidate_id"] == str(uuid(1))
    assert (shown["name"], shown["id_last4"], shown["birth_date"]) == ("测试·甲", resident_id(1)[-4:], "1990-03-07")
    assert resident_id(1) not in str(shown)
    again = service.client.get("/v1/candidates/me", headers=service.token("candidate", uuid(1)))
    assert made(again, 200) == shown


@pytest.mark.parametrize(
    ("id_no", "code"),
    [
        (resident_id(1)[:-1] + ("0" if resident_id(1)[-1] != "0" else "1"), "identity-check-digit"),
        ("37010219900230901" + resident_check_character("37010219900230901"), "identity-birth-date-impossible"),
        ("37010220300101901" + resident_check_character("37010220300101901"), "identity-birth-date-future"),
        (resident_id(1)[:-1], "identity-length"),
        ("3701021990030７O01X", "identity-format"),
    ],
)
def test_an_impossible_number_is_refused_and_nothing_stored(service: Service, id_no: str, code: str) -> None:
    answer = put(service, 1, id_no=id_no)
    assert refusal(answer) == code
    assert id_no not in answer.text
    assert service.rows("select 1 from candidate union all select 1 from candidate_document") == []


def test_full_width_digits_and_a_lower_case_x_are_the_same_number(service: Service) -> None:
    number = number_with_x()
    made(put(service, 1, id_no=number.translate(FULL_WIDTH)), 200)
    made(put(service, 1, id_no=number.lower()), 200)
    made(put(service, 1, id_no=f" {number[:6]} {number[6:]} "), 200)
    assert service.rows("select count(*) from candidate_document") == [(1,)]
    assert refusal(put(service, 2, id_no=number), 409) == "identity-registered"


def test_a_number_of_an_abolished_division_is_accepted(service: Service) -> None:
    made(put(service, 1, id_no=resident_id(1, division="371202")), 200)


def test_one_document_belongs_to_one_person_for_ever(service: Service) -> None:
    made(put(service, 1), 200)
    assert refusal(put(service, 2, id_no=resident_id(1)), 409) == "identity-registered"
    made(put(service, 1, id_type="PASSPORT", id_no="E12345678", birth_date="1990-03-07"), 200)
    assert refusal(put(service, 2, id_no=resident_id(1)), 409) == "identity-registered"
    documents = service.rows("select replaced_at is null from candidate_document order by recorded_at")
    assert documents == [(False,), (True,)]
    made(put(service, 1), 200)
    assert service.rows("select count(*) from candidate_document where replaced_at is null") == [(1,)]


def test_a_resident_id_cannot_pass_as_another_document(service: Service) -> None:
    answer = put(service, 1, id_type="PASSPORT", id_no=resident_id(1), birth_date="1990-03-07")
    assert refusal(answer) == "identity-type-mismatch"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id_type": "PASSPORT", "id_no": "E12345678"}, "birth-date-missing"),
        ({"birth_date": "1990-03-08"}, "birth-date-contradicts"),
        ({"id_type": "PASSPORT", "id_no": "E12345678", "birth_date": "2027-01-01"}, "birth-date-impossible"),
        ({"phone": "12345"}, "phone-format"),
        ({"name": "张3"}, "name-format"),
        ({"facts": {"years_in_occupation": [{"years": 99}]}}, "request-invalid"),
        ({"gender": "MALE"}, "request-invalid"),
    ],
)
def test_what_else_is_refused(service: Service, changes: dict[str, Any], code: str) -> None:
    assert refusal(put(service, 1, **changes)) == code


def test_nothing_personal_stands_in_the_clear(service: Service) -> None:
    made(put(service, 1, name="某某某"), 200)
    dump = str(service.rows("select c::text, d::text from candidate c join candidate_document d using (candidate_id)"))
    for secret in ("某某某", resident_id(1), PHONE, date(1990, 3, 7).isoformat(), "测试".encode().hex()):
        assert secret not in dump
        assert secret.encode().hex() not in dump


def test_a_candidate_without_a_profile_is_told_so(service: Service) -> None:
    headers = service.token("candidate", uuid(9))
    assert refusal(service.client.get("/v1/candidates/me", headers=headers), 404) == "candidate-unknown"
    assert refusal(service.enter(headers, service.published()["plan_id"]), 404) == "candidate-unknown"
