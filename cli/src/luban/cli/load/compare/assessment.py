"""Responses, marks, results and corrections: standing once, with just the values sent."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from luban.cli.load.compare.account import PlanAccount
from luban.cli.load.compare.due import Account, Score
from luban.cli.load.compare.entries import TAIL
from luban.cli.load.compare.system import PlanSeen, Row
from luban.cli.load.compare.tally import Tally

READ_BACK = "every acknowledged response was read back as it was sent"
RESPONSES = "every acknowledged response stands once in the database, with the value sent"
HANDED_IN = "every acknowledged hand-in of a paper stands, with its time"
MARKS = "every acknowledged mark stands once, with the value sent"
UNMARKED = "no rater has a mark that they did not give"
RESULTS = "every acknowledged result stands once, with the marks sent, as the person's who reached them"
PUBLICISED = "every list of results that was confirmed is in publicity or past it"
CORRECTIONS = "every acknowledged correction shows in its result"


def compare_assessment(tally: Tally, plan: PlanAccount, seen: PlanSeen) -> None:
    """The exam service's records beside the ledger."""
    _compare_papers(tally, plan, seen)
    _compare_marks(tally, plan, seen)
    _compare_results(tally, plan, seen)


def _compare_papers(tally: Tally, plan: PlanAccount, seen: PlanSeen) -> None:
    read = [each for each in plan.people.values() if each.seen is not None]
    tally.add(READ_BACK, sum(len(each.responses) for each in read), _misread(plan, read))
    if seen.responses is not None:
        due = [each for each in plan.people.values() if each.responses]
        tally.add(RESPONSES, sum(len(each.responses) for each in due), _misstored(plan, due, seen.responses))

    handed_in = [each for each in plan.people.values() if each.hand_in is not None and each.hand_in.acknowledged]
    tally.add(HANDED_IN, len(handed_in), _not_handed_in(plan, handed_in, seen))


def _not_handed_in(plan: PlanAccount, accounts: list[Account], seen: PlanSeen) -> Iterator[str]:
    for account in accounts:
        assert account.hand_in is not None
        row, got = seen.papers.get(account.who, {}), account.hand_in.got
        if (row.get("state"), row.get("submitted_at")) != (got["state"], got["submitted_at"]):
            yield f"{plan.name}: the paper of person {account.who} is not as it was handed in"


def _misread(plan: PlanAccount, accounts: list[Account]) -> Iterator[str]:
    """What was in doubt before may stand or not."""
    for account in accounts:
        assert account.seen is not None
        yield from _wrong_responses(plan, account, account.seen)


def _misstored(plan: PlanAccount, accounts: list[Account], stored: list[tuple[str, int, Any]]) -> Iterator[str]:
    by_paper: dict[str, dict[int, Any]] = {}
    for paper_id, position, response in stored:
        by_paper.setdefault(paper_id, {})[position] = response
    for account in accounts:
        paper = str(account.paper.got.get("paper_id")) if account.paper else ""
        yield from _wrong_responses(plan, account, by_paper.get(paper, {}))


def _wrong_responses(plan: PlanAccount, account: Account, found: dict[int, Any]) -> Iterator[str]:
    last = account.last_responses()
    for position in last.keys() | found.keys():
        standing = last.get(position, [])
        may_lack = not any(each.acknowledged for each in standing)
        values = [each.sent["response"] for each in standing]
        if (position not in found and not may_lack) or (position in found and found[position] not in values):
            yield f"{plan.name}: response {position} of person {account.who} is lost or another"


def _compare_marks(tally: Tally, plan: PlanAccount, seen: PlanSeen) -> None:
    people = {each.entry_id: each for each in plan.people.values() if each.entry_id}
    given = sum(1 for each in plan.people.values() for marks in each.marks.values() if _acknowledged(marks))
    tally.add(MARKS, given, _wrong_marks(plan, seen))
    tally.add(UNMARKED, sum(map(len, seen.marks.values())), _unsent_marks(plan, people, seen))


def _acknowledged(marks: list[tuple[Any, Score]]) -> bool:
    return any(operation.acknowledged for operation, _ in marks)


