"""Replicas of plans and entries, subject outcomes, submissions, results, publicity, objections, corrections."""

from alembic import op

from luban.eventkit import schema as kernel
from luban.webkit import schema as http

revision = "0001"
down_revision = None

TABLES = """
-- What registration says of a plan, the newest version only; made by whichever event names the plan first.
create table plan (
    plan_id uuid primary key,
    plan_version integer not null,
    plan_no text not null,
    track text not null check (track in ('ENTERPRISE', 'SOCIAL', 'SPECIAL_ABILITY')),
    body_id uuid not null,
    body_code text not null,
    body_name text not null,
    facts bytea not null,          -- PlanFacts as it came
    subjects jsonb not null,       -- [{code, name, pass_tenths}] in the order they are sat
    exam_from date not null,
    exam_to date not null,
    site_code text not null,
    division text not null,
    state text not null default 'OPEN' check (state in ('OPEN', 'CLOSED', 'CANCELLED')),
    entries_at_closing integer,    -- accepted entries that registration counted; null until it closed
    last_seq integer not null default 0
);
create index plan_of_body on plan (body_id);

create table entry (
    entry_id uuid primary key,
    candidate_id uuid not null,
    plan_id uuid not null references plan,
    state text not null default 'ACCEPTED' check (state in ('ACCEPTED', 'WITHDRAWN')),
    name_key bytea not null,       -- keyed hash of the name's comparison key
    id_hash bytea not null,        -- keyed hash of the normalised document number
    match_key bytea not null,      -- keyed hash of the name's comparison key and the number's last 4 characters
    sealed bytea not null,         -- PersonalData, bound to the entry
    seq integer not null,          -- place in the plan's list, from 1
    traceparent text,              -- the trace that the entry began in; its result goes on in it
    unique (plan_id, seq)
);
create index entry_of_candidate on entry (candidate_id);

create table subject_outcome (
    entry_id uuid not null references entry,
    subject_code text not null,
    outcome text not null check (outcome in ('SCORED', 'ABSENT', 'VOID', 'CARRIED_OVER')),
    score_tenths integer not null check (score_tenths between 0 and 1000),
    source text not null,
    set_at timestamptz not null,
    set_by text not null,
    primary key (entry_id, subject_code),
    check (outcome in ('SCORED', 'CARRIED_OVER') or score_tenths = 0)
);

-- A file of results as it was sent, sealed, found by its SHA-256.
create table result_file (
    sha256 bytea primary key check (octet_length(sha256) = 32),
    media_type text not null,
    size integer not null,
    key_id text not null,
    nonce bytea not null,
    sealed bytea not null,
    kept_at timestamptz not null
);
alter table result_file alter sealed set storage external;

create table submission (
    submission_id uuid primary key,
    plan_id uuid not null references plan,
    state text not null check (state in ('AWAITING_CONFIRMATION', 'CONFIRMED', 'DISCARDED')),
    source text not null check (source in ('FILE', 'JSON', 'DRAW_UP')),
    file_sha256 bytea references result_file,
    total integer not null check (total > 0),
    passed integer not null,
    absent integer not null,
    submitted_by text not null,
    submitted_at timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    discarded_by text,
    discarded_at timestamptz,
    check ((source = 'FILE') = (file_sha256 is not null)),
    check (confirmed_by <> submitted_by)
);
create unique index submission_live on submission (plan_id) where state <> 'DISCARDED';

create table publicity (
    plan_id uuid primary key references plan,
    submission_id uuid not null references submission,
    starts_on date not null,
    ends_at timestamptz not null,
    state text not null default 'RUNNING' check (state in ('RUNNING', 'OVER')),
    ended_at timestamptz
);

create table result (
    result_id uuid primary key,
    plan_id uuid not null references plan,
    submission_id uuid not null references submission,
    entry_id uuid not null unique references entry,
    candidate_id uuid not null,
    publicity_no integer not null,
    passed boolean not null,
    scores jsonb not null,         -- {subject code: {outcome, score_tenths}}
    state text not null check (state in ('AWAITING_CONFIRMATION', 'PUBLICISED', 'HELD', 'CONFIRMED')),
    confirmation_no integer not null default 0,
    publicity_ends_at timestamptz,
    confirmed_at timestamptz,
    unique (plan_id, publicity_no),
    check ((state = 'AWAITING_CONFIRMATION') = (publicity_ends_at is null)),
    check ((state = 'CONFIRMED') = (confirmed_at is not null))
) with (fillfactor = 50);          -- every row is updated twice soon after it was made; so in its own page

-- Each time a result became a pass for good: what certificates rest on.
create table confirmation (
    result_id uuid not null references result,
    confirmation_no integer not null check (confirmation_no > 0),
    confirmed_at timestamptz not null,
    confirmed_on date not null,
    primary key (result_id, confirmation_no)
);

create table objection (
    objection_id uuid primary key,
    result_id uuid not null references result,
    plan_id uuid not null references plan,
    objector_hash bytea not null,  -- keyed hash of the telephone number
    sealed bytea not null,         -- PersonalData of the objector, bound to the objection
    statement text not null,
    filed_at timestamptz not null,
    state text not null default 'OPEN' check (state in ('OPEN', 'UPHELD', 'NOT_UPHELD')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    state_after text,              -- of the result, when it was decided
    check ((state = 'OPEN') = (decided_at is null))
);
create index objection_of_plan on objection (plan_id, objection_id);
create unique index objection_open on objection (result_id, objector_hash) where state = 'OPEN';

create table correction (
    correction_id uuid primary key,
    result_id uuid not null references result,
    objection_id uuid references objection,
    corrected_by text not null,
    corrected_at timestamptz not null,
    reason_code text not null,
    reason text not null,
    old_scores jsonb not null,
    new_scores jsonb not null,
    old_passed boolean not null,
    new_passed boolean not null,
    was_confirmed_at timestamptz,  -- when the corrected result had been confirmed; null if it was not
    state_after text not null      -- of the result
);
create index correction_of_result on correction (result_id);
create trigger correction_only_grows before update or delete or truncate on correction
    for each statement execute function eventkit.refuse_change();
create trigger confirmation_only_grows before update or delete or truncate on confirmation
    for each statement execute function eventkit.refuse_change();
"""


def upgrade() -> None:
    """Makes the service's first tables."""
    connection = op.get_bind()
    for statements in (kernel.SQL, http.SQL, TABLES):
        connection.exec_driver_sql(statements.replace("%", "%%"))
