from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.identity import (
    Gender,
    Identity,
    IdType,
    age_on,
    parse_identity,
    resident_check_character,
)
from luban.reference.refusal import Invalid

TODAY = date(2026, 11, 23)


def read(id_type: IdType, raw: str) -> Identity:
    return parse_identity(id_type, raw, TODAY)


def refusal_code(id_type: IdType, raw: str) -> str:
    with pytest.raises(Invalid) as refused:
        read(id_type, raw)
    return refused.value.code


def test_the_standards_examples_and_synthetic_numbers_are_read(vectors: dict[str, Any]) -> None:
    for number in vectors["resident_id_valid"]:
        assert read(IdType.RESIDENT_ID, number).id_no == number


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("371002199902299012", "identity-birth-date-impossible"),
        ("370102199003079011", "identity-check-digit"),
        ("37010219900307901", "identity-length"),
        ("370102209903079012", "identity-birth-date-future"),
        ("3701021990030790100", "identity-length"),
        ("37010219900307901Y", "identity-format"),
        ("X70102199003079010", "identity-format"),
        ("٣٧٠١٠٢١٩٩٠٠٣٠٧٩٠١٠", "identity-format"),
        ("37010219900307901\n0", "identity-length"),
        ("", "identity-length"),
        ("1" * 100_000, "identity-length"),
        ("810000199001019013", "identity-type-mismatch"),
        ("937840198501019013", "identity-type-mismatch"),
    ],
)
def test_a_wrong_resident_id_is_refused_with_its_own_code(number: str, code: str) -> None:
    assert refusal_code(IdType.RESIDENT_ID, number) == code


def test_every_invalid_vector_is_refused(vectors: dict[str, Any]) -> None:
    for vector in vectors["resident_id_invalid"]:
        refusal_code(IdType.RESIDENT_ID, vector["value"])


def test_numbers_of_an_abolished_division_live_on() -> None:
    assert read(IdType.RESIDENT_ID, "371202199001019010").birth_date == date(1990, 1, 1)


@pytest.mark.parametrize(
    "raw",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002x ",
        "110105\u300019491231\u00a0002ｘ",
        "11010519491231002X\n",
    ],
)
def test_spellings_of_one_number_become_one(raw: str) -> None:
    assert read(IdType.RESIDENT_ID, raw).id_no == "11010519491231002X"


def test_birth_date_and_gender_come_from_the_number() -> None:
    woman = read(IdType.RESIDENT_ID, "11010519491231002X")
    man = read(IdType.RESIDENT_ID, "440524188001010014")

    assert (woman.birth_date, woman.gender) == (date(1949, 12, 31), Gender.FEMALE)
    assert (man.birth_date, man.gender) == (date(1880, 1, 1), Gender.MALE)


def test_somebody_born_today_is_no_future_birth() -> None:
    first17 = "37010220261123901"
    number = first17 + resident_check_character(first17)
    assert read(IdType.RESIDENT_ID, number).birth_date == TODAY


def test_residence_permits_of_hong_kong_macao_and_taiwan_carry_birth_and_gender(vectors: dict[str, Any]) -> None:
    genders = []
    for number in vectors["hk_mo_tw_residence_permit_valid"]:
        identity = read(IdType.HK_MO_TW_RESIDENCE, number)
        assert identity.birth_date == date(1990, 1, 1)
        genders.append(identity.gender)
    assert genders == [Gender.MALE, Gender.FEMALE, Gender.MALE]
    assert refusal_code(IdType.HK_MO_TW_RESIDENCE, "370102199003079010") == "identity-format"
    assert refusal_code(IdType.HK_MO_TW_RESIDENCE, "810000199001019014") == "identity-check-digit"