def _wrong_marks(plan: PlanAccount, seen: PlanSeen) -> Iterator[str]:
    found = {
        (rater, row["entry_id"]): None if row["absent"] else row["score_tenths"]
        for rater, rows in seen.marks.items()
        for row in rows
    }
    for account in plan.people.values():
        for rater, marks in account.marks.items():
            place = (rater, account.entry_id or "")
            values = [mark for operation, mark in marks if operation.acknowledged or operation.in_doubt]
            if (place in found and found[place] not in values) or (place not in found and _acknowledged(marks)):
                yield f"{plan.name}: a mark of person {account.who} is lost or another"


def _unsent_marks(plan: PlanAccount, people: dict[str, Account], seen: PlanSeen) -> Iterator[str]:
    for rater, rows in seen.marks.items():
        counted = Counter(row["entry_id"] for row in rows)
        for entry_id, count in counted.items():
            account = people.get(entry_id)
            if count > 1 or account is None or rater not in account.marks:
                yield f"{plan.name}: a rater has {count} marks of entry {entry_id} that were not given so"


def _compare_results(tally: Tally, plan: PlanAccount, seen: PlanSeen) -> None:
    people = plan.by_name()
    submitted = [each for each in plan.results if each.acknowledged]
    due = len(seen.listed) if submitted else 0
    tally.add(RESULTS, due, _wrong_results(plan, people, seen, due=bool(submitted)))
    confirmed = plan.confirmation is not None and plan.confirmation.acknowledged
    waiting = [row for row in seen.results if row["state"] == "AWAITING_CONFIRMATION"]
    tally.add(PUBLICISED, len(seen.results) if confirmed else 0, _unpublicised(plan, waiting) if confirmed else ())
    corrected = [each for each in people.values() if any(one.acknowledged for one in each.corrections)]
    tally.add(CORRECTIONS, len(corrected), _uncorrected(plan, corrected, seen))


def _wrong_results(plan: PlanAccount, people: dict[str, Account], seen: PlanSeen, *, due: bool) -> Iterator[str]:
    rows = Counter(row["entry_id"] for row in seen.results)
    for entry_id in {row["entry_id"] for row in seen.listed} if due else ():
        if rows[entry_id] != 1:
            yield f"{plan.name}: entry {entry_id} has {rows[entry_id]} results"
    for row in seen.results:
        account = people.get(row["name"])
        if account is None or not _is_persons(account, row):
            yield f"{plan.name}: the result of entry {row['entry_id']} is nobody's or another person's"
        else:
            yield from _wrong_scores(plan, account, row)


def _is_persons(account: Account, row: Row) -> bool:
    same_entry = account.entry_id is None or account.entry_id == row["entry_id"]
    return same_entry and bool(row["id_last4"] == account.id_no[-TAIL:])


def _wrong_scores(plan: PlanAccount, account: Account, row: Row) -> Iterator[str]:
    for subject, score in row["scores"].items():
        possible = account.corrected_possible(subject)
        if possible is not None and score_of(score) not in possible:
            yield f"{plan.name}: person {account.who} has {score_of(score)} in {subject}, not {_words(possible)}"


def score_of(score: Row) -> Score:
    """Tenths; None for absent."""
    return None if score["outcome"] == "ABSENT" else int(score["score_tenths"])


def _words(possible: set[Score]) -> str:
    return " or ".join("absent" if each is None else str(each) for each in sorted(possible, key=lambda each: each or 0))


def _unpublicised(plan: PlanAccount, waiting: list[Row]) -> Iterator[str]:
    return (f"{plan.name}: the result of entry {row['entry_id']} still awaits confirmation" for row in waiting)


def _uncorrected(plan: PlanAccount, accounts: list[Account], seen: PlanSeen) -> Iterator[str]:
    rows = {row["name"]: row for row in seen.results}
    for account in accounts:
        row = rows.get(account.name)
        if row is None:
            yield f"{plan.name}: the corrected result of person {account.who} is gone"
            continue
        for correction in account.corrections:
            if correction.acknowledged and not _shows(account, row, correction.sent["scores"]):
                yield f"{plan.name}: the correction of person {account.who} does not show"


def _shows(account: Account, row: Row, scores: dict[str, int]) -> bool:
    return all(score_of(row["scores"][code]) in (account.corrected_possible(code) or ()) for code in scores)
