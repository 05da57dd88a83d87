"""How a rejected list of results is answered: a problem with its faults, or the same sheet with the reasons on it."""

from collections.abc import Sequence

from luban.exam.handlers.posting import Posted, Rejected
from luban.reference.row_faults import RowFault, RowsRefused
from luban.webkit.answer import Answer
from luban.webkit.exchange import Exchange
from luban.webkit.problem import MEDIA_TYPE, problem_of_refusal


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


def _problem(faults: Sequence[RowFault], exchange: Exchange, status: int) -> Answer:
    refused = RowsRefused(
        "results-rejected",
        zh="成绩表有 {count} 处错误，未作任何改动。",
        en="The list has {count} fault(s); nothing was changed.",
        faults=faults,
    )
    response = problem_of_refusal(exchange, refused)
    return Answer(bytes(response.body), MEDIA_TYPE, status, {"Content-Language": exchange.language})


def _accepted(accept: str) -> set[str]:
    return {_media_type(part) for part in accept[:500].split(",")}


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
