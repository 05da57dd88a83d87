"""The tables are what the code says they are; every endpoint lets in the roles of this table and nobody else."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from luban.registration.adapters.tables import METADATA
from luban.registration.entrypoints.api import create
from luban.webkit.authentication import Role
from luban.webkit.routes import routes_and_roles
from tests.integration.registration.conftest import Service, settings_for, write_keys
from tests.integration.registration.people import uuid

PUBLIC, CANDIDATE, BODY, PROVINCE, CITY = (
    Role.PUBLIC,
    Role.CANDIDATE,
    Role.BODY_STAFF,
    Role.PROVINCE_STAFF,
    Role.CITY_STAFF,
)
ROLES: dict[tuple[str, str], frozenset[Role]] = {
    ("POST", "/v1/bodies"): frozenset({PROVINCE}),
    ("GET", "/v1/bodies"): frozenset({PUBLIC}),
    ("GET", "/v1/bodies/{body_id}"): frozenset({PUBLIC}),
    ("PATCH", "/v1/bodies/{body_id}"): frozenset({PROVINCE}),
    ("POST", "/v1/bodies/{body_id}/suspend"): frozenset({PROVINCE}),
    ("POST", "/v1/bodies/{body_id}/resume"): frozenset({PROVINCE}),
    ("POST", "/v1/bodies/{body_id}/withdraw"): frozenset({PROVINCE}),
    ("POST", "/v1/projects"): frozenset({PROVINCE}),
    ("GET", "/v1/projects"): frozenset({PUBLIC}),
    ("POST", "/v1/projects/{project_id}/withdraw"): frozenset({PROVINCE}),
    ("POST", "/v1/plans"): frozenset({BODY}),
    ("GET", "/v1/plans"): frozenset({PUBLIC}),
    ("GET", "/v1/plans/{plan_id}"): frozenset({PUBLIC}),
    ("PATCH", "/v1/plans/{plan_id}"): frozenset({BODY}),
    ("POST", "/v1/plans/{plan_id}/cancel"): frozenset({BODY}),
    ("PUT", "/v1/candidates/me"): frozenset({CANDIDATE}),
    ("GET", "/v1/candidates/me"): frozenset({CANDIDATE}),
    ("POST", "/v1/entries"): frozenset({CANDIDATE}),
    ("GET", "/v1/entries"): frozenset({CANDIDATE}),
    ("GET", "/v1/entries/{entry_id}"): frozenset({CANDIDATE, BODY, PROVINCE, CITY}),
    ("POST", "/v1/entries/{entry_id}/withdraw"): frozenset({CANDIDATE}),
    ("POST", "/v1/entries/{entry_id}/decision"): frozenset({BODY, PROVINCE}),
    ("GET", "/v1/plans/{plan_id}/entries"): frozenset({BODY, PROVINCE, CITY}),
    ("GET", "/v1/plans/{plan_id}/roster-template"): frozenset({BODY}),
    ("POST", "/v1/plans/{plan_id}/roster"): frozenset({BODY}),
}
GUARDED = [(method, path) for (method, path), roles in ROLES.items() if PUBLIC not in roles]


def test_no_endpoint_is_missing_from_the_table(service: Service, tmp_path: Path) -> None:
    write_keys(tmp_path)
    app = create(settings_for("postgresql://nobody@127.0.0.1:1/none", tmp_path), service.units)
    assert {(m, p): roles for m, p, roles in routes_and_roles(app) if p.startswith("/v1") and m != "HEAD"} == ROLES


def test_every_other_role_is_turned_away_from_every_endpoint(service: Service) -> None:
    for method, template in GUARDED:
        path = template.replace("{plan_id}", str(uuid(1))).replace("{body_id}", str(uuid(1)))
        path = path.replace("{entry_id}", str(uuid(1))).replace("{project_id}", str(uuid(1)))
        for role in set(Role) - ROLES[method, template] - {Role.PUBLIC}:
            answer = service.client.send(method, path, headers=service.token(role.value), json={})
            assert answer.status_code == 403, (method, path, role)
        assert service.client.send(method, path, json={}).status_code == 401, (method, path)


@pytest.mark.parametrize(
    "path", [path for (method, path), roles in ROLES.items() if method == "GET" and PUBLIC in roles]
)
def test_what_is_public_asks_for_no_token(service: Service, path: str) -> None:
    shown = path.replace("{plan_id}", str(uuid(1))).replace("{body_id}", str(uuid(1)))
    assert service.client.get(shown).status_code in (200, 404)


def test_the_mapped_tables_are_those_of_the_migrations(service: Service) -> None:
    def ours(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
        return kind != "table" or name in METADATA.tables

    with service.units.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": False})
        differences = compare_metadata(context, METADATA)
    kinds = {difference[0] for difference in differences if isinstance(difference, tuple)}
    assert kinds <= {"remove_index", "remove_constraint", "add_fk", "remove_fk"}, differences
