"""Certificates: one for each confirmed pass, its holder's, valid or withdrawn as it is due, and verifying."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from luban.cli.load.compare.account import PlanAccount
from luban.cli.load.compare.assessment import score_of
from luban.cli.load.compare.due import Account
from luban.cli.load.compare.entries import TAIL
from luban.cli.load.compare.signatures import Keys, verified
from luban.cli.load.compare.system import PlanSeen, Row
from luban.cli.load.compare.tally import Tally
from luban.reference.names import mask_name
from luban.reference.pass_rule import PASS_MARK
from luban.reference.shanghai import shanghai_day

ISSUED = "every confirmed pass has exactly one certificate"
UNFOUNDED = "no certificate without a confirmed pass"
HOLDERS = "every certificate is its holder's, of this plan, with its result's scores"
WITHDRAWN = "exactly the certificates are withdrawn whose withdrawal or lowering correction was acknowledged"
VERIFIES = "every certificate verifies: signed with the published key, its facts the register's"
_PRINTED = (
    *("kind", "state", "withdrawn_on", "occupation_code", "occupation_name", "trade", "level", "level_name"),
    *("project_code", "project_name", "issued_on", "body_name"),
)
"""Facts that an answer to a check and the register both show."""


def compare_register(tally: Tally, plan: PlanAccount, seen: PlanSeen, keys: Keys) -> None:
    """The register beside results and ledger."""
    people, held = plan.by_name(), seen.certificate_of()
    passes = [row for row in seen.results if _is_confirmed_pass(row, people)]
    tally.add(ISSUED, len(passes), _not_once(plan, passes, held))
    tally.add(UNFOUNDED, len(seen.certificates), _unfounded(plan, passes, held))
    results = {row["result_id"]: row for row in seen.results}
    tally.add(HOLDERS, len(seen.certificates), _not_theirs(plan, people, results, seen))
    tally.add(WITHDRAWN, len(seen.certificates), _wrongly_valid(plan, people, seen))
    tally.add(VERIFIES, len(seen.certificates), _unverified(plan, seen, keys))


def _is_confirmed_pass(row: Row, people: Mapping[str, Account]) -> bool:
    """A pass when publicity confirmed it, whatever a correction has made of it since."""
    if not any(step["state"] == "CONFIRMED" for step in row["history"]):
        return False
    account = people.get(row["name"])
    if row["passed"] or account is None or not account.may_be_corrected:
        return bool(row["passed"])
    return all(_passed_at_first(account, code) for code in row["scores"])


def _passed_at_first(account: Account, subject: str) -> bool:
    possible = account.scores_possible(subject)
    return possible is None or any(score is not None and score >= PASS_MARK for score in possible)


def _not_once(plan: PlanAccount, passes: list[Row], held: Mapping[str, list[Row]]) -> Iterator[str]:
    for row in passes:
        count = len(held.get(row["entry_id"], ()))
        if count != 1:
            yield f"{plan.name}: the pass of entry {row['entry_id']} has {count} certificates"


def _unfounded(plan: PlanAccount, passes: list[Row], held: Mapping[str, list[Row]]) -> Iterator[str]:
    founded = {row["entry_id"] for row in passes}
    for entry_id, rows in held.items():
        if entry_id not in founded:
            yield from (f"{plan.name}: {row['certificate_no']} rests on no confirmed pass" for row in rows)


def _not_theirs(
    plan: PlanAccount, people: Mapping[str, Account], results: Mapping[str, Row], seen: PlanSeen
) -> Iterator[str]:
    for row in seen.certificates:
        account, result = people.get(row["name"]), results.get(row["result_id"])
        if account is None or result is None or result["name"] != account.name or not _is_of(plan, account, row):
            yield f"{plan.name}: {row['certificate_no']} is not its holder's"
        elif row["issued_on"] not in _confirmed_on(result):
            yield f"{plan.name}: {row['certificate_no']} is dated {row['issued_on']}, not when its result was confirmed"
        elif row["state"] == "VALID" and not _same_scores(row, result):
            yield f"{plan.name}: {row['certificate_no']} has other scores than its result"


def _is_of(plan: PlanAccount, account: Account, row: Row) -> bool:
    said = (row["id_no"][-TAIL:], row["body_id"], row["level"], row["track"])
    return said == (account.id_no[-TAIL:], plan.body_id, plan.level, plan.track.value) and (
        account.candidate_id in (None, row["candidate_id"])
    )


def _confirmed_on(result: Row) -> set[str]:
    steps = (step for step in result["history"] if step["state"] == "CONFIRMED")
    return {shanghai_day(datetime.fromisoformat(step["at"])).isoformat() for step in steps}


def _same_scores(certificate: Row, result: Row) -> bool:
    printed = {score["subject_code"]: score["score_tenths"] for score in certificate["scores"]}
    return printed == {code: score_of(score) for code, score in result["scores"].items()}


def _wrongly_valid(plan: PlanAccount, people: Mapping[str, Account], seen: PlanSeen) -> Iterator[str]:
    for row in seen.certificates:
        account = people.get(row["name"])
        due = None if account is None else _state_due(account)
        if due is not None and row["state"] != due:
            yield f"{plan.name}: {row['certificate_no']} is {row['state']}, not {due}"


def _state_due(account: Account) -> str | None:
    """None where it is in doubt."""
    ending = [each for each in account.corrections if min(each.sent["scores"].values()) < PASS_MARK]
    ending += [account.revocation] if account.revocation else []
    if any(each.acknowledged for each in ending):
        return "WITHDRAWN"
    return None if any(each.in_doubt for each in ending) else "VALID"


def _unverified(plan: PlanAccount, seen: PlanSeen, keys: Keys) -> Iterator[str]:
    for row in seen.certificates:
        answer = verified(seen.checks.get(row["certificate_no"]), keys)
        if answer is None:
            yield f"{plan.name}: no signed answer says anything of {row['certificate_no']}"
        elif answer["asked"]["certificate_no"] != row["certificate_no"] or not _says(answer, row):
            yield f"{plan.name}: the answer to a check of {row['certificate_no']} differs from the register"


def _says(answer: Row, row: Row) -> bool:
    told = {name: answer.get(name) for name in _PRINTED}
    shown = {name: row[name] for name in _PRINTED}
    return answer["found"] == "MATCH" and told == shown and answer["name_masked"] == mask_name(row["name"])
