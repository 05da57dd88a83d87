"""Entries, withdrawals, profiles: acknowledged once, standing once, of the person who made them."""

from collections import Counter
from collections.abc import Iterator

from luban.cli.load.compare.account import PlanAccount, entered
from luban.cli.load.compare.due import Account
from luban.cli.load.compare.system import PlanSeen, Row
from luban.cli.load.compare.tally import Tally
from luban.reference.names import mask_phone

TAIL = 4
ENTERED = "every acknowledged entry stands once, as the person's who made it"
UNENTERED = "nobody has an entry that they did not send, or two"
WITHDRAWN = "every acknowledged withdrawal of an entry stands, and no other"
LISTED = "the exam service's list is the accepted entries, each under its own name"
PROFILES = "every acknowledged profile has the values sent"


def compare_entries(tally: Tally, plan: PlanAccount, seen: PlanSeen) -> None:
    """Registration's and the exam service's lists beside the ledger."""
    acknowledged = list(entered(plan))
    rows = {row["entry_id"]: row for row in seen.entries}
    tally.add(ENTERED, len(acknowledged), _lost(plan, acknowledged, rows))
    tally.add(UNENTERED, len(seen.entries), _unsent(plan, seen))
    withdrawn = [each for each in acknowledged if each.is_withdrawn]
    tally.add(WITHDRAWN, len(withdrawn), _wrong_states(plan, acknowledged, rows))
    tally.add(LISTED, len(seen.listed), _wrongly_listed(plan, seen))
    profiles = [each for each in plan.people.values() if each.profile.acknowledged]
    tally.add(PROFILES, len(profiles), _changed_profiles(plan, profiles, seen))


def _lost(plan: PlanAccount, accounts: list[Account], rows: dict[str, Row]) -> Iterator[str]:
    for account in accounts:
        row = rows.get(account.entry_id or "")
        if row is None:
            yield f"{plan.name}: the entry of person {account.who} is gone"
        elif not _is_of(account, row["name"], row["id_no_masked"]) or row["candidate_id"] != account.candidate_id:
            yield f"{plan.name}: the entry of person {account.who} is another person's"


def _unsent(plan: PlanAccount, seen: PlanSeen) -> Iterator[str]:
    """An entry in doubt may stand, but only once; nobody else's may."""
    people = plan.by_name()
    sent = {each.name for each in people.values() if each.entry and (each.entry.acknowledged or each.entry.in_doubt)}
    for name, count in Counter(row["name"] for row in seen.entries).items():
        if name not in sent:
            yield f"{plan.name}: an entry of somebody who sent none"
        elif count > 1:
            yield f"{plan.name}: {count} entries of person {people[name].who}"


def _wrong_states(plan: PlanAccount, accounts: list[Account], rows: dict[str, Row]) -> Iterator[str]:
    for account in accounts:
        row = rows.get(account.entry_id or "")
        if row is None or account.is_withdrawn is None:
            continue
        due = "WITHDRAWN" if account.is_withdrawn else account.entry_state
        if row["state"] != due:
            yield f"{plan.name}: the entry of person {account.who} is {row['state']}, not {due}"


def _wrongly_listed(plan: PlanAccount, seen: PlanSeen) -> Iterator[str]:
    accepted = {row["entry_id"]: row["name"] for row in seen.entries if row["state"] == "ACCEPTED"}
    listed = {row["entry_id"]: row["name"] for row in seen.listed}
    for entry_id in accepted.keys() | listed.keys():
        if accepted.get(entry_id) != listed.get(entry_id):
            yield f"{plan.name}: entry {entry_id} stands on one list and not, or under another name, on the other"
    if len(listed) != len(seen.listed):
        yield f"{plan.name}: {len(seen.listed) - len(listed)} entries stand twice on the exam service's list"


def _changed_profiles(plan: PlanAccount, accounts: list[Account], seen: PlanSeen) -> Iterator[str]:
    for account in accounts:
        row = seen.profiles.get(account.who)
        if row is None:
            yield f"{plan.name}: person {account.who} has no profile"
        elif (row["name"], row["id_last4"], row["phone_masked"]) != (
            account.name,
            account.id_no[-TAIL:],
            mask_phone(account.phone),
        ):
            yield f"{plan.name}: the profile of person {account.who} is another than was sent"


def _is_of(account: Account, name: str, masked: str) -> bool:
    return name == account.name and masked[-TAIL:] == account.id_no[-TAIL:]
