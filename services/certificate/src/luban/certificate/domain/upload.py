"""What goes up to the national register, and what comes back (domain rule 8.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from luban.reference.identity import ID_TYPE_NAMES, IdType
from luban.reference.refusal import Invalid
from luban.reference.row_faults import RowFault
from luban.reference.spelling import half_width, plain

HEADING = (
    "姓名", "证件类型", "证件号码", "所在单位", "职业名称", "工种名称", "职业技能等级", "证书编号", "发证日期",
    "评价机构", "发证机构",
)  # fmt: skip
"""The eleven columns of the upload row that one national body uses."""
ANSWER_COLUMNS = ("证书编号", "处理结果")
ANSWER_OPTIONAL = ("原因", "入库日期")
"""Of the answer; no text of it was found, so these are a guess."""
OTHER_EMPLOYER, NO_TRADE = "其他", "--"
_ACCEPTED, _REFUSED = frozenset({"成功", "通过", "已入库"}), frozenset({"失败", "不通过", "退回"})
LONGEST_REASON = 200

_NAMES = {kind: name for name, kind in reversed(list(ID_TYPE_NAMES.items())) if name and not name.isdigit()}


class UploadState(StrEnum):
    """Where a certificate stands on its way to the national register."""

    WAITING = "WAITING"
    SENT = "SENT"
    REFUSED = "REFUSED"
    REGISTERED = "REGISTERED"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the national register says of one certificate."""

    row: int
    certificate_no: str
    registered_on: date | None
    reason: str | None
    """Set when it was refused."""


def document_code(id_type: IdType) -> str:
    """Its national code where one is known, or else its name."""
    return id_type.national_code or _NAMES[id_type]


def read_answers(records: Sequence[tuple[int, Mapping[str, str]]], today: date) -> tuple[list[Answer], list[RowFault]]:
    """All rows that can be read, and what is wrong with the others."""
    answers, faults = list[Answer](), list[RowFault]()
    for row, values in records:
        try:
            answers.append(_answer(row, values, today))
        except Invalid as refusal:
            faults.append(RowFault(row, "处理结果", refusal.code, refusal.zh, refusal.en))
    return answers, faults


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that has none such."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def subsidy_warning(ends_on: date, today: date, warning_days: int) -> str | None:
    """ENDED, ENDS_SOON, or nothing: a subsidy is applied for within its months from the day of issue."""
    if today > ends_on:
        return "ENDED"
    return "ENDS_SOON" if (ends_on - today).days <= warning_days else None


def _answer(row: int, values: Mapping[str, str], today: date) -> Answer:
    number, outcome, reason = plain(values["证书编号"]), values["处理结果"], values["原因"]
    if outcome in _ACCEPTED:
        return Answer(row, number, _day(values["入库日期"], today), None)
    if outcome in _REFUSED:
        if not 1 <= len(reason) <= LONGEST_REASON:
            raise Invalid(
                "answer-reason", zh="退回须有原因，不超过200字", en="a refusal has a reason, at most 200 characters"
            )
        return Answer(row, number, None, reason)
    raise Invalid("answer-outcome", zh="处理结果应为成功或失败", en="an outcome is 成功 or 失败")


def _day(text: str, today: date) -> date:
    if not text:
        return today
    try:
        day = date.fromisoformat(half_width(text))
    except ValueError as error:
        raise Invalid("answer-date", zh="日期应为 YYYY-MM-DD", en="a date is YYYY-MM-DD") from error
    if day > today:
        raise Invalid("answer-date", zh="入库日期不得晚于今日", en="it was not registered in the future")
    return day
