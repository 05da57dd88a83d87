"""Bodies and projects in their tables."""

from uuid import UUID

from sqlmodel import col, select

from luban.eventkit.uow import UnitOfWork
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, NotFound
from luban.registration.adapters.tables import BodyHistoryRow, BodyRow, ProjectRow
from luban.registration.domain.body import Body, BodyClass, BodyStatus, ScopeItem
from luban.registration.domain.project import Project, ProjectStatus


def load_body(uow: UnitOfWork, body_id: UUID, *, lock: bool = False) -> Body:
    """Raises `NotFound` body-unknown."""
    query = select(BodyRow).where(BodyRow.body_id == body_id)
    row = uow.session.exec(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("body-unknown", zh="没有这个机构", en="there is no such body")
    return body_of(row)


def list_bodies(uow: UnitOfWork, after: UUID | None, count: int) -> list[Body]:
    """Bodies by id."""
    query = select(BodyRow).order_by(col(BodyRow.body_id)).limit(count)
    rows = uow.session.exec(query.where(col(BodyRow.body_id) > after) if after else query)
    return [body_of(row) for row in rows]


def add_body(uow: UnitOfWork, body: Body) -> None:
    """Raises `Conflict` body-code-taken."""
    if uow.session.exec(select(BodyRow.body_id).where(BodyRow.code == body.code)).first():
        raise Conflict("body-code-taken", zh="机构编码已被使用", en="this body code is in use")
    uow.session.add(_row_of(body))


def save_body(uow: UnitOfWork, body: Body) -> None:
    """Replaces the row of a body that this transaction has locked."""
    uow.session.merge(_row_of(body))


def claim_number_codes(uow: UnitOfWork, body: Body) -> None:
    """Keeps the codes of a body and its sites for it, for ever: certificates bear them. Raises `Conflict`."""
    uow.sql(
        "insert into body_number_code (number_code, body_id) select code, %s from unnest(%s::text[]) as asked(code)"
        " on conflict (number_code) do nothing",
        (body.body_id, sorted(body.number_codes)),
    )
    taken = uow.sql(
        "select number_code from body_number_code where number_code = any(%s) and body_id <> %s limit 1",
        (sorted(body.number_codes), body.body_id),
    ).fetchone()
    if taken:
        raise Conflict("site-taken", zh="编码{code}属于其他机构", en="the code {code} is another body's", code=taken[0])


def record_body_change(uow: UnitOfWork, body_id: UUID, change: str, reason: str | None) -> None:
    """Keeps who changed a body, when and why."""
    uow.session.add(
        BodyHistoryRow(
            id=uow.new_id(), body_id=body_id, at=uow.now(), actor=uow.cause.actor, change=change, reason=reason
        )
    )


def load_project(uow: UnitOfWork, project_id: UUID, *, lock: bool = False) -> Project:
    """Raises `NotFound` project-unknown."""
    query = select(ProjectRow).where(ProjectRow.project_id == project_id)
    row = uow.session.exec(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("project-unknown", zh="没有这个专项职业能力考核项目", en="there is no such project")
    return _project_of(row)


def unknown_projects(uow: UnitOfWork, project_ids: frozenset[UUID]) -> frozenset[UUID]:
    """Which of them do not exist."""
    known = uow.session.exec(select(ProjectRow.project_id).where(col(ProjectRow.project_id).in_(project_ids)))
    return project_ids - frozenset(known)


def list_projects(uow: UnitOfWork, after: UUID | None, count: int) -> list[Project]:
    """Projects by id."""
    query = select(ProjectRow).order_by(col(ProjectRow.project_id)).limit(count)
    rows = uow.session.exec(query.where(col(ProjectRow.project_id) > after) if after else query)
    return [_project_of(row) for row in rows]


def add_project(uow: UnitOfWork, project: Project) -> None:
    """Raises `Conflict` project-code-taken."""
    if uow.session.exec(select(ProjectRow.project_id).where(ProjectRow.code == project.code)).first():
        raise Conflict("project-code-taken", zh="项目编码已被使用", en="this project code is in use")
    uow.session.add(_project_row(project))


def save_project(uow: UnitOfWork, project: Project) -> None:
    """Replaces the row of a project that this transaction has locked."""
    uow.session.merge(_project_row(project))


def body_of(row: BodyRow) -> Body:
    """The body that a row holds."""
    scope = tuple(
        ScopeItem(item["occupation_code"], item["trade"], frozenset(map(Level.parse, item["levels"])))
        for item in row.scope
    )
    return Body(
        body_id=row.body_id,
        name=row.name,
        body_class=BodyClass(row.body_class),
        code=row.code,
        credit_code=row.credit_code,
        division=row.division,
        status=BodyStatus(row.status),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        scope=scope,
        project_ids=frozenset(row.project_ids),
        site_codes=frozenset(row.site_codes),
    )


def _row_of(body: Body) -> BodyRow:
    scope = [
        {
            "occupation_code": item.occupation_code,
            "trade": item.trade,
            "levels": sorted((level.value for level in item.levels), reverse=True),
        }
        for item in body.scope
    ]
    return BodyRow(
        body_id=body.body_id,
        name=body.name,
        body_class=body.body_class.value,
        code=body.code,
        credit_code=body.credit_code,
        division=body.division,
        status=body.status.value,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        scope=scope,
        project_ids=sorted(body.project_ids),
        site_codes=sorted(body.site_codes),
    )


def _project_of(row: ProjectRow) -> Project:
    return Project(
        row.project_id,
        row.code,
        row.name,
        row.category,
        row.specification_version,
        row.definition,
        ProjectStatus(row.status),
    )


def _project_row(project: Project) -> ProjectRow:
    return ProjectRow(
        project_id=project.project_id,
        code=project.code,
        name=project.name,
        category=project.category,
        specification_version=project.specification_version,
        definition=project.definition,
        status=project.status.value,
    )
