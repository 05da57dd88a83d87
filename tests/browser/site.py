"""The certificate service as a phone meets it: its own process over a real register, and certificates it printed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from luban.certificate.adapters.proving import load
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.settings import ProofSettings
from luban.cli.ports import LOOPBACK, free_port
from luban.cli.verify.codes import verify_code
from luban.cli.verify.finding import Finding
from luban.cli.verify.trust import Trust
from luban.eventkit.uow import Cause
from luban.events.v1.common_pb2 import PlanFacts
from luban.proofs.key_files import KeyDirectory
from luban.webkit.authentication import Role
from tests.browser.wiretap import Wiretap
from tests.embedded import DatabaseFactory
from tests.integration.certificate.door import Issuer, new_issuer
from tests.integration.certificate.rig import NAME, Register, confirmed, level_plan, open_register
from tests.integration.certificate.test_papers import code_in
from tests.integration.certificate.test_public_log import grow
from tests.integration.certificate.test_starting import environment_of
from tests.proof_keys import key_directory, own_proof_keys, prove

SECONDS = 60.0
"""How long a start may take."""


@dataclass
class Site:
    """The register, its keys, and the process that serves it."""

    register: Register
    folder: Path
    proofs: Path
    issuer: Issuer
    port: int
    wire: Wiretap
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def address(self) -> str:
        """Of the page, in capitals as in a code; a browser takes the loopback address as safe without TLS."""
        return f"HTTP://{LOOPBACK}:{self.wire.port}/V"

    @property
    def keys(self) -> KeyDirectory:
        """Those that sign codes."""
        return key_directory(self.proofs, "credentials")

    @property
    def log(self) -> str:
        """All that the process wrote."""
        return (self.folder / "service.log").read_text(encoding="utf-8")

    def start(self) -> None:
        """With the keys as they are now."""
        told = {"LUBAN_HTTP_PORT": str(self.port), "LUBAN_OIDC_JWKS": self.register.settings.oidc_jwks}
        told |= {"LUBAN_PROOF_KEYS": str(self.proofs), "LUBAN_KEY_PASSPHRASE_FILE": str(self.proofs / "passphrase")}
        with (self.folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "luban.certificate", "api"],
                env=environment_of(self.register.settings, **told),
                stdout=log,
                stderr=log,
            )
        self._await_answer()

    def stop(self) -> None:
        """As if the network to it were gone too."""
        if self.process:
            self.process.terminate()
            self.process.wait(SECONDS)
            self.process = None

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and answers nothing: a network that is there and carries nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """So that it takes keys that were changed."""
        self.stop()
        self.start()

    def printed(self, plan: PlanFacts | None = None, name: str = NAME) -> str:
        """What a camera reads from a new certificate's printed page."""
        payload = confirmed(plan or level_plan())
        assert not self.register.apply(self.register.arrive(payload, name=name)).refused
        self.keep_log()
        return self.print_again(payload.candidate_id)

    def print_again(self, candidate_id: str) -> str:
        """The code of this candidate's certificate, printed for the province."""
        ((certificate_id,),) = self.register.rows(
            "select certificate_id from certificate where candidate_id = %s", (candidate_id,)
        )
        address = f"http://{LOOPBACK}:{self.port}/v1/certificates/{certificate_id}/paper"
        answer = httpx.get(address, headers=self.issuer.token(Role.PROVINCE_STAFF))
        assert answer.status_code == 200, answer.text
        return code_in(answer.content)

    def keep_log(self) -> None:
        """What the worker does."""
        with pytest.MonkeyPatch.context() as patch:
            prove(patch, self.proofs)
            grow(LogKeeper(self.register.units, load(ProofSettings())))

    def now(self) -> datetime:
        """By the register's clock."""
        at: datetime = self.register.units.run(Cause("test"), lambda uow: uow.now())
        return at

    def verified(self, code: str) -> Finding:
        """What `luban verify` says of a code by what is published now."""
        published = httpx.get(f"http://{LOOPBACK}:{self.port}/v1/trust").json()
        return verify_code(code, Trust.from_json(published))

    def _await_answer(self) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                httpx.get(f"http://{LOOPBACK}:{self.port}/healthz").raise_for_status()
            except httpx.HTTPError:
                assert self.process is not None
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.05)
            else:
                return


@contextmanager
def running_site(database: DatabaseFactory, folder: Path) -> Iterator[Site]:
    """On a database and with keys of its own."""
    register = open_register(database, folder)
    port = free_port()
    site = Site(register, folder, own_proof_keys(folder), new_issuer(folder), port, Wiretap(port))
    try:
        site.keep_log()
        site.start()
        yield site
    finally:
        site.stop()
        site.wire.close()
        register.units.engine.dispose()
