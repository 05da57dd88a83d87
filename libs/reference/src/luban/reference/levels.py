"""Skill levels (职业技能等级) 5 to 1, and the ladder of eight ranks they stand in."""

from enum import Enum, IntEnum

from luban.reference.refusal import Invalid

_RANK_NAMES = ("初级工", "中级工", "高级工", "技师", "高级技师")
_LEVEL_NAMES = ("五级", "四级", "三级", "二级", "一级")


class LadderRank(IntEnum):
    """新八级工: the ladder of eight; the outer three are posts or a transfer assessment, never a level certificate."""

    APPRENTICE = 0
    JUNIOR = 1
    MIDDLE = 2
    SENIOR = 3
    TECHNICIAN = 4
    SENIOR_TECHNICIAN = 5
    SPECIAL_TECHNICIAN = 6
    CHIEF_TECHNICIAN = 7


class Level(Enum):
    """A level of a certificate. The value is the printed digit; order is by rank, so `Level.ONE` is the greatest."""

    FIVE = 5
    FOUR = 4
    THREE = 3
    TWO = 2
    ONE = 1

    @classmethod
    def parse(cls, code: str | int) -> "Level":
        """Read the one digit of forms and numbers; raises `Invalid` level-unknown."""
        if str(code) in ("5", "4", "3", "2", "1"):
            return cls(int(code))
        raise Invalid("level-unknown", zh="等级应为5至1", en="a level is one of 5 to 1", level=str(code))

    @property
    def code(self) -> str:
        return str(self.value)

    @property
    def rank(self) -> int:
        """1 for level 5 up to 5 for level 1."""
        return 6 - self.value

    @property
    def ladder_rank(self) -> LadderRank:
        return LadderRank(self.rank)

    @property
    def short(self) -> str:
        """高级工 and so on."""
        return _RANK_NAMES[self.rank - 1]

    @property
    def certificate_text(self) -> str:
        """The exact text a certificate prints, such as 三级/高级工 (style rule of 2022)."""
        return f"{_LEVEL_NAMES[self.rank - 1]}/{self.short}"

    @property
    def is_highly_skilled(self) -> bool:
        """高技能人才 are 高级工 and above (the province's plan, 鲁人社发〔2022〕7号)."""
        return self >= Level.THREE

    def __lt__(self, other: "Level") -> bool:
        return self.rank < other.rank

    def __le__(self, other: "Level") -> bool:
        return self.rank <= other.rank

    def __gt__(self, other: "Level") -> bool:
        return self.rank > other.rank

    def __ge__(self, other: "Level") -> bool:
        return self.rank >= other.rank
