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

    public_daily_quota: int = 200
    """Checks that one network address may ask on one Shanghai day without a key (a guess; the law names none)."""


class ProofSettings(BaseSettings):
    """What the public log and credentials are signed with, and under which name."""

    model_config = SettingsConfigDict(env_prefix="LUBAN_", frozen=True, extra="ignore")

    proof_keys: Path
    """Directory with answers/, log/, credentials/, vc-api/ (luban.proofs.key_files), tag.pem and status.key. The
    passphrase of what is encrypted in there comes by LUBAN_KEY_PASSPHRASE or LUBAN_KEY_PASSPHRASE_FILE, the PIN of a
    token that holds keys by LUBAN_TOKEN_PIN or LUBAN_TOKEN_PIN_FILE."""
    public_host: str = "luban.example"
    """The name under which the world reaches this service, with a port if it has one. It stands in the log's origin and
    in every credential, so it is for life; example is a name that no host can have (RFC 2606)."""
    log_origin: str = ""
    """The public log's name for life; PUBLIC_HOST/log where it is not said. Another one only after the log was lost
    (docs/runbook.md, The register, by the topics)."""
    log_mark: Path | None = None
    """File that outlives the database, in which the worker keeps how far it has signed the log (luban.proofs.log_mark).
    Without it a database that was restored from the past is not told."""
    log_witnesses: str = ""
    """Keys of witnesses (C2SP vkeys of type 4, between spaces) whose cosignatures of checkpoints are taken."""
