"""One enterprise on a running demo stack, driven from outside: a cycle from a plan to certificates, again and again.

Each cycle begins on the day its stack's clock shows, and moves the clock on.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any
from uuid import UUID

from bench.people import person
from luban.cli.clock import read_clocks
from luban.cli.demo.clock import begin_at, move_to
from luban.cli.demo.gateway import Gateway, wait_for
from luban.cli.demo.offices import Offices, Official
from luban.cli.demo.timetable import BEGINS_ON, Timetable, at
from luban.reference.credit_code import credit_code_check_character
from luban.reference.shanghai import shanghai_day
from luban.reference.working_days import national_calendar

OCCUPATION = "6-31-01-03"
ENTRY = "报名号"
FILLED_IN = ("序号", ENTRY, "姓名", "证件号码后四位", "备注")
CODE = "91370100MA3C00001"


@dataclass(frozen=True)
class Marks:
    """A results file, and the names in it by entry."""

    file: bytes
    names: Mapping[str, str]


@dataclass
class Cycle:
    """One plan and what came of it."""

    plan_id: str
    timetable: Timetable
    people: Sequence[tuple[str, str, str]]
    """Name, resident number, telephone."""
    certificates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def needles(self) -> list[str]:
        """Everything personal that went in."""
        return [text for each in self.people for text in each]


class Enterprise:
    """An employer, two of its staff, and the province that filed it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        offices = Offices(gateway, Random(1))
        self.province: Official = offices.hire("province_staff")
        self._workers = 0
        filing = {
            "name": "齐鲁试验机械有限公司",
            "body_class": "EMPLOYER",
            "code": "Y000037001234",
            "credit_code": CODE + credit_code_check_character(CODE),
            "division": "370100",
            "scope": [{"occupation_code": OCCUPATION, "trade": "", "levels": [3]}],
            "valid_from": "2026-01-01",
            "valid_to": "2028-12-31",
        }
        body_id = UUID(self.province.at("registration").post("/v1/bodies", filing).json()["body_id"])
        self.staff, self.second = (offices.hire("body_staff", body_id=body_id) for _ in range(2))

    def cycle(self, workers: int) -> Cycle:
        """From the plan to the last certificate."""
        cycle = self.enter(workers)
        self.confirm(cycle)
        return self.await_certificates(cycle)

    def enter(self, workers: int) -> Cycle:
        """A plan with its workers entered, at the evening of its exam."""
        numbers = range(self._workers, self._workers + workers)
        self._workers += workers
        people = [(*person(number), f"138{number:08d}") for number in numbers]
        timetable = Timetable.of(self._next_working_day())
        plan_id = self.publish(timetable, workers)
        self.roster(plan_id, people)
        move_to(self.gateway, timetable.registration_over)
        move_to(self.gateway, timetable.exam_over)
        return Cycle(plan_id, timetable, people)

    def confirm(self, cycle: Cycle) -> None:
        """Everybody passes; two people say so; the clock stands after the publicity."""
        answer = wait_for("the results to be taken", lambda: self._post(cycle))
        submission = answer["submission_id"]
        shown = self.second.at("exam").post(f"/v1/submissions/{submission}/confirm").json()
        move_to(self.gateway, datetime.fromisoformat(shown["publicity"]["ends_at"]))

    def await_certificates(self, cycle: Cycle) -> Cycle:
        """All of the cycle's certificates."""

        def all_there() -> list[dict[str, Any]] | None:
            found = list(self.province.at("certificate").all("/v1/certificates", plan_id=cycle.plan_id))
            return found if len(found) == len(cycle.people) else None

        cycle.certificates = wait_for("the certificates", all_there)
        return cycle

    def withdraw(self, certificate_id: str) -> None:
        """The province withdraws a certificate."""
        decision = {"reason_code": "false-papers", "reason": "材料不实", "decision_ref": "鲁人社撤〔2026〕1号"}
        self.province.at("certificate").post(f"/v1/certificates/{certificate_id}/withdrawal", decision)

    def _next_working_day(self) -> date:
        """Today or the next; the clock stands in its morning, if it did not stand later already."""
        today = shanghai_day(read_clocks(self.gateway.stack())[0].now)
        if not national_calendar().is_working_day(today):
            today = national_calendar().add_working_days(today, 1)
            move_to(self.gateway, at(today, 9))
        return today

    def publish(self, timetable: Timetable, places: int) -> str:
        """A plan for so many of its own; its id."""
        plan = {
            "track": "ENTERPRISE",
            "level": {"occupation_code": OCCUPATION, "trade": "", "level": 3},
            "site_code": "001234",
            "site_name": "一号车间",
            "division": "370100",
            "capacity": places,
            "registration_from": str(timetable.filed),
            "registration_to": str(timetable.registration_closes),
            "exam_from": str(timetable.exam_begins),
            "exam_to": str(timetable.exam_ends),
        }
        return str(self.staff.at("registration").post("/v1/plans", plan).json()["plan_id"])

    def roster(self, plan_id: str, people: Sequence[tuple[str, str, str]]) -> None:
        """Enters everybody (name, resident number, telephone) by a file."""
        caller = self.staff.at("registration")
        template = caller.get(f"/v1/plans/{plan_id}/roster-template", format="csv").content.decode("utf-8-sig")
        header = next(csv.reader(io.StringIO(template)))
        rows = [
            {"姓名": name, "证件类型": "居民身份证", "证件号码": id_no, "手机号码": phone, "工作年限": 12}
            for name, id_no, phone in people
        ]
        content = _sheet([header, *([row.get(title, "") for title in header] for row in rows)])
        answer = caller.upload(f"/v1/plans/{plan_id}/roster", "roster.csv", content)
        assert answer.json()["accepted"] == len(people), answer.content[:500]

    def filled_in(self, plan_id: str, workers: int) -> Marks | None:
        """The plan's own results file with a pass for everybody; None while the exam service has not all entries."""
        path = f"/v1/plans/{plan_id}/results/template"
        template = self.staff.at("exam").get(path, expect=(200, 404, 409), format="csv")
        rows = list(csv.reader(io.StringIO(template.content.decode("utf-8-sig")))) if template.status == 200 else []
        heading = next((place for place, row in enumerate(rows) if ENTRY in row), len(rows))
        header, body = rows[heading : heading + 1], rows[heading + 1 :]
        if len(body) < workers:
            return None
        marks = [place for place, title in enumerate(header[0]) if title not in FILLED_IN]
        for row in body:
            for place in marks:
                row[place] = "81.5"
        entry, name = header[0].index(ENTRY), header[0].index("姓名")
        return Marks(_sheet(rows), {row[entry]: row[name] for row in body})

    def _post(self, cycle: Cycle) -> Any:
        """None while the exam service has not heard of all entries, or of the plan's end."""
        marks = self.filled_in(cycle.plan_id, len(cycle.people))
        if marks is None:
            return None
        path = f"/v1/plans/{cycle.plan_id}/results/file"
        answer = self.staff.at("exam").upload(path, "results.csv", marks.file, expect=(200, 201, 409))
        return None if answer.status == 409 else answer.json()


def begin(gateway: Gateway) -> None:
    """Sets a fresh demo stack's clock to a day whose calendar is known."""
    begin_at(gateway, Timetable.of(BEGINS_ON).begins)


def _sheet(rows: Sequence[Sequence[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode("utf-8-sig")
