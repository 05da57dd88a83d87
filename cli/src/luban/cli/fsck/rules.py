"""Rules that one service's tables must keep by themselves: each a query whose rows are what breaks it."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from luban.cli.fsck.check import Check, check


@dataclass(frozen=True)
class Rule:
    """An invariant of one database."""

    service: str
    name: str
    looked_at: str
    """Query of one number: how many things are looked at."""
    broken: str
    """Query whose rows break the rule."""


RULES = (
    Rule(
        "registration",
        "a plan's places taken are its live entries, and no more than it has",
        "select count(*) from plan_intake",
        "select i.plan_id from plan_intake i left join entry e on e.plan_id = i.plan_id"
        " and e.state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED')"
        " group by i.plan_id, i.taken, i.capacity, i.accepted"
        " having count(e.entry_id) <> i.taken or i.taken > i.capacity"
        " or count(e.entry_id) filter (where e.state = 'ACCEPTED') <> i.accepted",
    ),
    Rule(
        "registration",
        "nobody is entered twice for one thing at one time",
        "select count(*) from entry where state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED')",
        "select a.entry_id from entry a join plan p on p.plan_id = a.plan_id"
        " join entry b on b.candidate_id = a.candidate_id and b.entry_id > a.entry_id"
        " join plan q on q.plan_id = b.plan_id where a.state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED')"
        " and b.state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED') and p.scheme_key = q.scheme_key"
        " and p.exam_from <= q.exam_to and q.exam_from <= p.exam_to",
    ),
    Rule(
        "registration",
        "every entry was accepted in an event, and every such event in an entry",
        "select count(*) from entry where state = 'ACCEPTED'",
        "select coalesce(e.entry_id, j.aggregate_id) from (select entry_id from entry where state = 'ACCEPTED') e"
        " full join (select aggregate_id from eventkit.journal where aggregate_type = 'entry' group by aggregate_id"
        " having bool_and(event_type <> 'EntryWithdrawn')) j on j.aggregate_id = e.entry_id"
        " where (e.entry_id is null and not exists (select from entry c where c.entry_id = j.aggregate_id"
        " and c.state = 'CANCELLED')) or j.aggregate_id is null",
    ),
    Rule(
        "exam",
        "a pass has every subject at its mark, a fail has not",
        "select count(*) from result",
        "select r.result_id from result r join plan p on p.plan_id = r.plan_id,"
        " lateral (select bool_and(coalesce((r.scores -> (s ->> 'code') ->> 'outcome') in ('SCORED', 'CARRIED_OVER')"
        " and (r.scores -> (s ->> 'code') ->> 'score_tenths')::int >= (s ->> 'pass_tenths')::int, false)) as all_passed"
        " from jsonb_array_elements(p.subjects) s) j where j.all_passed <> r.passed",
    ),
    Rule(
        "exam",
        "a result's confirmations are 1, 2, 3 …",
        "select count(*) from confirmation",
        "select r.result_id from result r left join confirmation c on c.result_id = r.result_id"
        " group by r.result_id, r.confirmation_no having count(c.*) <> r.confirmation_no"
        " or coalesce(max(c.confirmation_no), 0) <> r.confirmation_no",
    ),
    Rule(
        "exam",
        "every confirmation was said in an event",
        "select count(*) from confirmation",
        "select coalesce(c.result_id, j.aggregate_id) from (select result_id, count(*) as said from confirmation"
        " group by result_id) c full join (select aggregate_id, count(*) as said from eventkit.journal"
        " where event_type = 'ResultConfirmed' group by aggregate_id) j on j.aggregate_id = c.result_id"
        " where c.said is distinct from j.said",
    ),
    Rule(
        "exam",
        "no result was confirmed under an open objection",
        "select count(*) from objection",
        "select o.objection_id from objection o join result r on r.result_id = o.result_id"
        " where o.state = 'OPEN' and r.state <> 'HELD'",
    ),
    Rule(
        "certificate",
        "numbers are unique, and dense per body, year and level",
        "select count(*) from certificate",
        # what was imported under a counted prefix stands before the first that was issued here
        "select coalesce(c.number_prefix, n.prefix) from (select number_prefix,"
        " count(distinct certificate_no) filter (where origin = 'ISSUED') as issued, max(sequence) as highest,"
        " coalesce(max(sequence) filter (where origin = 'IMPORTED'), 0) as imported from (select *,"
        " right(certificate_no, length(certificate_no) - length(number_prefix))::bigint as sequence from certificate"
        " where number_prefix <> certificate_no) numbered group by number_prefix) c"
        " full join counter n on n.prefix = c.number_prefix"
        " where c.issued is distinct from c.highest - c.imported or c.highest is distinct from n.last",
    ),
    Rule(
        "certificate",
        "a result has at most one certificate that is not withdrawn",
        "select count(distinct result_id) from certificate",
        "select result_id from certificate where state <> 'WITHDRAWN' group by result_id having count(*) > 1",
    ),
    Rule(
        "certificate",
        "a certificate's register entries are 1, 2, 3 … and end in its state",
        "select count(*) from register_entry",
        "select c.certificate_id from certificate c left join register_entry e on e.certificate_id = c.certificate_id"
        " group by c.certificate_id, c.register_version, c.state having count(e.*) <> c.register_version"
        " or coalesce(max(e.version), 0) <> c.register_version"
        " or case (array_agg(e.change order by e.version desc)"
        " filter (where e.change in ('WITHDRAWN', 'REINSTATED', 'SUSPENDED', 'RESUMED')))[1]"
        " when 'WITHDRAWN' then 'WITHDRAWN' when 'SUSPENDED' then 'SUSPENDED' else 'VALID' end <> c.state",
    ),
    Rule(
        "certificate",
        "every register entry is in the public log once, or waits for it",
        "select count(*) from register_entry",
        "select coalesce(e.certificate_id, l.certificate_id, q.certificate_id) from register_entry e"
        " full join log_entry l using (certificate_id, version) full join log_queue q using (certificate_id, version)"
        " where e.certificate_id is null or (l.certificate_id is null) = (q.certificate_id is null)",
    ),
    Rule(
        "certificate",
        "every certificate was said in an event, and what its state is",
        "select count(*) from certificate where origin = 'ISSUED'",
        "select coalesce(c.certificate_id, j.aggregate_id) from (select * from certificate where origin = 'ISSUED') c"
        " full join (select aggregate_id, case (array_agg(event_type order by aggregate_version desc) filter"
        " (where event_type in ('CertificateWithdrawn', 'CertificateReinstated', 'CertificateSuspended',"
        " 'CertificateResumed')))[1] when 'CertificateWithdrawn' then 'WITHDRAWN' when 'CertificateSuspended'"
        " then 'SUSPENDED' else 'VALID' end as state from eventkit.journal group by aggregate_id) j"
        " on j.aggregate_id = c.certificate_id where c.state is distinct from j.state",
    ),
)


def check_rules(databases: Mapping[str, str]) -> list[Check]:
    """Every rule of every service, each database in one snapshot."""
    found = []
    for service, url in databases.items():
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            found += [_look(connection, rule) for rule in RULES if rule.service == service]
    return found


def _look(connection: psycopg.Connection, rule: Rule) -> Check:
    (count,) = connection.execute(rule.looked_at.encode()).fetchone() or (0,)
    broken = (row[0] for row in connection.execute(rule.broken.encode()))
    return check(f"{rule.service}: {rule.name}", count, broken)
