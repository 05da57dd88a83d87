"""What the three bodies assess."""

from dataclasses import dataclass

from luban.cli.demo.marks import SKILL, THEORY
from luban.reference.credit_code import credit_code_check_character
from luban.reference.occupations import occupation
from luban.reference.track import Track

ELECTRICIAN = "6-31-01-03"
LABOUR_RELATIONS = "4-07-03-02"
LEVEL = 3


@dataclass(frozen=True, slots=True)
class Body:
    """A body of the demo and the plan that it publishes. `occupation_code` is None on the special-ability track."""

    track: Track
    name: str
    body_class: str
    code: str
    credit_code: str
    division: str
    site_code: str
    occupation_code: str | None
    subjects: tuple[str, ...]

    @property
    def what(self) -> str:
        """What is assessed, in words."""
        return f"{occupation(self.occupation_code).name}三级" if self.occupation_code else PROJECT_NAME


PROJECT_NAME = "剪纸"
PROJECT = {
    "code": "SD-ZX-0083",
    "name": PROJECT_NAME,
    "category": "手工制作",
    "specification_version": 1,
    "definition": "运用剪刀、刻刀等工具，在纸上剪刻出图案与纹样的技能。",
}


def credit_code(first17: str) -> str:
    """A whole unified social credit code."""
    return first17 + credit_code_check_character(first17)


BODIES = (
    Body(
        Track.ENTERPRISE,
        "鲁东重型机械有限公司",
        "EMPLOYER",
        "Y000037001234",
        credit_code("91370200MA0DEMY01"),
        "370202",
        "001234",
        ELECTRICIAN,
        (THEORY, SKILL),
    ),
    Body(
        Track.SOCIAL,
        "泉城职业技能评价中心",
        "SOCIAL",
        "S000037000072",
        credit_code("52370100MA0DEMY02"),
        "370102",
        "000072",
        LABOUR_RELATIONS,
        (THEORY, SKILL),
    ),
    Body(
        Track.SPECIAL_ABILITY,
        "高密剪纸传习所",
        "SOCIAL",
        "S000037000083",
        credit_code("52370700MA0DEMY03"),
        "370702",
        "000083",
        None,
        (SKILL,),
    ),
)

EMPLOYERS = (
    ("黄河建设集团有限公司", credit_code("91370000MA0DEMY11")),
    ("胶州湾物流有限公司", credit_code("91370200MA0DEMY12")),
)
"""Who check certificates afterwards."""
