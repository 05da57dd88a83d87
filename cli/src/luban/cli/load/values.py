"""Everything a load sends is unique: people, numbers, marks as far as their scale allows.

A run takes a block of the values: what it may call its bodies, the first six digits of its people's numbers. Blocks are
claimed by filing the first body, whose code nobody else may have, so several loads may use one stack.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from luban.reference.credit_code import credit_code_check_character
from luban.reference.divisions import cities
from luban.reference.identity import resident_check_character
from luban.reference.pass_rule import FULL_MARK, PASS_MARK
from luban.reference.track import Track

BLOCKS = 1_600
"""So many runs may use one stack: their special-ability numbers, which have room for three digits of a body, differ."""
MOST_PEOPLE = 200_000
"""Of one run; a special-ability number has five digits to count with."""
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉玉兰建国海燕春梅志晓东红亮婷雪峰鑫宇浩然子涵欣怡"
    "安邦彬博才昌晨诚传达德登栋恩帆方飞丰福岗光贵翰恒宏厚虎慧佳锦凯康莉林琳"
)
_BORN_FROM, _BIRTHDAYS = date(1970, 1, 1), 11_000
"""Working age and twelve years of work in 2026."""
_ORDERS = 100
"""Order numbers from 900 on, which no office ever gave to these names."""
_MARKS = FULL_MARK - PASS_MARK + 1
_STRIDE = 263
"""Prime to every scale it walks over, so that neighbours differ and no value comes again before all have been."""


class Fate(StrEnum):
    """What is to become of somebody."""

    PASSES = "PASSES"
    WITHDRAWS = "WITHDRAWS"
    """Takes the entry back."""
    FAILS = "FAILS"
    ABSENT = "ABSENT"
    """From the last subject."""
    LOWERED = "LOWERED"
    """Certified; a correction takes pass and certificate away."""
    RAISED = "RAISED"
    """Certified; a correction changes the mark, and the certificate stays."""
    REVOKED = "REVOKED"
    """Certified; the province withdraws the certificate by decision."""


_OF_FORTY = (
    *[Fate.WITHDRAWS] * 2,
    *[Fate.FAILS] * 3,
    *[Fate.ABSENT],
    *[Fate.LOWERED],
    *[Fate.RAISED],
    *[Fate.REVOKED],
    *[Fate.PASSES] * 31,
)


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One synthetic candidate. `number` counts from 0 over the run."""

    number: int
    subject: UUID
    """Whom their token names, where they register themselves."""
    name: str
    id_no: str = field(repr=False)
    phone: str = field(repr=False)
    fate: Fate

    @property
    def mark(self) -> int:
        """Tenths to be reached in the practical subject; 60.0 to 100.0, or below 60 for who fails."""
        if self.fate is Fate.FAILS:
            return PASS_MARK // 2 + self.number * _STRIDE % (PASS_MARK // 2)
        return PASS_MARK + self.number * _STRIDE % _MARKS

    @property
    def theory_mark(self) -> int:
        """Tenths to be reached where theory is marked by assessors; together with `mark` nobody else's for long."""
        return PASS_MARK + (self.number // _MARKS + self.number * 7) % _MARKS

    @property
    def corrected_mark(self) -> int:
        """Tenths that a correction puts in place of `mark`; never the same."""
        if self.fate is Fate.LOWERED:
            return self.number * _STRIDE % PASS_MARK
        return PASS_MARK + (self.mark - PASS_MARK + 1 + self.number % (_MARKS - 1)) % _MARKS

    def raters_marks(self) -> tuple[int, int, int]:
        """Three independent marks whose mean is `mark`."""
        mark = self.mark
        apart = min(1 + self.number // _MARKS % 60, mark, FULL_MARK - mark)
        given = [mark - apart, mark, mark + apart]
        turn = self.number % 3
        return given[turn], given[turn - 1], given[turn - 2]


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one block under one seed."""

    block: int
    seed: int

    def person(self, number: int) -> Person:
        """The same for the same block, seed and number; nobody else's values. Raises ValueError beyond MOST_PEOPLE."""
        if not 0 <= number < MOST_PEOPLE:
            raise ValueError(f"there is no person {number}")
        first = f"37{self.block:04d}{self._birthday(number):%Y%m%d}{900 + number % _ORDERS}"
        return Person(
            number=number,
            subject=uuid5(NAMESPACE_URL, f"luban-load:{self.block}:{self.seed}:{number}"),
            name=name_of(number),
            id_no=first + resident_check_character(first),
            phone=f"1{3 + self.block % 7}{(self.block * 1_000_003 + number) % 10**9:09d}",
            fate=_fates(self.seed)[number % len(_OF_FORTY)],
        )

    def serial(self, place: int) -> str:
        """Six digits of the run's body number `place`, 0 to 9."""
        return f"9{self.block:04d}{place}"

    def credit_code(self, kind: str, place: int) -> str:
        """A whole unified social credit code; `kind` is A for employers, B for bodies, `place` is 0 to 999."""
        first = f"91370000{kind}{self.block:05d}{place:03d}"
        return first + credit_code_check_character(first)

    @property
    def division(self) -> str:
        """A city's six digits: stands in special-ability numbers, whose prefix no other block then has."""
        towns = cities()
        return towns[self.block // 100 % len(towns)].code

    def chance(self, what: object) -> Random:
        """The same draws for the same seed and purpose."""
        return Random(f"{self.seed}:{what}")  # noqa: S311 -- synthetic people are no secret

    @staticmethod
    def _birthday(number: int) -> date:
        return _BORN_FROM + timedelta(days=number // _ORDERS * 37 % _BIRTHDAYS)


def name_of(number: int) -> str:
    """A name of three or four characters that no other number below a million has."""
    rest, surname = divmod(number, len(_SURNAMES))
    rest, first = divmod(rest, len(_GIVEN))
    rest, second = divmod(rest, len(_GIVEN))
    last = _GIVEN[rest - 1] if rest else ""
    return _SURNAMES[surname] + _GIVEN[(first + surname) % len(_GIVEN)] + _GIVEN[second] + last


def first_block(seed: int) -> int:
    """Where a run with this seed looks first for a free block."""
    return Random(f"{seed}:block").randrange(BLOCKS)  # noqa: S311 -- no secret


@cache
def _fates(seed: int) -> tuple[Fate, ...]:
    fates = list(_OF_FORTY)
    Random(f"{seed}:fates").shuffle(fates)  # noqa: S311 -- synthetic people are no secret
    return tuple(fates)


BODY_CLASS = {Track.ENTERPRISE: "EMPLOYER", Track.SOCIAL: "SOCIAL", Track.SPECIAL_ABILITY: "SOCIAL"}
"""Which class of body assesses on each track."""
