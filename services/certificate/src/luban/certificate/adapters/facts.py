"""The face of a certificate out of the facts that events carry of a plan."""

from collections.abc import Iterable
from uuid import UUID

from luban.certificate.domain.face import Face, IssuingBody, LevelFace, SpecialAbilityFace, printed_code
from luban.events.v1.common_pb2 import PlanFacts, SubjectOutcome, SubjectScore
from luban.events.v1.common_pb2 import Track as TrackOnWire
from luban.reference.levels import Level
from luban.reference.refusal import Invalid
from luban.reference.track import Track

_WITH_SCORE = (SubjectOutcome.SUBJECT_OUTCOME_SCORED, SubjectOutcome.SUBJECT_OUTCOME_CARRIED_OVER)
_OUTCOMES = {number: name.removeprefix("SUBJECT_OUTCOME_") for name, number in SubjectOutcome.items()}


def face_of(plan: PlanFacts) -> Face:
    """Raises `Invalid` for facts that no certificate can print, ValueError for an id that is none."""
    body = IssuingBody(
        body_id=UUID(plan.body.body_id),
        name=plan.body.name,
        code=printed_code(plan.body.code, plan.site_code),
        division=plan.division,
    )
    return Face(UUID(plan.plan_id), _track(plan), body, _scheme(plan))


def scores_of(scores: Iterable[SubjectScore]) -> list[dict[str, object]]:
    """Scores as the register keeps them."""
    return [
        {
            "subject_code": score.subject_code,
            "outcome": _OUTCOMES[score.outcome],
            "score_tenths": score.score_tenths if score.outcome in _WITH_SCORE else None,
        }
        for score in scores
    ]


def _track(plan: PlanFacts) -> Track:
    try:
        return Track(TrackOnWire.Name(plan.track).removeprefix("TRACK_"))
    except ValueError as error:
        raise _nothing_to_certify() from error


def _scheme(plan: PlanFacts) -> LevelFace | SpecialAbilityFace:
    match plan.WhichOneof("scheme"):
        case "level":
            level = plan.level
            return LevelFace(
                occupation_code=level.occupation_code,
                occupation_name=level.occupation_name,
                trade=level.trade,
                level=Level.parse(level.level),
                standard_edition=level.standard_edition,
            )
        case "special_ability":
            ability = plan.special_ability
            return SpecialAbilityFace(ability.project_code, ability.project_name, ability.specification_version)
        case _:
            raise _nothing_to_certify()


def _nothing_to_certify() -> Invalid:
    return Invalid(
        "certificate-scheme-mismatch",
        zh="结果未说明认定类别或认定对象",
        en="the result does not say what was assessed",
    )
