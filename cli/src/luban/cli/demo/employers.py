"""Employers check certificates with a key of their own; every answer's signature is verified."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import Caller, Gateway
from luban.cli.demo.offices import Official, public_at
from luban.cli.demo.people import Person, misspelt
from luban.cli.demo.schemes import EMPLOYERS

QUOTA = 1_000_000
PURPOSE = "招聘核验"
ONE_IN = 10
"""One certificate in so many is also asked for with a wrong second factor, and so many unknown numbers are asked."""
MATCH, NO_MATCH, WITHDRAWN = "match", "no_match", "withdrawn"


@dataclass(frozen=True)
class Question:
    """One check, and what it must be told."""

    certificate_no: str
    factor: Mapping[str, str]
    due: str


@dataclass
class Checks:
    """What employers were told so far."""

    told: Counter[str] = field(default_factory=Counter)
    due: Counter[str] = field(default_factory=Counter)
    sample: dict[str, Any] = field(default_factory=dict)
    """One answer to a match, with its signature."""


class Employers:
    """Two employers who ask in turn."""

    def __init__(self, gateway: Gateway, province: Official) -> None:
        self._gateway = gateway
        self._doors = [_door(gateway, province, name, code) for name, code in EMPLOYERS]
        keys = public_at(gateway, "certificate").get("/v1/keys").json()
        self._keys = {key["kid"]: jwt.PyJWK(key).key for key in keys["keys"]}
        self.checks = Checks()

    def check_valid(self, cycle: Cycle) -> None:
        """Every certificate of a plan by name and by ID number; some with a wrong factor, some unknown numbers."""
        self._ask_all(questions(cycle, MATCH))

    def check_withdrawn(self, cycle: Cycle) -> None:
        """Those that were withdrawn."""
        gone = {str(row["certificate_no"]) for row in cycle.certificates() if row["state"] == "WITHDRAWN"}
        self._ask_all(
            [each for each in questions(cycle, WITHDRAWN) if each.certificate_no in gone and each.due == WITHDRAWN]
        )

    def _ask_all(self, asked: Sequence[Question]) -> None:
        told = self._gateway.all_at_once(self._ask, list(enumerate(asked)))
        for question, (outcome, answer) in zip(asked, told, strict=True):
            self.checks.due[question.due] += 1
            self.checks.told[outcome] += 1
            if outcome == MATCH and not self.checks.sample:
                self.checks.sample = answer

    def _ask(self, numbered: tuple[int, Question]) -> tuple[str, dict[str, Any]]:
        place, question = numbered
        door = self._doors[place % len(self._doors)]
        asked = {"certificate_no": question.certificate_no, **question.factor, "purpose": PURPOSE}
        told = door.post("/v1/verifications", asked).json()
        self._require_signed(told)
        return outcome_of(told["answer"]), told

    def _require_signed(self, told: Mapping[str, Any]) -> None:
        """Raises DemoError unless the register's key signed just this answer."""
        kid = jwt.get_unverified_header(told["jws"])["kid"]
        signed = jwt.PyJWS().decode(told["jws"], self._keys[kid], algorithms=["EdDSA"])
        if json.loads(signed) != told["answer"]:
            raise DemoError(f"the signature of an answer is for something else: {told}")


def outcome_of(answer: Mapping[str, Any]) -> str:
    """match, no_match or withdrawn."""
    if answer["found"] == "NO_MATCH":
        return NO_MATCH
    return WITHDRAWN if answer["state"] == "WITHDRAWN" else MATCH


def questions(cycle: Cycle, due: str) -> list[Question]:
    """What is asked about a plan's certificates; `due` is what the right factor must be told."""
    asked: list[Question] = []
    for place, (person, number) in enumerate(held_numbers(cycle)):
        asked += [Question(number, {"name": person.name}, due), Question(number, {"id_no": person.typed_id}, due)]
        if place % ONE_IN == 0:
            asked += [
                Question(number, {"name": misspelt(person)}, NO_MATCH),
                Question(number, {"id_no": person.mistyped_id}, NO_MATCH),
                Question(_unknown(number, place), {"name": person.name}, NO_MATCH),
            ]
    return asked


def held_numbers(cycle: Cycle) -> list[tuple[Person, str]]:
    """Everybody who is to hold a certificate with its number, in the order of the people."""
    by_result = {row["result_id"]: str(row["certificate_no"]) for row in cycle.certificates()}
    results = {row["entry_id"]: row["result_id"] for row in cycle.results()}
    return [(person, by_result[results[cycle.entry_ids[person]]]) for person in cycle.people if person.fate.passed]


def require_log_of_holder(cycle: Cycle) -> None:
    """Raises DemoError unless a holder sees who asked about their certificate."""
    person, number = held_numbers(cycle)[0]
    me = cycle.candidate(person, "certificate")
    own = [row for row in me.all("/v1/certificates") if row["certificate_no"] == number]
    seen = list(me.all(f"/v1/certificates/{own[0]['certificate_id']}/verifications"))
    if {row["employer_name"] for row in seen} > {name for name, _ in EMPLOYERS} or len(seen) < 2:
        raise DemoError(f"the holder of {number} does not see the checks of the employers: {seen}")


def _door(gateway: Gateway, province: Official, name: str, credit_code: str) -> Caller:
    order = {"credit_code": credit_code, "employer_name": name, "daily_quota": QUOTA}
    key = province.at("certificate").post("/v1/api-keys", order).json()["key"]
    return Caller(gateway, "certificate", {"X-API-Key": key})


def _unknown(number: str, place: int) -> str:
    """A number of the same body that was never given; another for each, since misses are counted by number."""
    return f"{number[:-5]}{99_999 - place}"
