"""The whole cycle, stage by stage."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from luban.cli.demo import certifying, entering, enterprise, figures, publicity, rating, roster, theory
from luban.cli.demo.chance import chance
from luban.cli.demo.clock import begin_at, move_to
from luban.cli.demo.cycle import Cycle
from luban.cli.demo.employers import Checks, Employers, require_log_of_holder
from luban.cli.demo.figures import Differences, TrackFigures
from luban.cli.demo.filing import file_everything
from luban.cli.demo.gateway import Gateway, wait_for
from luban.cli.demo.item_files import ItemFile, Keys
from luban.cli.demo.offices import Offices
from luban.cli.demo.stages import Stages
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.reference.track import Track

_Rows = Sequence[Mapping[str, Any]]


@dataclass
class Scenario:
    """One run on one stack."""

    gateway: Gateway
    stages: Stages
    files: Sequence[ItemFile]
    candidates: int
    seed: int

    def __post_init__(self) -> None:
        self.offices = Offices(self.gateway, chance(self.seed, "offices"))
        self.timetable = Timetable.of(BEGINS_ON)
        self.keys = Keys(self.files)
        self.differences = Differences()
        self.figures: dict[Track, TrackFigures] = {}
        self.checks = Checks()
        self.items: Mapping[str, int] = {}
        self.responses = 0
        self.cycles: Mapping[Track, Cycle] = {}

    def run(self) -> None:
        """Everything from the first filing to the last check. Raises DemoError when it cannot go on."""
        with self._stage("bodies filed, plans published, bank filled"):
            begin_at(self.gateway, self.timetable.begins)
            self.cycles = file_everything(self.gateway, self.offices, self.timetable, self.candidates, self.seed)
            self.items = theory.fill_bank(self.offices, self.files)
        with self._stage("candidates registered and entries decided"):
            self._register()
        with self._stage("seats given"):
            self._close_registration()
        with self._stage("papers sat and skill marked"):
            self._examine()
        with self._stage("results posted, confirmed and publicised"):
            self._publicise()
        with self._stage("publicity over, certificates issued"):
            confirmed = self._certify()
        with self._stage("certificates checked, results corrected"):
            self._check()
        with self._stage("figures compared"):
            self._compare(confirmed)

    def _register(self) -> None:
        roster.enter_roster(self.cycles[Track.ENTERPRISE])
        for cycle in self._open_to_all:
            entering.enter_plan(cycle)

    def _close_registration(self) -> None:
        move_to(self.gateway, self.timetable.registration_over)
        for cycle in self.cycles.values():
            _wait_for_list(cycle)
        theory.schedule(self._social, self.seed)

    def _examine(self) -> None:
        move_to(self.gateway, self.timetable.theory_begins)
        self.responses = theory.sit(self._social, self.keys)
        for cycle in self._open_to_all:
            rating.rate(cycle, self.offices, self.seed)
        move_to(self.gateway, self.timetable.exam_over)

    def _publicise(self) -> None:
        submissions = {cycle: self._submit(cycle) for cycle in self.cycles.values()}
        for cycle, submission_id in submissions.items():
            publicity.confirm(cycle, submission_id)
            publicity.check_public_list(cycle)
        move_to(self.gateway, self.timetable.exam_over + timedelta(days=1))
        for cycle in self.cycles.values():
            publicity.object_and_decide(cycle)

    def _submit(self, cycle: Cycle) -> str:
        if cycle.track is Track.ENTERPRISE:
            return enterprise.post_results(cycle)
        return draw_up(cycle)

    def _certify(self) -> Mapping[Track, _Rows]:
        move_to(self.gateway, max(map(publicity.last_publicity_end, self.cycles.values())))
        for cycle in self.cycles.values():
            publicity.wait_until_confirmed(cycle)
            publicity.wait_until_list_is_gone(cycle)
        for cycle in self.cycles.values():
            certifying.wait_for_certificates(cycle)
        return {track: cycle.results() for track, cycle in self.cycles.items()}

    def _check(self) -> None:
        employers = Employers(self.gateway, self._social.province)
        for cycle in self.cycles.values():
            employers.check_valid(cycle)
            require_log_of_holder(cycle)
        for cycle in self.cycles.values():
            certifying.correct_results(cycle)
            employers.check_withdrawn(cycle)
        self.checks = employers.checks

    def _compare(self, confirmed: Mapping[Track, _Rows]) -> None:
        differences = self.differences
        for track, cycle in self.cycles.items():
            figures.compare_entries(differences, cycle)
            figures.compare_results(differences, cycle, confirmed[track], final=False)
            figures.compare_results(differences, cycle, cycle.results(), final=True)
            figures.compare_certificates(differences, cycle)
            self.figures[track] = figures.observed(cycle, confirmed[track])
            due = figures.expected(cycle.people).as_json()
            for name, got in self.figures[track].as_json().items():
                differences.compare(f"{track} {name}", due[name], got)
        for name, due_checks in self.checks.due.items():
            differences.compare(f"verifications {name}", due_checks, self.checks.told[name])

    @property
    def _social(self) -> Cycle:
        return self.cycles[Track.SOCIAL]

    @property
    def _open_to_all(self) -> Sequence[Cycle]:
        return self.cycles[Track.SOCIAL], self.cycles[Track.SPECIAL_ABILITY]

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return self.stages.stage(name)


def draw_up(cycle: Cycle) -> str:
    """Results from the outcomes of every subject; a sitting that has just ended may still be scored."""
    staff = cycle.staff.at("exam")
    path = f"/v1/plans/{cycle.plan_id}/results/draw-up"

    def drawn() -> str | None:
        answer = cycle.once_closed(lambda: staff.post(path, expect=(201, 409, 422))).expect(201, 422)
        return str(answer.json()["submission_id"]) if answer.status == 201 else None

    return wait_for(f"the outcomes of every subject of {cycle.plan_no}", drawn)


def _wait_for_list(cycle: Cycle) -> None:
    """Until the exam service knows everybody who was accepted, and that others have withdrawn."""
    due = {cycle.entry_ids[person] for person in cycle.accepted()}
    path = f"/v1/plans/{cycle.plan_id}/entries"
    staff = cycle.staff.at("exam")

    def known() -> bool | None:
        if staff.get(path, expect=(200, 404), limit=1).status != httpx.codes.OK:
            return None
        return {row["entry_id"] for row in staff.all(path)} == due or None

    wait_for(f"the {len(due)} entries of {cycle.plan_no} at the exam service", known)
