"""All checks over one stack."""

from collections.abc import Callable

from luban.cli.fsck.check import Check
from luban.cli.fsck.journals import read_journal
from luban.cli.fsck.register import check_register
from luban.cli.fsck.rules import check_rules
from luban.cli.fsck.topics import check_applied, check_published, consumes, read_topics, topic_of_owner
from luban.cli.stack import Stack


def run_fsck(stack: Stack, report: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Every invariant with its count. Consumers are read before producers, so what is under way breaks nothing."""
    checks: list[Check] = []
    report("rules of each service")
    checks += check_rules(stack.databases)
    report("topics")
    logs = read_topics(stack.broker)
    report("journals")
    journals = {}
    for service, url in stack.databases.items():
        journals[topic_of_owner(service)], found = read_journal(service, url)
        checks += found
    for topic, journal in journals.items():
        checks += check_published(journal, topic, logs[topic])
    report("consumers")
    for service, url in stack.databases.items():
        handled = {topic: journals[topic] for topic in consumes(service)}
        checks += check_applied(service, url, handled, logs)
    report("register")
    checks += check_register(stack.databases, journals)
    return checks
