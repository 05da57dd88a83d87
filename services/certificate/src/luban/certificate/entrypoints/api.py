"""The certificate service's HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from luban.certificate.adapters.signing import Signer
from luban.certificate.entrypoints import api_keys, certificates
from luban.certificate.entrypoints.shortcut import Shortcut
from luban.certificate.entrypoints.verifications import CLERKS, PATH, Checks
from luban.certificate.handlers.verify import Verifying
from luban.certificate.settings import CheckSettings
from luban.eventkit.async_uow import AsyncUnitsOfWork
from luban.eventkit.settings import Settings
from luban.eventkit.uow import open_units
from luban.webkit.application import create_app


def create(settings: Settings) -> FastAPI:
    """The application. Raises OSError or ValueError without a usable signing key."""
    check_settings = CheckSettings()
    units = open_units(settings)
    signer = Signer.load(check_settings.signing_key)
    check_units = AsyncUnitsOfWork(settings.database, CLERKS)
    verifying = Verifying(units.keyring, signer, check_settings.public_daily_quota)
    checks = Checks(check_units, verifying, units.keyring, signer)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with check_units.open():
            yield

    routers = [certificates.router, api_keys.router, checks.router()]
    app = create_app("鲁班：证书", "certificate", settings, routers, units, lifespan=lifespan)
    app.add_middleware(Shortcut, method="POST", path=PATH, endpoint=checks.verify)
    return app
