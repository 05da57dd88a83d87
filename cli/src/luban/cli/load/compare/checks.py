"""Checks by employers: every answer signed and true, every one that hit in its holder's log exactly once."""

from collections import Counter
from collections.abc import Iterator

from luban.cli.load.compare.account import PlanAccount
from luban.cli.load.compare.due import Account
from luban.cli.load.compare.signatures import Keys, verified
from luban.cli.load.compare.system import PlanSeen, Row
from luban.cli.load.compare.tally import Tally
from luban.cli.load.employers import KEY_REVOKED, MATCH, NO_MATCH, WITHDRAWN
from luban.cli.load.reading import Operation

TRUE = "every answer to a check was true and signed"
LOGGED = "every answered check that hit is in its holder's log exactly once, and nothing else is"
REVOKED = "a revoked key is nobody's"
_STATE = {MATCH: "VALID", WITHDRAWN: "WITHDRAWN"}


def compare_checks(tally: Tally, plan: PlanAccount, seen: PlanSeen, keys: Keys) -> None:
    """What employers were told, and what holders see."""
    answered = [each for each in plan.checks if each.acknowledged]
    tally.add(TRUE, len(answered), untrue(plan.name, answered, keys))
    hits = [each for each in answered if each.sent["due"] != NO_MATCH]
    tally.add(LOGGED, len(hits), _misfiled(plan, seen))


def untrue(where: str, answered: list[Operation], keys: Keys) -> Iterator[str]:
    """Answers that are unsigned, to something else than was asked, or not what was due."""
    for check in answered:
        answer = verified(check.got.get("jws"), keys)
        if answer is None:
            yield f"{where}: the answer to check {check.op} is not signed with the published key"
        elif _asked(answer) != _sent(check):
            yield f"{where}: the answer to check {check.op} is to another question"
        elif not _is_due(answer, check.sent["due"]):
            yield f"{where}: check {check.op} was told {answer['found']} {answer.get('state', '')}"


def compare_revoked(tally: Tally, checks: list[Operation]) -> None:
    """Checks with a key that was revoked before: each must have been turned away."""
    asked = [each for each in checks if each.sent["due"] == KEY_REVOKED and not each.in_doubt]
    let_in = (f"a revoked key was answered: check {each.op}, {each.status}" for each in asked if each.status != 401)
    tally.add(REVOKED, len(asked), let_in)


def _asked(answer: Row) -> tuple[str, str, str]:
    return answer["asked"]["certificate_no"], answer["asked"]["factor"], answer["asked"]["purpose"]


def _sent(check: Operation) -> tuple[str, str, str]:
    return check.sent["certificate_no"], "name" if "name" in check.sent else "id_no", check.sent["purpose"]


def _is_due(answer: Row, due: str) -> bool:
    if due == NO_MATCH:
        return bool(answer["found"] == NO_MATCH) and "state" not in answer
    return bool(answer["found"] == MATCH) and answer["state"] == _STATE[due]


def _misfiled(plan: PlanAccount, seen: PlanSeen) -> Iterator[str]:
    people = plan.by_name()
    for row in seen.certificates:
        account, number = people.get(row["name"]), row["certificate_no"]
        if account is not None:
            yield from _wrong_log(plan, account, number, seen.logs.get(number, []))


def _wrong_log(plan: PlanAccount, account: Account, number: str, log: list[Row]) -> Iterator[str]:
    counted = Counter(entry["purpose"] for entry in log)
    about = [each for each in account.checks if each.sent["certificate_no"] == number and each.sent["due"] != NO_MATCH]
    for check in about:
        count = counted.pop(check.sent["purpose"], 0)
        least, most = int(check.acknowledged), int(check.acknowledged or check.in_doubt)
        if not least <= count <= most:
            yield f"{plan.name}: check {check.op} is {count} times in the log of {number}"
    for purpose in counted:
        yield f"{plan.name}: the log of {number} holds a check that nobody made of it ({purpose})"
