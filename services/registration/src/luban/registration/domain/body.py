"""A body (评价机构): who assesses, filed with a class, a scope, a validity and a status."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from luban.reference.body_code import BodyClass as ClassLetter
from luban.reference.body_code import parse_body_code
from luban.reference.levels import Level
from luban.reference.occupations import require_free_access, require_level
from luban.reference.refusal import Conflict, Invalid
from luban.reference.track import Track
from luban.registration.domain.scheme import LevelScheme, ProjectScheme, Scheme

SERIAL_DIGITS = 6


class BodyClass(StrEnum):
    """The two classes, the first character of a body's code."""

    EMPLOYER = "EMPLOYER"
    """用人单位, letter Y."""
    SOCIAL = "SOCIAL"
    """社会培训评价组织, letter S."""

    @property
    def letter(self) -> ClassLetter:
        return ClassLetter.Y if self is BodyClass.EMPLOYER else ClassLetter.S

    @property
    def track(self) -> Track:
        """The level track a body of this class assesses on."""
        return self.letter.track


class BodyStatus(StrEnum):
    """Whether a filing stands."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    """暂停: publishes nothing until it is resumed."""
    WITHDRAWN = "WITHDRAWN"
    """退出: for good."""


@dataclass(frozen=True, slots=True)
class ScopeItem:
    """An occupation and the levels of it that a body may assess; without a trade it covers all of its trades."""

    occupation_code: str
    trade: str
    levels: frozenset[Level]

    def covers(self, scheme: LevelScheme) -> bool:
        return (
            self.occupation_code == scheme.occupation_code
            and self.trade in ("", scheme.trade)
            and scheme.level in self.levels
        )


@dataclass(frozen=True, slots=True)
class Body:
    """A filed body."""

    body_id: UUID
    name: str
    body_class: BodyClass
    code: str
    credit_code: str
    division: str
    status: BodyStatus
    valid_from: date
    valid_to: date
    """Last day."""
    scope: tuple[ScopeItem, ...]
    project_ids: frozenset[UUID]
    site_codes: frozenset[str]
    """Serials of the sites (考点) filed for it beside its own, 6 digits each."""

    @property
    def number_codes(self) -> frozenset[str]:
        """The 13 characters that may begin its certificates' numbers: its code, and its code with each site's serial.

        The serial of a number is the site's, not the head office's (domain.md §1.1).
        """
        return frozenset({self.code, *(self.code[:-SERIAL_DIGITS] + site for site in self.site_codes)})

    def require_site(self, site_code: str) -> None:
        """Raises `Invalid` plan-site-of-another: another body's serial would stand in this body's certificates."""
        if self.code[:-SERIAL_DIGITS] + site_code not in self.number_codes:
            raise Invalid(
                "plan-site-of-another",
                zh="考点{site}未在本机构备案",
                en="the site {site} is not filed for this body",
                site=site_code,
            )

    def suspend(self) -> "Body":
        match self.status:
            case BodyStatus.ACTIVE:
                return replace(self, status=BodyStatus.SUSPENDED)
            case _:
                raise self._conflict("suspend")

    def resume(self) -> "Body":
        match self.status:
            case BodyStatus.SUSPENDED:
                return replace(self, status=BodyStatus.ACTIVE)
            case _:
                raise self._conflict("resume")

    def withdraw(self) -> "Body":
        match self.status:
            case BodyStatus.ACTIVE | BodyStatus.SUSPENDED:
                return replace(self, status=BodyStatus.WITHDRAWN)
            case _:
                raise self._conflict("withdraw")

    def require_able(self, first: date, last: date) -> None:
        """Refuse unless the body is active and its filing holds on every day from `first` to `last`.

        Raises `Conflict` body-not-active or `Invalid` body-not-valid.
        """
        if self.status is not BodyStatus.ACTIVE:
            raise Conflict(
                "body-not-active",
                zh="机构状态为{state}，不能发布计划",
                en="the body is {state} and may publish no plan",
                state=self.status.value,
            )
        if first < self.valid_from or last > self.valid_to:
            raise Invalid(
                "body-not-valid",
                zh="机构备案有效期为{valid_from}至{valid_to}，不能覆盖该计划",
                en="the body's filing holds from {valid_from} to {valid_to}, not for the whole plan",
                valid_from=self.valid_from.isoformat(),
                valid_to=self.valid_to.isoformat(),
            )

    def require_covers(self, track: Track, scheme: Scheme) -> None:
        """Raises `Invalid` track-of-body or plan-out-of-scope."""
        match scheme:
            case LevelScheme():
                covered = any(item.covers(scheme) for item in self.scope)
                if track is not self.body_class.track:
                    raise _wrong_track(track)
            case ProjectScheme():
                covered = scheme.project_id in self.project_ids
        if not covered:
            raise Invalid(
                "plan-out-of-scope",
                zh="该职业等级或项目不在机构备案范围内",
                en="this occupation and level, or project, is outside the body's scope",
            )

    def _conflict(self, attempt: str) -> Conflict:
        return Conflict(
            "body-state",
            zh="机构状态为{state}，不能执行{attempt}",
            en="the body is {state}; {attempt} is not possible",
            state=self.status.value,
            attempt=attempt,
        )


def check_filing(body: Body) -> None:
    """Refuse a filing that contradicts itself or the occupation table.

    Raises `Invalid` body-code-class, body-validity, scope-empty, or what a scope item's occupation raises.
    """
    if parse_body_code(body.code).body_class is not body.body_class.letter:
        raise Invalid(
            "body-code-class",
            zh="机构编码首字母与机构类别不符",
            en="the first letter of the code is not that of the body's class",
        )
    if body.valid_from > body.valid_to:
        raise Invalid("body-validity", zh="有效期起止日期颠倒", en="the validity ends before it begins")
    if not body.scope and not body.project_ids:
        raise Invalid("scope-empty", zh="备案范围不能为空", en="the scope is empty")
    _check_scope(body.body_class, body.scope)


def _check_scope(body_class: BodyClass, scope: Sequence[ScopeItem]) -> None:
    for item in scope:
        require_free_access(item.occupation_code, body_class.track)
        for level in item.levels:
            require_level(item.occupation_code, level)


def _wrong_track(track: Track) -> Invalid:
    return Invalid(
        "track-of-body",
        zh="该类机构不能开展{track}评价",
        en="a body of this class does not assess on the track {track}",
        track=track.value,
    )
