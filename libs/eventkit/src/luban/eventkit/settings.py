"""Settings every service reads from its environment, prefix LUBAN_."""

from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

Profile = Literal["embedded", "production"]


class Settings(BaseSettings):
    """What a service needs to know of the world. No secret has a default."""

    model_config = SettingsConfigDict(env_prefix="LUBAN_", frozen=True, extra="ignore")

    database: str
    """PostgreSQL address, postgresql://user:password@host:port/database."""
    broker: str
    """Kafka bootstrap address, host:port[,host:port]."""
    keyring: Path
    """Key ring file, see luban.eventkit.sealing."""
    oidc_issuer: str
    oidc_audience: str = "luban"
    oidc_jwks: str
    """Where the issuer's public keys are: a path or an https address."""
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    profile: Profile = "embedded"
    demo: bool = False
    """A demo stack may move its clock; nothing else may."""
    relay_batch: int = 2000
    """Events the relay sends before it waits for their acknowledgement."""
    consumer_batch: int = 2000
    """Records one transaction applies at most."""
    relay_shard: int = 0
    relay_shards: int = 1
    """This relay serves the partitions p with p % relay_shards == relay_shard."""
