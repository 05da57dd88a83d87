"""A consumer's rows are in the state that the last applied event of their aggregate leads to."""

from uuid import UUID

import pytest

from luban.cli.fsck.consumers import Side, check_effects
from luban.cli.fsck.journals import Journal
from luban.cli.fsck.run import CERTIFICATE_STATES

CERTIFICATE = UUID(int=1)
SUSPENDED, RESUMED = "CertificateSuspended", "CertificateResumed"
WITHDRAWN, REINSTATED = "CertificateWithdrawn", "CertificateReinstated"


def violations(state: str, *events: str, applied: int | None = None) -> int:
    """Of one row in a state, of whose events so many were applied."""
    journal = Journal("certificate", "")
    for version, event_type in enumerate(["CertificateIssued", *events], 1):
        event = UUID(int=100 + version)
        journal.place[event], journal.types[event] = (CERTIFICATE, version), event_type
    passed = len(events) + 1 if applied is None else applied
    inbox = {CERTIFICATE: (passed, UUID(int=100 + passed))}
    side = Side("registration", {}, inbox, {}, [(CERTIFICATE, state)])
    return sum(each.violations for each in check_effects(side, journal, "CertificateIssued", CERTIFICATE_STATES))


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), ""),
        ((SUSPENDED,), "SUSPENDED"),
        ((SUSPENDED, RESUMED), ""),
        ((SUSPENDED, RESUMED, SUSPENDED), "SUSPENDED"),
        ((SUSPENDED, WITHDRAWN), "WITHDRAWN"),
        ((SUSPENDED, WITHDRAWN, REINSTATED), ""),
        ((WITHDRAWN, REINSTATED, SUSPENDED), "SUSPENDED"),
    ],
)
def test_the_last_event_says_the_state_and_any_other_is_told(events: tuple[str, ...], state: str) -> None:
    for found in ("", "SUSPENDED", "WITHDRAWN", "WITHDRAWN SUSPENDED"):
        assert violations(found, *events) == (found != state)


def test_what_was_not_applied_yet_does_not_show() -> None:
    assert violations("", SUSPENDED, applied=1) == 0
    assert violations("SUSPENDED", SUSPENDED, RESUMED, applied=2) == 0
