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
    trusted_proxies: str = ""
    """Networks (CIDR, between commas) of the proxies whose X-Forwarded-For is believed."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    """Where this process answers its operators (luban.webkit.monitoring); nowhere without a port."""
    profile: Profile = "embedded"
    demo: bool = False
    """A demo stack may move its clock; nothing else may."""
    group_prefix: str = "luban"
    """Of consumer groups' ids, for several installations on one broker."""
    relay_batch: int = 5000
    """Events the relay sends before it waits for their acknowledgement."""
    consumer_batch: int = 2000
    """Records one transaction applies at most."""
    ready_lag: int = 100_000
    """Events a consumer may be behind and still call itself ready: ten seconds of work."""
    relay_shard: int = 0
    relay_shards: int = 1
    """This relay serves the partitions p with p % relay_shards == relay_shard."""
