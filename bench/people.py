"""Synthetic people by number."""

from datetime import date, timedelta

from luban.reference.identity import resident_check_character


def person(number: int) -> tuple[str, str]:
    """A name and a resident number, another for every number below 1,000,000."""
    day = date(1970, 1, 1) + timedelta(days=number // 100 % 10_000)
    first = f"370102{day:%Y%m%d}{900 + number % 100}"
    name = f"工{'甲乙丙丁戊己庚辛壬癸'[number % 10]}{'子丑寅卯辰巳午未申酉戌亥'[number % 12]}"
    return name, first + resident_check_character(first)
