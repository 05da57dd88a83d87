import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.names import mask_id_no, mask_name, mask_phone, name_key, parse_name, parse_phone
from luban.reference.refusal import Invalid

NEWEST_EXTENSION = "\U000323af"
"""A character of CJK extension H, newer than the Unicode data of Python 3.11."""


@pytest.mark.parametrize(
    "name",
    ["李明", "买买提·艾力", "阿卜杜拉．热合曼", "O'NEIL JOHN", "MÜLLER ANNE-MARIE", "〇一", "𠮷野", NEWEST_EXTENSION],
)
def test_names_of_all_peoples_are_shown_as_entered(name: str) -> None:
    assert parse_name(f" {name} ") == name


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "name-length"),
        ("   ", "name-length"),
        ("李" * 51, "name-length"),
        ("李4", "name-format"),
        ("李<b>", "name-format"),
        ("李\u0000明", "name-format"),
        ("李\n明", "name-format"),
        ("李\u202e明", "name-format"),
        ("···", "name-format"),
    ],
)
def test_what_is_no_name_is_refused(raw: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_name(raw)
    assert refused.value.code == code


def test_fifty_characters_are_a_name() -> None:
    assert len(parse_name("李" * 50)) == 50


@pytest.mark.parametrize("dot", list("•．.‧・·"))
def test_every_spelling_of_the_dot_compares_alike(dot: str) -> None:
    assert name_key(f"买买提{dot}艾力") == "买买提·艾力"


def test_spaces_in_a_chinese_name_and_case_in_a_latin_one_do_not_count() -> None:
    assert name_key("张 三") == name_key("张　三") == name_key("张三")
    assert name_key("Müller  Anne") == name_key("MU\u0308LLER ANNE")
    assert name_key("ＪＯＨＮ") == name_key("John")
    assert name_key("John Smith") != name_key("Johnsmith")
    assert name_key("张三") != name_key("张二")


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("李明", "李*"),
        ("张小三", "张*三"),
        ("欧阳小明", "欧**明"),
        ("买买提·艾力", "买**·*力"),
        ("李", "*"),
        ("张·三", "张·*"),
        ("JOHN SMITH", "J*** S****"),
        ("葛\U000e0100城", "葛*"),
    ],
)
def test_the_public_sees_no_whole_name(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(alphabet="张王李赵欧阳买提·ABC ", min_size=1, max_size=50).filter(lambda text: text.strip(" ·")))
def test_a_mask_always_hides_something_and_never_all_of_a_long_name(name: str) -> None:
    assert "*" in mask_name(name)


@given(st.text(alphabet="张王李赵欧阳买提", min_size=1, max_size=50))
def test_an_everyday_name_is_folded_and_masked_as_any_other(name: str) -> None:
    odd = f"{name}\ufe00"  # a variation selector, which counts for nothing, sends it the long way
    assert name_key(name) == name_key(odd)
    assert mask_name(name) == mask_name(odd)


def test_the_public_sees_the_last_four_of_an_id_number() -> None:
    assert mask_id_no("37010219900307901X") == "**************901X"
    assert mask_id_no("E123456") == "*******"


def test_phones_are_masked_in_the_middle() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("0531-123") == "********"


@pytest.mark.parametrize("raw", ["13812345678", "+86 138 1234 5678", "0086-138-1234-5678", "１３８１２３４５６７８"])
def test_a_mobile_number_is_read_in_its_spellings(raw: str) -> None:
    assert parse_phone(raw) == "13812345678"


@pytest.mark.parametrize("raw", ["", "1381234567", "138123456789", "12812345678", "٠1381234567", "05311234567"])
def test_what_is_no_mobile_number_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_phone(raw)
    assert refused.value.code == "phone-format"
