"""A special-ability project (专项职业能力考核项目): a published specification that bodies may test."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from luban.reference.refusal import Conflict
from luban.registration.domain.scheme import ProjectScheme


class ProjectStatus(StrEnum):
    """Whether a project is offered."""

    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Project:
    """A project at one version of its specification (考核规范)."""

    project_id: UUID
    code: str
    name: str
    category: str
    specification_version: int
    definition: str
    status: ProjectStatus

    def withdraw(self) -> "Project":
        """Raises `Conflict` project-state."""
        match self.status:
            case ProjectStatus.PUBLISHED:
                return replace(self, status=ProjectStatus.WITHDRAWN)
            case _:
                raise self._conflict("withdraw")

    def scheme(self) -> ProjectScheme:
        """What a new plan of this project assesses. Raises `Conflict` project-state."""
        match self.status:
            case ProjectStatus.PUBLISHED:
                return ProjectScheme(self.project_id, self.code, self.name, self.specification_version)
            case _:
                raise self._conflict("publish-plan")

    def _conflict(self, attempt: str) -> Conflict:
        return Conflict(
            "project-state",
            zh="项目状态为{state}，不能执行{attempt}",
            en="the project is {state}; {attempt} is not possible",
            state=self.status.value,
            attempt=attempt,
        )
