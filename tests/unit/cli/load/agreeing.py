"""A ledger and a system that agree: one plan of four people, from its filing to the checks of its certificates.

Tests take one of the two and break it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from luban.cli.fsck.check import Check
from luban.cli.keys import public_jwk
from luban.cli.load.compare.account import PlanAccount, read_account
from luban.cli.load.compare.assessment import compare_assessment
from luban.cli.load.compare.checks import compare_checks
from luban.cli.load.compare.entries import compare_entries
from luban.cli.load.compare.numbers import Numbers
from luban.cli.load.compare.register import compare_register
from luban.cli.load.compare.signatures import Keys, published
from luban.cli.load.compare.system import PlanSeen
from luban.cli.load.compare.tally import Tally
from luban.cli.load.reading import Operation, Record
from luban.reference.names import mask_name, mask_phone

NAMES = {1: "王伟", 2: "李芳娜", 3: "张敏", 4: "刘静"}
"""1 and 2 pass, 3 fails, 4 takes the entry back."""
PASSED, FAILED, LEFT = (1, 2), 3, 4
RATERS = ("r1", "r2", "r3")
BODY, PLAN = "b1", "p1"
CONFIRMED_AT = "2026-04-11T16:00:05Z"
ISSUED_ON = "2026-04-12"
SIGNING = Ed25519PrivateKey.generate()
KEYS: Keys = published({"keys": [public_jwk(SIGNING)]})
MARKS = {1: 720, 2: 810, 3: 500}
RESPONSES = {1: "A", 2: ["A", "C"]}
THEORY = 800


@dataclass
class Both:
    """The plan's book and what the system says."""

    record: Record = field(default_factory=Record)
    seen: PlanSeen = field(default_factory=PlanSeen)
    numbers: Any = field(default_factory=lambda: count(1))

    def write(self, what: str, sent: Mapping[str, Any], status: int | None = 200, **got: Any) -> Operation:
        """An operation of the ledger; `status` None is in doubt."""
        op = f"op-{next(self.numbers)}"
        self.record.operations[op] = Operation(op, what, dict(sent), status, got)
        return self.record.operations[op]

    def account(self) -> PlanAccount:
        """The book as it is read."""
        plan = read_account("plans/00001", self.record)
        assert plan is not None
        return plan

    def compare(self) -> dict[str, Check]:
        """Every check of the plan, by name."""
        tally, numbers, plan = Tally(), Numbers(), self.account()
        compare_entries(tally, plan, self.seen)
        compare_assessment(tally, plan, self.seen)
        compare_register(tally, plan, self.seen, KEYS)
        compare_checks(tally, plan, self.seen, KEYS)
        for row in self.seen.certificates:
            numbers.add(row["certificate_no"])
        numbers.compare(tally)
        return {check.name: check for check in tally.checks()}

    def broken(self) -> set[str]:
        """The names of the checks that do not hold."""
        return {name for name, check in self.compare().items() if not check.ok}

    def operation(self, what: str, **sent: Any) -> Operation:
        """The one operation of a kind with these values."""
        (found,) = (
            each for each in self.record.of(what) if all(each.sent.get(name) == value for name, value in sent.items())
        )
        return found

    def certificate(self, who: int) -> dict[str, Any]:
        """A person's row in the register."""
        return cast("dict[str, Any]", next(row for row in self.seen.certificates if row["name"] == NAMES[who]))

    def result(self, who: int) -> dict[str, Any]:
        """A person's result."""
        return cast("dict[str, Any]", next(row for row in self.seen.results if row["name"] == NAMES[who]))

    def ask(self, who: int, due: str, *, status: int | None = 200) -> Operation:
        """A check of a person's certificate in the ledger, answered as the register stands."""
        row = self.certificate(who)
        sent = {
            "certificate_no": row["certificate_no"],
            "name": NAMES[who] if due != "NO_MATCH" else "别人",
            "purpose": f"核验 {next(self.numbers)}",
            "who": who,
            "due": due,
        }
        told = sign(answer(row, sent["purpose"], found="NO_MATCH" if due == "NO_MATCH" else "MATCH"))
        return self.write("verifications", sent, status, **({"jws": told} if status else {}))

    def log(self, who: int, check: Operation) -> None:
        """Files a check in its holder's log."""
        number = self.certificate(who)["certificate_no"]
        self.seen.logs.setdefault(number, []).append({"purpose": check.sent["purpose"]})


