"""The certificate service's HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from luban.certificate.adapters import proving
from luban.certificate.adapters.signing import Signer
from luban.certificate.adapters.typesetting import Typesetter
from luban.certificate.entrypoints import (
    api_keys,
    certificates,
    changes,
    consents,
    imports,
    photographs,
    uploads,
    watch_lists,
)
from luban.certificate.entrypoints.checkpoint_seen import CheckpointSeen
from luban.certificate.entrypoints.code_page import CodePage
from luban.certificate.entrypoints.credentials import Credentials
from luban.certificate.entrypoints.papers import Papers
from luban.certificate.entrypoints.public_log import PublicLog
from luban.certificate.entrypoints.shortcut import Shortcut
from luban.certificate.entrypoints.vc_api import VcApi
from luban.certificate.entrypoints.verifications import CONNECTIONS, PATH, Checks
from luban.certificate.handlers.api_keys import EmployerKeys
from luban.certificate.handlers.paper import Press
from luban.certificate.handlers.verify import Verifying
from luban.certificate.settings import CheckSettings, ProofSettings
from luban.eventkit.async_uow import AsyncUnitsOfWork
from luban.eventkit.settings import Settings
from luban.eventkit.uow import open_units
from luban.webkit.address import parse_networks
from luban.webkit.application import create_app


def create(settings: Settings) -> FastAPI:
    """The application. Raises OSError, ValueError or CannotStartError without usable keys."""
    return serve(settings).app


def serve(settings: Settings) -> Shortcut:
    """The application as it is served, its busiest route reached before everything else. Raises as `create`."""
    check_settings = CheckSettings()
    units = open_units(settings)
    keys = proving.load(ProofSettings())
    signer = Signer(keys.answers.signer)
    check_units = AsyncUnitsOfWork(settings.database, CONNECTIONS)
    seen = CheckpointSeen(check_units)
    verifying = Verifying(units.keyring, signer, check_settings.public_daily_quota, lambda: seen.note)
    published = keys.answers.history.jwks()
    checks = Checks(check_units, verifying, units.keyring, published, parse_networks(settings.trusted_proxies))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with check_units.open(), seen.watching():
            yield

    log = PublicLog(keys)
    credentials = Credentials(keys)
    papers = Papers(Press(keys, Typesetter()))
    parts = (certificates, changes, photographs, imports, uploads, consents, api_keys, watch_lists)
    proofs = [log.router(), credentials.router(), VcApi(keys, credentials).router(), papers.router()]
    pages = [CodePage().router()]
    routers = [*(part.router for part in parts), checks.router(), *proofs, *pages]
    app = create_app(
        "鲁班：证书", "certificate", settings, routers, units, api_keys=EmployerKeys(units), lifespan=lifespan
    )
    app.state.webhooks_demo = settings.demo
    app.state.checkpoint_seen = seen
    return Shortcut(app, method="POST", path=PATH, endpoint=checks.verify)
