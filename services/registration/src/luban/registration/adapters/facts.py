"""What events carry of a plan and a person."""

from luban.events.v1 import common_pb2 as common
from luban.registration.adapters.plans import PlanOfBody
from luban.registration.domain.candidate import Person
from luban.registration.domain.scheme import LevelScheme, ProjectScheme, Scheme


def plan_facts(found: PlanOfBody) -> common.PlanFacts:
    """The plan at its version, with its body as it is named today."""
    plan, body = found.plan, found.body
    facts = common.PlanFacts(
        plan_id=str(plan.plan_id),
        plan_version=plan.plan_version,
        plan_no=plan.plan_no,
        track=common.Track.Value(f"TRACK_{plan.track.value}"),
        body=common.BodyFacts(
            body_id=str(body.body_id),
            code=body.code,
            name=body.name,
            body_class=common.BodyClass.Value(f"BODY_CLASS_{body.body_class}"),
        ),
        subjects=[common.Subject(code=s.code, name=s.name, pass_tenths=s.pass_tenths) for s in plan.subjects],
        exam_from=plan.dates.exam_begins.isoformat(),
        exam_to=plan.dates.exam_ends.isoformat(),
        site_code=plan.site_code,
        site_name=plan.site_name,
        division=plan.division,
    )
    _set_scheme(facts, plan.scheme)
    return facts


def personal_data(person: Person) -> common.PersonalData:
    """What is sealed of a person."""
    identity = person.identity
    return common.PersonalData(
        name=person.name, id_type=identity.id_type.value, id_no=identity.id_no, phone=person.phone
    )


def _set_scheme(facts: common.PlanFacts, scheme: Scheme) -> None:
    match scheme:
        case LevelScheme():
            facts.level.CopyFrom(
                common.LevelScheme(
                    occupation_code=scheme.occupation_code,
                    occupation_name=scheme.occupation_name,
                    trade=scheme.trade,
                    level=scheme.level.value,
                    standard_edition=scheme.standard_edition,
                )
            )
        case ProjectScheme():
            facts.special_ability.CopyFrom(
                common.SpecialAbilityScheme(
                    project_id=str(scheme.project_id),
                    project_code=scheme.code,
                    project_name=scheme.name,
                    specification_version=scheme.specification_version,
                )
            )
