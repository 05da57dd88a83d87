"""What callers get: one function per thing, from the domain's words to JSON."""

from typing import Any

from luban.reference.names import mask_id_no, mask_phone
from luban.registration.adapters.candidates import Candidate
from luban.registration.adapters.plans import PlanOfBody
from luban.registration.domain.body import Body
from luban.registration.domain.entry import EntryState
from luban.registration.domain.project import Project
from luban.registration.domain.scheme import LevelScheme, Scheme
from luban.registration.handlers.import_roster import ALREADY_ENTERED, Imported
from luban.registration.handlers.read_entries import EntryShown
from luban.webkit.language import Language

ANSWERED_BY_EXAM = {
    "zh": "报名已被接受，准考证、成绩等由考试服务答复",
    "en": "accepted; the exam service answers for tickets and results",
}


def body_answer(body: Body) -> dict[str, Any]:
    """A body as the public directory shows it (domain rule 8.1)."""
    return {
        "body_id": body.body_id,
        "name": body.name,
        "body_class": body.body_class,
        "code": body.code,
        "credit_code": body.credit_code,
        "division": body.division,
        "status": body.status,
        "valid_from": body.valid_from,
        "valid_to": body.valid_to,
        "scope": [
            {
                "occupation_code": item.occupation_code,
                "trade": item.trade,
                "levels": sorted((level.value for level in item.levels), reverse=True),
            }
            for item in body.scope
        ],
        "project_ids": sorted(body.project_ids),
        "site_codes": sorted(body.site_codes),
    }


def project_answer(project: Project) -> dict[str, Any]:
    """A project of the directory."""
    return {
        "project_id": project.project_id,
        "code": project.code,
        "name": project.name,
        "category": project.category,
        "specification_version": project.specification_version,
        "definition": project.definition,
        "status": project.status,
    }


def plan_answer(found: PlanOfBody) -> dict[str, Any]:
    """A plan as anyone may see it."""
    plan = found.plan
    return {
        "plan_id": plan.plan_id,
        "plan_no": plan.plan_no,
        "plan_version": plan.plan_version,
        "state": plan.state,
        "body_id": plan.body_id,
        "body_name": found.body.name,
        "body_code": found.body.code,
        "track": plan.track,
        **_scheme(plan.scheme),
        "route": plan.route,
        "subjects": [{"code": s.code, "name": s.name, "pass_tenths": s.pass_tenths} for s in plan.subjects],
        "site_code": plan.site_code,
        "site_name": plan.site_name,
        "division": plan.division,
        "capacity": plan.capacity,
        "places_left": plan.capacity - plan.taken,
        "registration_from": plan.dates.registration_opens,
        "registration_to": plan.dates.registration_closes,
        "exam_from": plan.dates.exam_begins,
        "exam_to": plan.dates.exam_ends,
    }


def candidate_answer(candidate: Candidate) -> dict[str, Any]:
    """A candidate's own profile; document and phone masked even for its owner, as screens are seen by others."""
    person, declared = candidate.person, candidate.declared
    return {
        "candidate_id": candidate.candidate_id,
        "name": person.name,
        "id_type": person.identity.id_type,
        "id_no_masked": mask_id_no(person.identity.id_no),
        "id_last4": person.identity.id_no[-4:],
        "phone_masked": mask_phone(person.phone),
        "birth_date": person.birth_date,
        "facts": {
            "years_in_occupation": [
                {"occupation_code": each.occupation_code, "years": each.years} for each in declared.years
            ],
            "prior_certificates": [
                {"occupation_code": each.occupation_code, "level": each.level.value, "issued_on": each.issued_on}
                for each in declared.certificates
            ],
            "titles": [
                {"grade": each.grade.name, "specialty": each.specialty, "awarded_on": each.granted_on}
                for each in declared.titles
            ],
            "schooling": [
                {
                    "kind": each.kind,
                    "major": each.major,
                    "school": each.school,
                    "graduated_on": each.graduated_on,
                    "final_year": each.is_final_year,
                }
                for each in declared.schooling
            ],
            "employed": declared.employed,
            "apprenticeship_complete": declared.apprenticeship_complete,
        },
        "registered_certificates": [
            {"occupation_code": each.occupation_code, "level": each.level.value, "issued_on": each.issued_on}
            for each in candidate.registered
        ],
    }


def entry_answer(shown: EntryShown, language: Language) -> dict[str, Any]:
    """Where an entry stands and why; with the person for staff."""
    entry, plan = shown.entry, shown.plan
    accepted = entry.state is EntryState.ACCEPTED
    answer = {
        "entry_id": entry.entry_id,
        "plan_id": entry.plan_id,
        "candidate_id": entry.candidate_id,
        "state": entry.state,
        "submitted_at": entry.submitted_at,
        "decision": _decision(entry.decision, language),
        "history": [_step(step, language) for step in entry.history],
        "plan": {
            "plan_no": plan.plan.plan_no,
            "state": plan.plan.state,
            "body_name": plan.body.name,
            "registration_to": plan.plan.dates.registration_closes,
            "exam_from": plan.plan.dates.exam_begins,
            "exam_to": plan.plan.dates.exam_ends,
        },
        "answered_by": "exam" if accepted else "registration",
        "hint": ANSWERED_BY_EXAM[language] if accepted else None,
    }
    if shown.person is not None:
        identity = shown.person.identity
        answer |= {
            "name": shown.person.name,
            "id_type": identity.id_type,
            "id_no_masked": mask_id_no(identity.id_no),
            "source": entry.source,
            "self_declared": entry.decision["self_declared"],
        }
        answer["history"] = [_step(step, language) | {"actor": step["actor"]} for step in entry.history]
    return answer


def roster_answer(imported: Imported, language: Language) -> dict[str, Any]:
    """What became of each row of a roster."""
    report = [
        {
            "row": outcome.row,
            "state": outcome.state,
            "reason": outcome.en if language == "en" else outcome.zh,
            "entry_id": outcome.entry_id,
            "candidate_id": outcome.candidate_id,
        }
        for outcome in imported.outcomes
    ]
    return {
        "rows": len(report),
        "accepted": imported.count(EntryState.ACCEPTED),
        "rejected": imported.count(EntryState.REJECTED),
        "needs_decision": imported.count(EntryState.NEEDS_DECISION),
        "already_entered": imported.count(ALREADY_ENTERED),
        "report": report,
    }


def _scheme(scheme: Scheme) -> dict[str, Any]:
    if isinstance(scheme, LevelScheme):
        level = {
            "occupation_code": scheme.occupation_code,
            "occupation_name": scheme.occupation_name,
            "trade": scheme.trade,
            "level": scheme.level.value,
            "level_name": scheme.level.certificate_text,
            "standard_edition": scheme.standard_edition,
        }
        return {"level": level, "project": None}
    project = {
        "project_id": scheme.project_id,
        "code": scheme.code,
        "name": scheme.name,
        "specification_version": scheme.specification_version,
    }
    return {"level": None, "project": project}


def _decision(stored: dict[str, Any], language: Language) -> dict[str, Any]:
    conditions = [
        {
            "id": condition["id"],
            "text": condition["text"],
            "outcome": condition["outcome"],
            "reason": "; ".join(reason[language] for reason in condition["reasons"]),
        }
        for condition in stored["conditions"]
    ]
    return stored | {"conditions": conditions}


def _step(step: dict[str, Any], language: Language) -> dict[str, Any]:
    return {
        "at": step["at"],
        "state": step["state"],
        "reason_code": step["code"],
        "reason": step[language],
        "reasons": {"zh": step["zh"], "en": step["en"]},
    }