def id_no(who: int) -> str:
    """A number whose end is nobody else's."""
    return f"37010219900307900{who}"


def phone(who: int) -> str:
    """Eleven digits."""
    return f"1380000000{who}"


def sign(told: Mapping[str, Any], key: Ed25519PrivateKey = SIGNING) -> str:
    """As the register signs."""
    kid = public_jwk(SIGNING)["kid"]
    return jwt.PyJWS().encode(orjson.dumps(told), key, algorithm="EdDSA", headers={"kid": kid})


def answer(row: Mapping[str, Any], purpose: str, *, found: str = "MATCH", factor: str = "name") -> dict[str, Any]:
    """An answer to a check of a certificate."""
    told: dict[str, Any] = {
        "asked": {"certificate_no": row["certificate_no"], "factor": factor, "purpose": purpose},
        "found": found,
    }
    if found == "MATCH":
        told |= {name: row[name] for name in ("state", "withdrawn_on", "kind", "issued_on", "body_name")}
        told |= {name: row[name] for name in ("occupation_code", "occupation_name", "trade", "level", "level_name")}
        told["name_masked"] = mask_name(row["name"])
    return told


def agreeing() -> Both:
    """A plan of social evaluation that went through the whole cycle."""
    both = Both()
    both.record.facts.append(
        {"fact": "plan", "track": "SOCIAL", "body_id": BODY, "level": 3, "raters": list(RATERS), "staff": "s"}
    )
    both.write("plans", {"capacity": 4}, 201, plan_id=PLAN)
    for who in NAMES:
        _enter(both, who)
    both.write("withdrawals", {"who": LEFT, "entry_id": f"e{LEFT}"}, state="WITHDRAWN")
    both.write("panels", {"raters": list(RATERS)}, raters=list(RATERS))
    for who in MARKS:
        _sit(both, who)
    _mark(both)
    both.write("results", {"drawn_up": 3}, 201, submission_id="u1", rows=3)
    both.write("confirmations", {"submission_id": "u1"}, ends_at="2026-04-11T16:00:00Z")
    for who in MARKS:
        both.seen.results.append(_result(who))
    for place, who in enumerate(PASSED, 1):
        both.seen.certificates.append(_certificate(who, place))
    for who in PASSED:
        check = both.ask(who, "MATCH")
        both.log(who, check)
        both.ask(who, "NO_MATCH")
        row = both.certificate(who)
        both.seen.checks[row["certificate_no"]] = sign(answer(row, "对账", factor="id_no"))
    return both


def _enter(both: Both, who: int) -> None:
    person = {"who": who, "name": NAMES[who], "id_no": id_no(who), "phone": phone(who)}
    both.write("profiles", person, candidate_id=f"c{who}")
    both.write("entries", {"who": who}, 201, entry_id=f"e{who}", state="ACCEPTED")
    both.seen.profiles[who] = {
        "name": NAMES[who],
        "id_last4": id_no(who)[-4:],
        "phone_masked": mask_phone(phone(who)),
    }
    both.seen.entries.append(
        {
            "entry_id": f"e{who}",
            "candidate_id": f"c{who}",
            "name": NAMES[who],
            "id_no_masked": "*" * 14 + id_no(who)[-4:],
            "state": "WITHDRAWN" if who == LEFT else "ACCEPTED",
        }
    )
    if who != LEFT:
        both.seen.listed.append({"entry_id": f"e{who}", "name": NAMES[who]})


