"""All checks over one stack."""

from collections.abc import Callable
from pathlib import Path

from luban.cli.fsck.check import Check
from luban.cli.fsck.consumers import check_certificates, check_effects, check_side, read_side
from luban.cli.fsck.journals import check_journal, read_journal
from luban.cli.fsck.public_log import check_log
from luban.cli.fsck.rules import check_rules
from luban.cli.fsck.topics import check_changed, check_lost, consumed_by, read_topics, topic_of_owner
from luban.cli.stack import Stack, log_mark

ENTRY_STATES = {"EntryWithdrawn": "WITHDRAWN"}
CERTIFICATE_STATES = {
    "CertificateWithdrawn": "WITHDRAWN",
    "CertificateReinstated": "",
    "CertificateSuspended": "SUSPENDED",
    "CertificateResumed": "",
}
"""What a consumer's row is after the last event of these."""


def run_fsck(stack: Stack, report: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Every invariant with its count.

    On a running stack too: consumers are read first, then journals, then topics, then the journals read on, so what
    is under way meanwhile breaks nothing.
    """
    report("rules of each service")
    checks = check_rules(stack.databases)
    report("public log")
    checks += check_log(stack.databases["certificate"], log_mark(Path(stack.data_dir)))
    report("consumers")
    sides = {service: read_side(service, url) for service, url in stack.databases.items()}
    report("journals")
    journals = {topic_of_owner(service): read_journal(service, url) for service, url in stack.databases.items()}
    report("topics")
    logs = read_topics(stack.broker)
    checks += [check_lost(journal, topic, logs[topic]) for topic, journal in journals.items()]
    for journal in journals.values():
        journal.read_on()
        checks += check_journal(journal)
    checks += [check_changed(journal, topic, logs[topic]) for topic, journal in journals.items()]
    report("applied events")
    for service, side in sides.items():
        checks += check_side(side, {topic: journals[topic] for topic in consumed_by(service)}, logs)
    by_service = {journal.service: journal for journal in journals.values()}
    checks += check_effects(sides["exam"], by_service["registration"], "EntryAccepted", ENTRY_STATES)
    checks += check_effects(sides["registration"], by_service["certificate"], "CertificateIssued", CERTIFICATE_STATES)
    checks += check_certificates(sides["certificate"], by_service["exam"])
    return checks