def test_both_editions_of_the_permanent_residence_card_are_read(vectors: dict[str, Any]) -> None:
    for number in vectors["foreign_permanent_residence_2023_valid"]:
        identity = read(IdType.FOREIGN_PERMANENT_RESIDENCE, number)
        assert (identity.birth_date, identity.gender) == (date(1985, 1, 1), None)
    assert read(IdType.FOREIGN_PERMANENT_RESIDENCE, "deu310085010112").id_no == "DEU310085010112"
    assert refusal_code(IdType.FOREIGN_PERMANENT_RESIDENCE, "937840198501019014") == "identity-check-digit"
    assert refusal_code(IdType.FOREIGN_PERMANENT_RESIDENCE, "370102199003079010") == "identity-format"


@pytest.mark.parametrize(
    ("id_type", "raw", "id_no"),
    [
        (IdType.HK_MO_PERMIT, "h12345678", "H12345678"),
        (IdType.HK_MO_PERMIT, "M1234567801", "M1234567801"),
        (IdType.TW_PERMIT, "12345678", "12345678"),
        (IdType.TW_PERMIT, "1234567890", "1234567890"),
        (IdType.PASSPORT, "e１2345678", "E12345678"),
        (IdType.OTHER, "军字第1234567号", "军字第1234567号"),
    ],
)
def test_other_documents_are_read_by_their_format(id_type: IdType, raw: str, id_no: str) -> None:
    assert read(id_type, raw).id_no == id_no


@pytest.mark.parametrize(
    ("id_type", "raw"),
    [
        (IdType.HK_MO_PERMIT, "X12345678"),
        (IdType.HK_MO_PERMIT, "H1234567"),
        (IdType.TW_PERMIT, "123456789"),
        (IdType.TW_PERMIT, "１２３４５６７٨"),
        (IdType.PASSPORT, "E123"),
        (IdType.PASSPORT, "E12345678\nX"),
        (IdType.OTHER, "号"),
        (IdType.OTHER, "1" * 21),
    ],
)
def test_other_documents_out_of_format_are_refused(id_type: IdType, raw: str) -> None:
    assert refusal_code(id_type, raw) == "identity-format"


def test_an_old_permits_reissue_count_does_not_make_another_person() -> None:
    assert read(IdType.HK_MO_PERMIT, "H1234567802").matching_no == read(IdType.HK_MO_PERMIT, "H12345678").matching_no


def test_only_the_resident_id_has_a_known_national_code() -> None:
    assert {kind: kind.national_code for kind in IdType if kind.national_code} == {IdType.RESIDENT_ID: "201"}


def test_a_number_never_shows_in_a_repr() -> None:
    shown = repr(read(IdType.RESIDENT_ID, "11010519491231002X"))
    assert "1949" not in shown


def test_age_counts_completed_years() -> None:
    assert age_on(date(2010, 11, 23), date(2026, 11, 22)) == 15
    assert age_on(date(2010, 11, 23), date(2026, 11, 23)) == 16
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18
    with pytest.raises(ValueError, match="birth"):
        age_on(TODAY, date(2026, 11, 22))


births = st.dates(date(1900, 1, 1), TODAY)
orders = st.integers(0, 999)


@given(births, orders, st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(birth: date, order: int, position: int, shift: int) -> None:
    first17 = f"370102{birth:%Y%m%d}{order:03d}"
    number = first17 + resident_check_character(first17)
    wrong = str((int(number[position]) + shift) % 10)

    assert read(IdType.RESIDENT_ID, number).birth_date == birth
    with pytest.raises(Invalid):
        read(IdType.RESIDENT_ID, number[:position] + wrong + number[position + 1 :])


@given(births, orders, st.integers(0, 15))
def test_two_neighbours_swapped_are_noticed(birth: date, order: int, position: int) -> None:
    first17 = f"370102{birth:%Y%m%d}{order:03d}"
    number = first17 + resident_check_character(first17)
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]

    if swapped != number:
        with pytest.raises(Invalid):
            read(IdType.RESIDENT_ID, swapped)


@given(st.sampled_from(IdType), st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(id_type: IdType, raw: str) -> None:
    try:
        identity = read(id_type, raw)
    except Invalid:
        return
    assert parse_identity(id_type, identity.id_no, TODAY) == identity
