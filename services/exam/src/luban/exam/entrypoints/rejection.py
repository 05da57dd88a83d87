"""How a rejected list of results is answered: a problem with its faults, or the same sheet with the reasons on it."""

from collections.abc import Sequence

from luban.exam.domain.faults import Fault
from luban.exam.handlers.posting import Posted, Rejected
from luban.webkit.answer import Answer
from luban.webkit.exchange import Exchange
from luban.webkit.problem import MEDIA_TYPE, problem

MAX_FAULTS = 500
"""Faults listed in one answer; `total` says how many there are."""


def answered(outcome: Posted | Rejected, exchange: Exchange, accept: str, *, status: int) -> Answer | Posted:
    """What `Call.execute` is to answer; a rejection undoes the transaction."""
    if isinstance(outcome, Posted):
        return outcome
    sheet = outcome.sheet
    if sheet is not None and _media_type(sheet.sheet.kind.media_type) in _accepted(accept):
        content = sheet.with_reasons(outcome.faults, exchange.language)
        name = f"rejected.{sheet.sheet.kind.value}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Answer(content, sheet.sheet.kind.media_type, status, headers)
    return _problem(outcome.faults, exchange, status)


def _problem(faults: Sequence[Fault], exchange: Exchange, status: int) -> Answer:
    rows = [_listed(fault, exchange) for fault in faults[:MAX_FAULTS]]
    total = len(faults)
    zh, en = f"成绩表有 {total} 处错误，未作任何改动。", f"The list has {total} fault(s); nothing was changed."
    detail = en if exchange.language == "en" else zh
    members = {"rows": rows, "total": total}
    response = problem(exchange, status, "results-rejected", detail, members=members)
    return Answer(bytes(response.body), MEDIA_TYPE, status, {"Content-Language": exchange.language})


def _listed(fault: Fault, exchange: Exchange) -> dict[str, object]:
    reason = fault.en if exchange.language == "en" else fault.zh
    listed: dict[str, object] = {"row": fault.row, "column": fault.column, "code": fault.code, "reason": reason}
    return listed | ({"entry_id": fault.entry_id} if fault.entry_id else {})


def _accepted(accept: str) -> set[str]:
    return {_media_type(part) for part in accept[:500].split(",")}


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
