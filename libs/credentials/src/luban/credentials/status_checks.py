"""What a credential's status entries say, by the lists that are at hand."""

from collections.abc import Callable, Mapping

from luban.credentials.data_model import as_list, controller_of
from luban.credentials.problems import Problem, ProblemType, Refused
from luban.credentials.reading import Document
from luban.credentials.status_list import Entry, StatusPurpose, entries_of, value_in

VerifiedList = Callable[[object], tuple[Document, str]]
"""Checks a status list credential as a credential: the list and who issued it; raises `Invalid`."""

_ENDING = {
    StatusPurpose.REVOCATION: ("status-revoked", "凭证已注销", "the credential is withdrawn"),
    StatusPurpose.SUSPENSION: ("status-suspended", "凭证已暂停", "the credential is suspended"),
}


def check_statuses(
    credential: Document, lists: Mapping[str, object], verified_list: VerifiedList, entries: int | None
) -> list[Problem]:
    """Warnings: of lists that are not at hand, of kinds of status we do not know, of messages and refreshes.

    Raises `Refused` status-revoked and status-suspended, status-issuer for a list that another issued, and as
    `entries_of`, `value_in` and `verified_list`.
    """
    known = entries_of(credential)
    warnings = []
    if len(known) < len(as_list(credential["credentialStatus"])):
        warnings.append(_warning("status-kind-unknown", "未知的状态类型", "a kind of status that is not known here"))
    for entry in known:
        if entry.list_url not in lists:
            warnings.append(_warning("status-unchecked", "未查状态列表", f"no status list at hand: {entry.list_url}"))
            continue
        status_list, issuer = verified_list(lists[entry.list_url])
        if issuer != controller_of(credential["issuer"]):
            raise Refused(
                ProblemType.STATUS_VERIFICATION,
                "status-issuer",
                zh="状态列表并非由发证机构签署",
                en="the status list is another's than the issuer's",
            )
        warnings += _told(entry, value_in(entry, status_list, entries))
    return warnings


def _told(entry: Entry, value: int) -> list[Problem]:
    if entry.purpose in _ENDING and value:
        code, zh, en = _ENDING[StatusPurpose(entry.purpose)]
        raise Refused(ProblemType.STATUS_VERIFICATION, code, zh=zh, en=en)
    if entry.purpose == StatusPurpose.REFRESH and value:
        return [_warning("status-refresh", "凭证有更新版本", "a newer credential is to be had")]
    if entry.messages:
        return [_warning("status-message", entry.message(value), entry.message(value))]
    return []


def _warning(code: str, zh: str, en: str) -> Problem:
    return Problem(ProblemType.STATUS_RETRIEVAL, code, zh, en)
