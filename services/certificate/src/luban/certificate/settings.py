"""What the certificate service needs to know beyond every service's settings; environment, prefix LUBAN_."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from luban.reference.certificate_number import SPECIAL_ABILITY_TEMPLATE


class NumberSettings(BaseSettings):
    """How numbers are printed."""

    model_config = SettingsConfigDict(env_prefix="LUBAN_", frozen=True, extra="ignore")

    special_ability_template: str = SPECIAL_ABILITY_TEMPLATE
    """Numbering of special-ability certificates, see luban.reference.certificate_number.NumberTemplate."""


class CheckSettings(BaseSettings):
    """How checks are answered."""

    model_config = SettingsConfigDict(env_prefix="LUBAN_", frozen=True, extra="ignore")

    signing_key: Path
    """PEM file of the Ed25519 key that signs answers."""
    public_daily_quota: int = 200
    """Checks that one network address may ask on one Shanghai day without a key (a guess; the law names none)."""