def _sit(both: Both, who: int) -> None:
    paper = f"paper{who}"
    both.write("papers", {"who": who, "ticket_no": f"t{who}"}, 201, paper_id=paper)
    both.seen.responses = both.seen.responses or []
    for position, response in RESPONSES.items():
        sent = {"who": who, "paper_id": paper, "position": position, "response": response, "worth": THEORY // 2}
        both.write("responses", sent, sha256="x", serial=position)
        both.seen.responses.append((paper, position, response))
    both.record.facts.append({"fact": "seen", "who": who, "paper_id": paper, "responses": dict(RESPONSES)})
    at = f"2026-04-04T01:0{who}:00Z"
    both.write("hand_ins", {"who": who, "paper_id": paper}, state="SUBMITTED", submitted_at=at)
    both.seen.papers[who] = {"state": "SUBMITTED", "submitted_at": at}


def _mark(both: Both) -> None:
    for place, rater in enumerate(RATERS):
        given = [[who, mark + (place - 1) * 5] for who, mark in MARKS.items()]
        both.write("marks", {"rater": rater, "marks": given}, kept=len(given))
        both.seen.marks[rater] = [{"entry_id": f"e{who}", "score_tenths": mark, "absent": False} for who, mark in given]


def _result(who: int) -> dict[str, Any]:
    scores = {"THEORY": THEORY, "SKILL": MARKS[who]}
    return {
        "result_id": f"res{who}",
        "entry_id": f"e{who}",
        "state": "CONFIRMED",
        "passed": who in PASSED,
        "scores": {code: {"outcome": "SCORED", "score_tenths": tenths} for code, tenths in scores.items()},
        "name": NAMES[who],
        "id_last4": id_no(who)[-4:],
        "publicity_ends_at": "2026-04-11T16:00:00Z",
        "history": [{"at": CONFIRMED_AT, "state": "CONFIRMED", "reason": "publicity-over"}],
    }


def _certificate(who: int, place: int) -> dict[str, Any]:
    scores = {"THEORY": THEORY, "SKILL": MARKS[who]}
    return {
        "certificate_id": f"cert{who}",
        "certificate_no": f"S000037900010263{place:06d}",
        "candidate_id": f"c{who}",
        "name": NAMES[who],
        "id_no": "*" * 14 + id_no(who)[-4:],
        "track": "SOCIAL",
        "kind": "LEVEL",
        "occupation_code": "4-07-03-02",
        "occupation_name": "劳动关系协调师",
        "trade": "",
        "level": 3,
        "level_name": "三级/高级工",
        "project_code": None,
        "project_name": None,
        "body_id": BODY,
        "body_name": "负载试验评价中心",
        "plan_id": PLAN,
        "result_id": f"res{who}",
        "issued_on": ISSUED_ON,
        "state": "VALID",
        "withdrawn_on": None,
        "withdrawal_reason": None,
        "scores": [
            {"subject_code": code, "outcome": "SCORED", "score_tenths": tenths} for code, tenths in scores.items()
        ],
    }


def correct(both: Both, who: int, skill: int, status: int | None = 201) -> None:
    """A correction in the ledger alone."""
    both.write("corrections", {"who": who, "result_id": f"res{who}", "scores": {"SKILL": skill}}, status)


def revoke(both: Both, who: int, status: int | None = 200) -> None:
    """A withdrawal of a certificate by decision in the ledger alone."""
    number = both.certificate(who)["certificate_no"]
    both.write("certificate_withdrawals", {"who": who, "certificate_no": number}, status)


def withdraw(both: Both, who: int) -> None:
    """A certificate withdrawn in the register, checks and log with it."""
    both.certificate(who).update(state="WITHDRAWN", withdrawn_on="2026-04-20")
    check_again(both, who)


def check_again(both: Both, who: int) -> None:
    """The comparison's own check says what the register says now."""
    row = both.certificate(who)
    both.seen.checks[row["certificate_no"]] = sign(answer(row, "对账", factor="id_no"))


def swap(one: dict[str, Any], other: dict[str, Any], *names: str) -> None:
    """Two rows exchange values."""
    for name in names:
        one[name], other[name] = other[name], one[name]
