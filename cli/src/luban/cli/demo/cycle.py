"""One plan on its way: who runs it, who is in it, and what its services called them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from luban.cli.demo.gateway import Answer, Caller, Gateway, wait_for
from luban.cli.demo.offices import Official
from luban.cli.demo.people import Person
from luban.cli.demo.schemes import Body
from luban.cli.demo.timetable import Timetable
from luban.reference.track import Track

_STILL_OPEN = ("plan-open", "plan-not-closed", "entries-on-their-way")


@dataclass(eq=False)
class Cycle:
    """What the demo knows of one track while it runs."""

    gateway: Gateway
    timetable: Timetable
    body: Body
    people: Sequence[Person]
    staff: Official
    """Files plans, posts results."""
    second: Official
    """Another person of the body: confirms."""
    province: Official
    plan_id: str = ""
    plan_no: str = ""
    entry_ids: dict[Person, str] = field(default_factory=dict)
    """By everybody who has an entry, whatever became of it."""
    candidate_ids: dict[Person, str] = field(default_factory=dict)
    """Of those whom a roster made candidates; others chose their own subject."""
    refused: dict[str, int] = field(default_factory=dict)
    """How often something was refused that had to be, by what it was."""

    @property
    def track(self) -> Track:
        """The plan's."""
        return self.body.track

    def subject_of(self, person: Person) -> UUID:
        """Who the person's token names."""
        return UUID(self.candidate_ids.get(person, str(person.subject)))

    def candidate(self, person: Person, service: str) -> Caller:
        """A candidate's own way to one service."""
        return Official(self.gateway, self.subject_of(person), ("candidate",)).at(service)

    def accepted(self) -> list[Person]:
        """Who is to be assessed, by what their kind says."""
        return [person for person in self.people if person.fate.entry == "ACCEPTED"]

    def of_kind(self, *kinds: str) -> list[Person]:
        """The people of these kinds."""
        return [person for person in self.people if person.kind in kinds]

    def once_closed(self, send: Callable[[], Answer]) -> Answer:
        """The answer to a command that the exam service takes only when it has heard that registration is over.

        `send` must let a 409 pass.
        """

        def heard() -> Answer | None:
            answer = send()
            return None if answer.status == httpx.codes.CONFLICT and answer.code in _STILL_OPEN else answer

        return wait_for(f"the end of registration of {self.plan_no} at the exam service", heard)

    def note_refusal(self, what: str) -> None:
        """Counts a refusal that was due."""
        self.refused[what] = self.refused.get(what, 0) + 1

    def entries(self) -> list[dict[str, Any]]:
        """The plan's entries as registration lists them to the body."""
        return list(self.staff.at("registration").all(f"/v1/plans/{self.plan_id}/entries"))

    def results(self) -> list[dict[str, Any]]:
        """The plan's results as the exam service lists them to the body."""
        return list(self.staff.at("exam").all("/v1/results", plan_id=self.plan_id))

    def certificates(self) -> list[dict[str, Any]]:
        """The plan's certificates as the register lists them to the province."""
        return list(self.province.at("certificate").all("/v1/certificates", plan_id=self.plan_id))
