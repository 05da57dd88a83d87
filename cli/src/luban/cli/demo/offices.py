"""The people who work in offices: who they are, and their way to the services."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

from luban.cli.demo.gateway import Caller, Gateway
from luban.cli.tokens import issue_token

_DAY = timedelta(hours=8)


@dataclass(frozen=True)
class Official:
    """Somebody with roles, at a body or at the province."""

    gateway: Gateway
    subject: UUID
    roles: tuple[str, ...]
    body_id: UUID | None = None

    def at(self, service: str) -> Caller:
        """Their way to one service."""
        token = issue_token(
            self.gateway.stack(), subject=self.subject, roles=self.roles, body_id=self.body_id, ttl=_DAY
        )
        return Caller(self.gateway, service, {"Authorization": f"Bearer {token}"})


@dataclass(frozen=True)
class Offices:
    """Everybody who acts by office. Two people never share a subject."""

    gateway: Gateway
    random: Random

    def hire(self, *roles: str, body_id: UUID | None = None) -> Official:
        """Somebody new."""
        return Official(self.gateway, UUID(int=self.random.getrandbits(128), version=4), roles, body_id)


def public_at(gateway: Gateway, service: str) -> Caller:
    """Anybody's, without a token."""
    return Caller(gateway, service)
