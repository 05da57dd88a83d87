"""Synthetic people: valid numbers with order numbers from 900 on, which no office ever gave to these names."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

from luban.cli.demo import marks
from luban.cli.demo.chance import chance
from luban.cli.demo.kinds import FATES, Fate, Kind, kinds_of
from luban.cli.demo.marks import NEAR_MISS, SKILL, THEORY, Marks, Mistakes
from luban.reference.identity import resident_check_character
from luban.reference.track import Track

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉玉兰建国海燕春梅志晓东红亮婷雪峰鑫宇浩然子涵欣怡"
_OF_OTHER_PEOPLES = ("阿依古丽·买买提", "迪丽努尔·艾力", "巴特尔·孟和", "古丽娜扎·阿不都", "赛音·巴雅尔")
_RARE = "𠮷"
"""A letter outside the 16-bit plane, as some names have."""
_DIVISIONS = (
    *("370102", "370112", "370202", "370214", "370302", "370402", "370502", "370602", "370702", "370802"),
    *("370902", "371002", "371102", "371202", "371203", "371302", "371402", "371502", "371602", "371702"),
    *("110105", "320106", "410105", "440524"),
)
"""3712 was abolished in 2019; the numbers it gave live on."""
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
UNDER_AGE = range(14, 16)
WORKING_AGE = range(24, 58)


@dataclass(frozen=True, eq=False)
class Person:
    """One synthetic candidate of one track, with everything that will happen to them. Nobody equals anybody else."""

    track: Track
    kind: Kind
    subject: UUID
    """Who their token names."""
    name: str
    id_no: str = field(repr=False)
    """As the register writes it."""
    typed_id: str = field(repr=False)
    """As they type it when they type it right: lower-case x, full-width digits."""
    phone: str = field(repr=False)
    marks: Marks
    """What results are first drawn up from, in tenths; None is absent."""
    later: Marks | None = None
    """What an upheld objection or a correction sets."""
    mistakes: Mistakes | None = None
    """How many items of each type they get wrong, where theory is sat on the system."""
    variant: int = 0
    """Tells apart ways of being of one kind: which condition of eligibility is met, and so on."""

    @property
    def fate(self) -> Fate:
        """How they end."""
        return FATES[self.kind]

    @property
    def mistyped_id(self) -> str:
        """Their number with another check character."""
        return self.id_no[:17] + ("0" if self.id_no[17] != "0" else "1")

    def final_marks(self) -> dict[str, int | None]:
        """After objections and corrections."""
        return {**self.marks, **(self.later or {})}


def make_people(track: Track, candidates: int, seed: int) -> list[Person]:
    """The people of one track, the same for the same seed, in an order that mixes their kinds."""
    random = chance(seed, track)
    kinds = kinds_of(track, candidates)
    random.shuffle(kinds)
    taken: set[str] = set()
    return [_person(track, kind, place, random, taken) for place, kind in enumerate(kinds)]


def misspelt(person: Person) -> str:
    """A name that is not theirs."""
    return person.name[:-1] + ("二" if person.name[-1] != "二" else "三")


def _person(track: Track, kind: Kind, place: int, random: Random, taken: set[str]) -> Person:
    child = track is Track.SPECIAL_ABILITY and kind is Kind.NOT_ELIGIBLE
    name = _name(random)
    id_no = _new_number(random, UNDER_AGE if child else WORKING_AGE, name, taken)
    person = Person(
        track=track,
        kind=kind,
        subject=UUID(int=random.getrandbits(128), version=4),
        name=name,
        id_no=id_no,
        typed_id=_typed(id_no, random),
        phone=f"1{random.choice('3578')}{random.randrange(10**9):09d}",
        marks={},
        later=marks.later_marks(kind),
        variant=place,
    )
    return _with_marks(person, random)


def _with_marks(person: Person, random: Random) -> Person:
    if person.track is Track.SPECIAL_ABILITY:
        return replace(person, marks=marks.first_marks(person.kind, (SKILL,), None, random))
    if person.track is Track.ENTERPRISE:
        return replace(person, marks=marks.first_marks(person.kind, (THEORY, SKILL), None, random))
    mistakes = NEAR_MISS if person.kind is Kind.FAILS_ONE_SUBJECT else marks.few_mistakes(random)
    theory = marks.theory_mark(mistakes)
    return replace(person, mistakes=mistakes, marks=marks.first_marks(person.kind, (THEORY, SKILL), theory, random))


def _name(random: Random) -> str:
    draw = random.random()
    if draw < 0.04:
        return random.choice(_OF_OTHER_PEOPLES)
    given = "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))
    return random.choice(_SURNAMES) + (_RARE if draw > 0.99 else given)


def _new_number(random: Random, ages: range, name: str, taken: set[str]) -> str:
    """A number that nobody has, whose end no namesake has either: lists show name and end."""
    while True:
        number = _number(random, ages)
        ends = f"{name}{number[-4:]}"
        if number not in taken and ends not in taken:
            taken |= {number, ends}
            return number


def _number(random: Random, ages: range) -> str:
    """Somebody whose age in 2026 is in `ages`."""
    born = date(2026 - random.choice(ages), 1, 1) + timedelta(days=random.randrange(365))
    first = f"{random.choice(_DIVISIONS)}{born:%Y%m%d}{random.randint(900, 999)}"
    return first + resident_check_character(first)


def _typed(id_no: str, random: Random) -> str:
    draw = random.random()
    if draw < 0.1:
        return id_no.translate(_FULL_WIDTH)
    return id_no.lower() if draw < 0.6 else id_no
