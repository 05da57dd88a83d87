"""The three ways to a certificate."""

from enum import StrEnum


class Track(StrEnum):
    """Who assesses, by which cycle (domain rule: 职业技能等级认定 by two classes of body, and 专项职业能力考核)."""

    ENTERPRISE = "ENTERPRISE"
    """企业自主评价: an employer assesses its own staff; level certificate, class Y."""
    SOCIAL = "SOCIAL"
    """社会培训评价组织: anyone registers; level certificate, class S."""
    SPECIAL_ABILITY = "SPECIAL_ABILITY"
    """专项职业能力考核: one skill test, no levels."""
