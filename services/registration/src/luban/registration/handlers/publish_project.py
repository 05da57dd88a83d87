"""Publication and withdrawal of special-ability projects (项目发布制度)."""

from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.registration.adapters.bodies import add_project, load_project, save_project
from luban.registration.domain.project import Project, ProjectStatus


@dataclass(frozen=True, slots=True)
class Specification:
    """A project as it is published (考核规范)."""

    code: str
    name: str
    category: str
    specification_version: int
    definition: str


def publish_project(uow: UnitOfWork, new: Specification) -> Project:
    """Raises `Conflict` project-code-taken."""
    project = Project(
        uow.new_id(),
        new.code,
        new.name,
        new.category,
        new.specification_version,
        new.definition,
        ProjectStatus.PUBLISHED,
    )
    add_project(uow, project)
    return project


def withdraw_project(uow: UnitOfWork, project_id: UUID) -> Project:
    """No new plan may name it. Raises `NotFound` project-unknown, `Conflict` project-state."""
    project = load_project(uow, project_id, lock=True).withdraw()
    save_project(uow, project)
    return project
